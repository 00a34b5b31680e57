"""Somebody who follows the documents on a machine of their own, line by line."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.checkout import TOP, copy_repository
from tests.scenario.stand_ins import put_stand_ins

BIN = Path(sys.executable).parent
WITHIN_S = 60.0
# They lie below the home, so nobody has to be root.
FOLDERS = ("/etc/", "/opt/", "/var/lib/")


class Newcomer:
    """A home with a checkout that was prepared, and a shell in which things were exported.

    Args:
        environ: where Slack and Twilio are.
        answers: what the wizard is told.
        meanings: what stands in the documents, and what this person writes instead.
    """

    def __init__(
        self,
        home: Path,
        *,
        environ: Mapping[str, str],
        answers: Sequence[str] = (),
        meanings: Mapping[str, str],
    ) -> None:
        self._typed = "".join(f"{answer}\n" for answer in answers)
        self._meanings = {**{folder: f"{home}{folder}" for folder in FOLDERS}, **meanings}
        self._exported = ""
        self.folder = _prepared_checkout(home / "hookflash")
        for folder in ("bin", "etc/systemd/system", "opt/hookflash"):
            (home / folder).mkdir(parents=True)
        put_stand_ins(home / "bin")
        (home / "opt" / "hookflash" / "bin").symlink_to(BIN)
        self._environ = {
            "PATH": f"{home / 'bin'}:{BIN}:{os.environ['PATH']}",
            "HOME": str(home),
            **environ,
        }

    def means(self, written: str) -> str:
        """What this person writes instead."""
        places = "|".join(map(re.escape, self._meanings))
        return re.sub(places, lambda place: self._meanings[place[0]], written)

    async def follow(self, written: str) -> None:
        """Do what the line says: answer what it asks, and stop what would go on for ever."""
        line = self.means(written)
        if line.startswith("export "):
            self._exported += f"{line}\n"
        elif re.search(r"\bhookflash serve$", line):
            await self._run_for_a_while(line, sign=" ready ")
        elif re.search(r"\bhookflash audit follow\b", line):
            await self._run_for_a_while(line, sign='"command":"follow"')
        elif re.search(r"\b(hookflash |scripts/)sandbox\b", line):
            await self._run_for_a_while(f"{line} --port 0 --no-browser", sign="Hookflash sandbox: ")
        else:
            await self._run(line)

    async def _run(self, line: str) -> None:
        async with self._started(line) as process:
            printed, _ = await process.communicate(self._typed.encode())
        assert process.returncode == 0, f"{line}\n{printed.decode()}"

    async def _run_for_a_while(self, line: str, *, sign: str) -> None:
        """Run it until it says that it is there, and stop it as whoever runs it does."""
        printed = ""
        async with self._started(line) as process:
            assert process.stdout is not None
            while sign not in printed:
                read = await process.stdout.readline()
                assert read, f"{line}\n{printed}"
                printed += read.decode()
            os.killpg(process.pid, signal.SIGTERM)
            rest, _ = await process.communicate()
        assert process.returncode == 0, f"{line}\n{printed}{rest.decode()}"

    @asynccontextmanager
    async def _started(self, line: str) -> AsyncIterator[Process]:
        """The line's process, of which nothing is left where it takes too long."""
        # The signal reaches the whole group; the shell waits for its command to end by itself.
        script = f"trap : TERM\n{self._exported}{line}\n"
        process = await asyncio.create_subprocess_exec(
            *("bash", "-c", script),
            cwd=self.folder,
            env=self._environ,
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            # Without a terminal the wizard reads secrets from its standard input.
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(WITHIN_S):
                yield process
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.communicate()


def _prepared_checkout(folder: Path) -> Path:
    """A copy of the repository for which scripts/prepare has nothing left to do."""
    copy_repository(folder)
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(BIN)
    prepared = [TOP / "pyproject.toml", TOP / "requirements-dev.txt"]
    (folder / ".venv" / "prepared-requirements-dev.txt").write_bytes(
        b"".join(path.read_bytes() for path in prepared)
    )
    return folder
