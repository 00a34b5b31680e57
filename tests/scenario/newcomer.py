"""Somebody who follows the documents on a machine of their own, line by line."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.checkout import TOP, copy_repository
from tests.scenario.company import ACCOUNT_SID, ADA, ANA, APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from tests.scenario.stand_ins import put_command, put_stand_ins

BIN = Path(sys.executable).parent
WITHIN_S = 60.0
# They lie below the home, so nobody has to be root.
FOLDERS = ("/etc/", "/opt/", "/var/lib/")

API_KEY, API_SECRET = "SK" + "d4" * 16, "e5" * 16
PLACEHOLDERS = {
    "xoxb-…": BOT_TOKEN,
    "xapp-…": APP_TOKEN,
    "AC…": ACCOUNT_SID,
    "SK…": API_KEY,
    "TWILIO_API_SECRET=…": f"TWILIO_API_SECRET={API_SECRET}",
    "U0123456789": ADA,
    "U0123ABCD": ADA,
    "U9876543210": ANA,
}


def answers_for(document: Path) -> list[str]:
    """What the wizard is told: an address, but where the page is about having none."""
    way_in = ["", BOT_TOKEN, APP_TOKEN]
    if document.name != "socket-mode.md":
        way_in = ["http://127.0.0.1:9", BOT_TOKEN, SIGNING_SECRET]
    return [*way_in, ACCOUNT_SID, API_KEY, API_SECRET, ADA, ANA]


class Newcomer:
    """A home with a checkout that was prepared, and a shell in which things were exported.

    Args:
        environ: where Slack and Twilio are.
        answers: what the wizard is told.
        meanings: what stands in the documents, and what this person writes instead.
        has_installed: whether Hookflash is where the documents have it put.
        within_s: how long a line may take, in seconds.
    """

    def __init__(
        self,
        home: Path,
        *,
        environ: Mapping[str, str],
        answers: Sequence[str] = (),
        meanings: Mapping[str, str],
        has_installed: bool = True,
        within_s: float = WITHIN_S,
    ) -> None:
        self._typed = "".join(f"{answer}\n" for answer in answers)
        self._meanings = {**{folder: f"{home}{folder}" for folder in FOLDERS}, **meanings}
        self._within_s = within_s
        self._exported = ""
        self.folder = _prepared_checkout(home / "hookflash")
        for folder in ("bin", "etc/systemd/system", "opt/hookflash"):
            (home / folder).mkdir(parents=True)
        put_stand_ins(home / "bin")
        path = [str(home / "bin"), os.environ["PATH"]]
        if has_installed:
            path.insert(1, str(BIN))
            (home / "opt" / "hookflash" / "bin").symlink_to(BIN)
        else:
            put_command(home / "bin" / "python3", f'exec {sys.executable} "$@"')
        self._environ = {"PATH": ":".join(path), "HOME": str(home), **environ}

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
            async with asyncio.timeout(self._within_s):
                yield process
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):  # it may just have ended
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
