"""A file of checkpoints, one a line: appended to by the bot, read by whoever checks."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from bot.domain.checkpoints import (
    Checkpoint,
    MalformedCheckpointError,
    checkpoint_line,
    parse_checkpoint,
)
from bot.domain.errors import HookflashError, WitnessUnavailableError

# What programs that people write in make of quotation marks and spaces.
_AS_TYPED = str.maketrans({"\u201c": '"', "\u201d": '"', "\u00a0": " ", "\ufeff": " "})
LOCKED_FOR_S = 5.0
LOOK_AGAIN_AFTER_S = 0.02
_KNOWS_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
_AROUND_CODE = "` \t\r\n"


class UnreadableCheckpointsError(HookflashError):
    """A file that should hold checkpoints and does not; the message says why."""


class CheckpointFile:
    """A file that every checkpoint is appended to and made durable in; replicas may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """What to call it in the log."""
        return f"file {self._path}"

    async def show(self, checkpoints: Sequence[Checkpoint]) -> bool:
        """Append those that it does not hold yet.

        Raises:
            WitnessUnavailableError: the file cannot be written.
        """
        lines = [checkpoint_line(one).encode() for one in checkpoints]
        try:
            await asyncio.to_thread(self._append_missing, lines)
        except OSError as error:
            raise WitnessUnavailableError(error.strerror or type(error).__name__) from error
        return True

    async def held(self) -> Sequence[Checkpoint]:
        """Those that it holds; none where it cannot be read, or is not there yet."""
        try:
            return (await asyncio.to_thread(read_checkpoints, self._path)).checkpoints
        except UnreadableCheckpointsError:
            return ()

    def _append_missing(self, lines: Sequence[bytes]) -> None:
        with self._path.open("a+b") as file:
            _lock(file.fileno())
            file.seek(0)
            held = set(lines).intersection(line.rstrip(b"\r\n") for line in file)
            missing = [line for line in lines if line not in held]
            if missing and _ends_within_a_line(file.fileno()):
                missing.insert(0, b"")
            file.writelines(line + b"\n" for line in missing)
            file.flush()
            os.fsync(file.fileno())


@dataclass(frozen=True, slots=True)
class CheckpointsOfFile:
    """What a file holds: its checkpoints, and a sentence about each line that is none any more."""

    checkpoints: Sequence[Checkpoint]
    damaged: Sequence[str] = ()


def read_checkpoints(path: Path) -> CheckpointsOfFile:
    """The checkpoints of a file, also where it was pasted together from a channel.

    Lines that do not begin with a brace, such as who posted and when, are passed over.

    Raises:
        UnreadableCheckpointsError: it cannot be read, or holds none.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UnreadableCheckpointsError(f"{path} cannot be read: {reason}.") from error
    found: list[Checkpoint] = []
    damaged: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        plain = line.translate(_AS_TYPED).strip(_AROUND_CODE)
        if plain.startswith("{"):
            try:
                found.append(parse_checkpoint(plain))
            except MalformedCheckpointError as error:
                damaged.append(f"Line {number} of {path} {error}.")
    if not found:
        raise UnreadableCheckpointsError(" ".join([f"{path} holds no checkpoint.", *damaged]))
    return CheckpointsOfFile(found, damaged)


def _lock(descriptor: int) -> None:
    """Keep other replicas away until the file is closed, where it is on a disk that knows locks.

    Raises:
        OSError: another keeps it for too long.
    """
    give_up_at = monotonic() + LOCKED_FOR_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if monotonic() >= give_up_at:
                raise OSError(error.errno, "another process keeps it locked") from error
            sleep(LOOK_AGAIN_AFTER_S)
        except OSError as error:
            if error.errno not in _KNOWS_NO_LOCKS:
                raise
            return
        else:
            return


def _ends_within_a_line(descriptor: int) -> bool:
    """Whether the last line was cut short, as by a disk that was full."""
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
