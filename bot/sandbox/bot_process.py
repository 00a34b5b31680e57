"""The bot as a process of its own: started, watched, killed, and asked about its log."""

import asyncio
import codecs
import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import aiohttp

READY_WITHIN_S = 20.0
LOOKS_EVERY_S = 0.1
STOPS_WITHIN_S = 12.0
ANSWERS_WITHIN_S = 30.0
LINES_KEPT = 60
LONGEST_LINE = 4_000
_CHUNK_BYTES = 65_536
_OK = 200


class BotState(StrEnum):
    """What the bot is doing."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPED = "stopped"
    DIED = "died"


@dataclass(frozen=True, slots=True)
class Printed:
    """What a command of the bot printed, and its exit code."""

    command: str
    output: str
    exit_code: int

    @property
    def rows(self) -> list[list[str]]:
        """The lines that stand in columns, cell by cell."""
        return [line.split("\t") for line in self.output.splitlines() if "\t" in line]

    @property
    def talk(self) -> str:
        """All other lines."""
        return "\n".join(line for line in self.output.splitlines() if "\t" not in line)


class BotProcess:
    """`python -m bot serve`, in an environment of its own.

    `show` is called with each line that it prints, `changed` whenever its state is another one.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        url: str,
        show: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self.state = BotState.STOPPED
        self.exit_code: int | None = None
        self.left_to: str | None = None
        """The command by which the person starts a bot in this one's place."""
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._environment = dict(environment)
        self._url = url
        self._show = show
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._is_starting = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The id of the process; None when there is none."""
        return None if self._process is None else self._process.pid

    async def start(self) -> bool:
        """Starts the bot unless it is there; True once it is ready, False when it will not be."""
        async with self._is_starting:
            if self._process is None:
                self._process = await self._launch("serve")
                self._become(BotState.STARTING)
                self._watcher = asyncio.create_task(self._watch(self._process))
            return await self._until_ready()

    async def stop(self) -> None:
        """Ends the bot as a deploy does: SIGTERM, and SIGKILL only when that is not enough."""
        process, watcher = self._process, self._watcher
        if process is None or watcher is None:
            return
        self.state = BotState.STOPPED
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(asyncio.shield(watcher), STOPS_WITHIN_S)
        except TimeoutError:
            self._show(f"did not stop within {STOPS_WITHIN_S:.0f} s, so it is killed")
            await self.kill()

    async def kill(self) -> None:
        """Ends the bot as a crash does: SIGKILL, in the middle of whatever it does."""
        process, watcher = self._process, self._watcher
        if process is None or watcher is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(watcher)

    async def ask(self, *arguments: str) -> Printed:
        """What another command of the bot prints, in the same environment."""
        process = await self._launch(*arguments)
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                output, _ = await process.communicate()
        except TimeoutError:
            output = f"No answer within {ANSWERS_WITHIN_S:.0f} s.".encode()
        finally:
            if process.returncode is None:
                process.kill()
        exit_code = -signal.SIGKILL if process.returncode is None else process.returncode
        return Printed(
            " ".join(("hookflash", *arguments)), output.decode(errors="replace"), exit_code
        )

    async def _launch(self, *arguments: str) -> asyncio.subprocess.Process:
        # In a process group of its own, Ctrl-C reaches the sandbox alone, which then stops the bot.
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot.sandbox.leash", str(os.getpid())),
            *(sys.executable, "-m", "bot"),
            # No file with the person's real settings may find its way in here.
            "--env-file",
            os.devnull,
            *arguments,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            process_group=0,
        )

    async def _until_ready(self) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READY_WITHIN_S), aiohttp.ClientSession() as session:
                while self._process is not None:
                    if await self._is_ready(session):
                        self._become(BotState.RUNNING)
                        return True
                    await asyncio.sleep(LOOKS_EVERY_S)
        return False

    async def _is_ready(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self._url}/readyz") as response:
                return response.status == _OK
        except aiohttp.ClientError:
            return False

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        await self._read_lines(process)
        self.exit_code = await process.wait()
        self._process = self._watcher = None
        self._become(BotState.STOPPED if self.state is BotState.STOPPED else BotState.DIED)

    async def _read_lines(self, process: asyncio.subprocess.Process) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        rest = ""
        while process.stdout and (chunk := await process.stdout.read(_CHUNK_BYTES)):
            *lines, rest = (rest + decoder.decode(chunk)).split("\n")
            rest = rest[-LONGEST_LINE:]
            for line in lines:
                self._take(line)
        if rest:
            self._take(rest)

    def _take(self, line: str) -> None:
        self.lines.append(line[:LONGEST_LINE])
        self._show(line[:LONGEST_LINE])

    def _become(self, state: BotState) -> None:
        self.state = state
        self._changed()
