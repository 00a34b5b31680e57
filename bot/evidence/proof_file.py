"""A proof beside an export: all entries of a stretch of the chain, without what is personal.

First come the entries, one a line, each as what its hash covers and the hash; then the checkpoints.
So it can be seen that each exported entry stands in the chain that was signed, and which entries of
that stretch were not exported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.domain.audit import Event, Head
from bot.domain.audit_chain import Link
from bot.domain.checkpoints import Checkpoint, MalformedCheckpointError, parse_checkpoint
from bot.domain.redactions import Redactions
from bot.evidence.export_file import MOST_LINE_BYTES, NoExportError
from bot.evidence.records import UnreadableLineError, read_form

_SIGNED = b'"signature"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a file of proof holds besides its entries, which are read again for the check."""

    path: Path
    first: Link
    checkpoints: Sequence[Checkpoint]
    redactions: Redactions

    @property
    def start(self) -> Head:
        """The entry before the first, which is taken as given."""
        return Head(self.first.form["seq"] - 1, self.first.form["prev_hash"])

    def links(self) -> Iterator[Link]:
        """The entries, in order."""
        return (line for line in _lines(self.path) if isinstance(line, Link))


def read_proof(path: Path) -> Proof:
    """The proof in a file, of which only the checkpoints stay in memory.

    Raises:
        NoExportError: it cannot be read, a line of it is damaged, or it holds no entry.
    """
    first: Link | None = None
    checkpoints: list[Checkpoint] = []
    redacted: list[Mapping[str, Any]] = []
    for line in _lines(path):
        if isinstance(line, Checkpoint):
            checkpoints.append(line)
            continue
        first = first or line
        if line.form["event"] == Event.REDACTED:
            redacted.append(line.form)
    if first is None:
        raise NoExportError(f"{path} holds no entry.")
    return Proof(path=path, first=first, checkpoints=checkpoints, redactions=Redactions(redacted))


def _lines(path: Path) -> Iterator[Link | Checkpoint]:
    number = 0
    try:
        with path.open("rb") as file:
            while raw := file.readline(MOST_LINE_BYTES):
                number += 1
                yield parse_checkpoint(raw.decode()) if _SIGNED in raw else read_form(raw)
    except OSError as error:
        raise NoExportError(f"{path} cannot be read: {error.strerror}.") from error
    except (UnreadableLineError, MalformedCheckpointError, UnicodeDecodeError) as error:
        raise NoExportError(f"Line {number} of {path} is damaged: it {error}.") from error
