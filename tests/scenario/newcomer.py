"""Somebody who follows the documents on a machine of their own, line by line."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.checkout import TOP, copy_repository

BIN = Path(sys.executable).parent
WITHIN_S = 60.0
# The paths of the machine lie below the home, so nobody has to be root.
SUDO = '#!/bin/sh\nexec "$@"\n'
# It keeps the settings that it is given, and runs commands with them, as Heroku does in a dyno.
HEROKU = """#!/bin/sh
case "$1" in
config:set) shift; printf '%s\\n' "$@" >>"$HOME/config" ;;
run) shift; exec env $(cat "$HOME/config") sh -c "$*" ;;
*) exit 64 ;;
esac
"""


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
        self._meanings = {
            "/opt/hookflash/bin/": "",
            **{folder: f"{home}{folder}" for folder in ("/etc/", "/var/lib/")},
            **meanings,
        }
        self._environ = {
            "PATH": f"{home / 'bin'}:{BIN}:{os.environ['PATH']}",
            "HOME": str(home),
            **environ,
        }
        self._exported = ""
        self._folder = _prepared_checkout(home / "hookflash")
        for folder in ("bin", "etc/systemd/system", "var/lib/hookflash"):
            (home / folder).mkdir(parents=True)
        for name, script in (("sudo", SUDO), ("heroku", HEROKU)):
            (home / "bin" / name).write_text(script)
            (home / "bin" / name).chmod(0o755)

    def means(self, written: str) -> str:
        """What this person writes instead."""
        for placeholder, meant in self._meanings.items():
            written = written.replace(placeholder, meant)
        return written

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
        process = await self._start(line)
        async with asyncio.timeout(WITHIN_S):
            printed, _ = await process.communicate(self._typed.encode())
        assert process.returncode == 0, f"{line}\n{printed.decode()}"

    async def _run_for_a_while(self, line: str, *, sign: str) -> None:
        """Run it until it says that it is there, and stop it as whoever runs it does."""
        process = await self._start(line)
        assert process.stdout is not None
        printed = ""
        async with asyncio.timeout(WITHIN_S):
            while sign not in printed:
                read = await process.stdout.readline()
                assert read, f"{line}\n{printed}"
                printed += read.decode()
            os.killpg(process.pid, signal.SIGTERM)
            rest, _ = await process.communicate()
        assert process.returncode == 0, f"{line}\n{printed}{rest.decode()}"

    async def _start(self, line: str) -> Process:
        # The signal reaches the whole group; the shell waits for its command to end by itself.
        script = f"trap : TERM\n{self._exported}{line}\n"
        return await asyncio.create_subprocess_exec(
            *("bash", "-c", script),
            cwd=self._folder,
            env=self._environ,
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            # Without a terminal the wizard reads secrets from its standard input.
            start_new_session=True,
        )


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
