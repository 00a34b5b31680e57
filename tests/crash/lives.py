"""The lives of a bot: each begun by forking, some of them paused, most of them ended by a kill."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from tests.crash.points import SEEN_FROM_OUTSIDE, Plan, Point, Trigger

READY_WITHIN_S = 20.0
STOPPED = "T"
LOOKS_EVERY_S = 0.005


class Life:
    """One process that serves, from its start to its end."""

    def __init__(self, pid: int, exit_code: asyncio.Task[int]) -> None:
        self._pid = pid
        self._exit_code = exit_code

    @property
    def is_over(self) -> bool:
        """Whether the process has ended."""
        return self._exit_code.done()

    @property
    def is_paused(self) -> bool:
        """Whether it stands still until it is told to go on."""
        try:
            status = Path(f"/proc/{self._pid}/stat").read_text()
        except OSError:
            return False
        return status.rpartition(")")[2].split()[0] == STOPPED

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it is there."""
        with suppress(ProcessLookupError):  # who forked it off may know of its end before us
            os.kill(self._pid, number)

    def kill(self) -> None:
        """End it on the spot."""
        self.send(signal.SIGKILL)

    async def ended(self, *, within_s: float | None = None) -> int:
        """Its exit code, once it has ended; a signal's number below zero where one killed it.

        Raises:
            TimeoutError: it has not ended in time.
        """
        return await asyncio.wait_for(asyncio.shield(self._exit_code), within_s)

    async def struck(self, *, within_s: float) -> bool:
        """Whether it was killed or paused in this time; returns once it is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not self.is_over and not self.is_paused:
                    await asyncio.wait({self._exit_code}, timeout=LOOKS_EVERY_S)
        return self.is_over or self.is_paused


class Lives:
    """Begins one life at a time, and strikes it where the stand-ins see its moment come."""

    def __init__(self, zygote: asyncio.subprocess.Process, talk: IO[bytes]) -> None:
        self._zygote = zygote
        self._talk = talk
        self._awaited: Point | None = None
        self._trigger: Trigger | None = None

    async def begin(self, plan: Plan, *, environ: Mapping[str, str], url: str) -> Life:
        """A life that is ready to be asked; it may end before.

        Raises:
            RuntimeError: the process ended by itself, with what it said.
        """
        told = {
            "environ": dict(environ),
            "point": plan.point,
            "nth": plan.nth,
            "signal": plan.signal,
        }
        assert self._zygote.stdin is not None
        self._zygote.stdin.write(f"{json.dumps(told)}\n".encode())
        pid = await self._next_number()
        life = Life(pid, asyncio.create_task(self._next_number()))
        self._awaited = plan.point if plan.point in SEEN_FROM_OUTSIDE else None
        self._trigger = Trigger(plan.nth, lambda: life.send(plan.signal))
        await self._until_ready(life, url)
        return life

    def at(self, point: Point) -> None:
        """The moment has come once more; now the bot is struck, if that was planned."""
        if point is self._awaited and self._trigger is not None:
            self._trigger.pull()

    def forget(self) -> None:
        """Strike nobody at any point: what is going on is over."""
        self._awaited = None

    async def _until_ready(self, life: Life, url: str) -> None:
        at = urlsplit(url)
        async with asyncio.timeout(READY_WITHIN_S):
            while not life.is_over and not life.is_paused:
                try:
                    _, writer = await asyncio.open_connection(at.hostname, at.port)
                except OSError:
                    await asyncio.sleep(LOOKS_EVERY_S)
                else:
                    writer.close()
                    return
        if life.is_over and await life.ended() != -signal.SIGKILL:
            raise RuntimeError(f"the bot ended by itself:\n{self.said()}")

    def said(self) -> str:
        """The last of what the bots wrote to stderr."""
        self._talk.seek(0)
        return self._talk.read().decode(errors="replace")[-4000:]

    async def _next_number(self) -> int:
        assert self._zygote.stdout is not None
        line = await self._zygote.stdout.readline()
        if not line:
            raise RuntimeError(f"the process that forks has ended:\n{self.said()}")
        return int(line)


@asynccontextmanager
async def lives(certificate: Path) -> AsyncIterator[Lives]:
    """A process that forks lives off, until the block ends; they trust the certificate."""
    with tempfile.TemporaryFile() as talk:
        zygote = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.crash.zygote",
            env={"PATH": os.environ["PATH"], "SSL_CERT_FILE": str(certificate)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=talk,
        )
        try:
            yield Lives(zygote, talk)
        finally:
            assert zygote.stdin is not None
            zygote.stdin.close()  # it ends the life that is there, and itself
            await zygote.wait()
