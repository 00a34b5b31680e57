"""A file of checkpoints, one a line: appended to by the bot, read by whoever checks."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.domain.checkpoints import (
    Checkpoint,
    MalformedCheckpointError,
    checkpoint_line,
    parse_checkpoint,
)
from bot.domain.errors import HookflashError, WitnessUnavailableError

# What programs that people write in make of quotation marks and spaces.
_AS_TYPED = str.maketrans({"\u201c": '"', "\u201d": '"', "\u00a0": " ", "\ufeff": " "})
_AROUND_CODE = "` \t\r\n"


class UnreadableCheckpointsError(HookflashError):
    """A file that should hold checkpoints and does not; the message says why."""


class CheckpointFile:
    """A file that every checkpoint is appended to and made durable in."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """What to call it in the log."""
        return f"file {self._path}"

    async def show(self, checkpoint: Checkpoint) -> None:
        """Append the checkpoint.

        Raises:
            WitnessUnavailableError: the file cannot be written.
        """
        try:
            await asyncio.to_thread(self._append, checkpoint_line(checkpoint))
        except OSError as error:
            raise WitnessUnavailableError(error.strerror or type(error).__name__) from error

    def _append(self, line: str) -> None:
        with self._path.open("a+b") as file:
            if _ends_within_a_line(file.fileno()):
                file.write(b"\n")
            file.write(line.encode() + b"\n")
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


def _ends_within_a_line(descriptor: int) -> bool:
    """Whether the last line was cut short, as by a disk that was full."""
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
