"""Checking an export piece by piece: each piece needs nothing but the line before it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from bot.domain.audit import EMPTY_HEAD, MAIN_CHAIN, Event, Head
from bot.domain.audit_chain import NO_REDACTIONS, ChainFault, ChainVerifier, Verdict
from bot.domain.errors import HookflashError
from bot.domain.redactions import Redactions
from bot.evidence.records import Line, UnreadableLineError, read_line

PIECE_BYTES = 8 * 2**20
# Longer lines than this are none of ours: a reason and TwiML have a few thousand characters.
MOST_LINE_BYTES = 2**18
# The entries of a request mostly stand close together.
NEAR_BYTES = 2**20
# How far it is looked for an entry that is not in its place.
MOST_LINES_AHEAD = 10_000
BLOCK_BYTES = 2**22
READ_BYTES = 2**18
NOWHERE = Head(-1, "")
_REDACTED = f'"{Event.REDACTED}"'.encode()


class NoExportError(HookflashError):
    """A file that cannot be read as an export."""


class Piece(NamedTuple):
    """Whole lines of a file, from one offset to another, and the entry of the line before them."""

    start: int
    end: int
    after: Head


class Claim(NamedTuple):
    """A line repeats a personal value, which some entry of its request must have."""

    seq: int
    request_id: str
    field: str
    value: str


@dataclass(frozen=True, slots=True)
class PieceVerdict:
    """What came of a piece; *open_claims* are not borne out by any line in it."""

    verdict: Verdict
    open_claims: Sequence[Claim] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportCheck:
    """What each piece of an export is checked against; it can be sent to another process."""

    path: Path
    chain_id: str
    redactions: Redactions = NO_REDACTIONS
    anchors: Mapping[int, str] = field(default_factory=dict)

    def verify(self, piece: Piece) -> PieceVerdict:
        """Whether every line of the piece is as it was exported."""
        verifier = ChainVerifier(
            self.chain_id, self.redactions, after=piece.after, anchors=self.anchors
        )
        claims = Claims()
        with self.path.open("rb", buffering=READ_BYTES) as file:
            for raw in _lines(file, piece.start, piece.end):
                fault = self._feed(verifier, claims, raw, file)
                if fault is not None:
                    return PieceVerdict(Verdict(verifier.end, fault))
        return PieceVerdict(Verdict(verifier.end, None), claims.open)

    def _feed(
        self, verifier: ChainVerifier, claims: Claims, raw: bytes, file: BinaryIO
    ) -> ChainFault | None:
        expected = verifier.next_seq
        try:
            line = read_line(raw)
        except UnreadableLineError as error:
            is_cut = not raw.endswith(b"\n") and len(raw) < MOST_LINE_BYTES
            return ChainFault(
                expected, "is cut short: the file ends within it" if is_cut else f"{_HAS} {error}"
            )
        if line.seq > expected and _stands_later(file, expected):
            return ChainFault(expected, f"is out of order: it stands after entry {line.seq}")
        claims.note(line)
        return verifier.feed(line.link)


_HAS = "cannot be checked: its line"


def chain_of(path: Path) -> str:
    """The chain that the first line belongs to.

    Raises:
        NoExportError: the file cannot be read, or its first line is of another kind.
    """
    try:
        with path.open("rb") as file:
            first = file.readline(MOST_LINE_BYTES)
    except OSError as error:
        raise NoExportError(f"{path} cannot be read: {error.strerror}.") from error
    if first and not first.startswith(b"{"):
        raise NoExportError(
            f"{path} is no export in JSON lines; make one with hookflash audit export."
        )
    try:
        return str(read_line(first).link.form["chain_id"])
    except UnreadableLineError:
        return MAIN_CHAIN


def pieces_of(path: Path, *, size: int = PIECE_BYTES) -> list[Piece]:
    """The file in pieces of about *size* bytes; each begins where a line does."""
    pieces: list[Piece] = []
    start, after = 0, EMPTY_HEAD
    with path.open("rb") as file:
        length = os.fstat(file.fileno()).st_size
        while start < length:
            file.seek(min(start + size, length))
            file.readline(MOST_LINE_BYTES)
            end = file.tell()
            pieces.append(Piece(start, end, after))
            start, after = end, _head_before(file, end)
    return pieces


def redactions_of(path: Path) -> Redactions:
    """What the `redacted` entries of an export explain; they come after what they explain."""
    return Redactions(_redacted_forms(path))


def is_borne_out_near(path: Path, claim: Claim, near: Piece) -> bool:
    """Whether a line close to the piece has the value; most requests are over in a moment."""
    wanted = json.dumps(claim.request_id).encode()
    around = (max(0, near.start - NEAR_BYTES), near.start), (near.end, near.end + NEAR_BYTES)
    with path.open("rb") as file:
        return any(
            line.request_id == claim.request_id and line.has(claim.field, claim.value)
            for start, end in around
            for line in _readable(raw for raw in _lines(file, start, end) if wanted in raw)
        )


def first_made_up(path: Path, claims: Sequence[Claim]) -> Claim | None:
    """The first of the claims that no line of the whole file bears out."""
    made_up = {claim[1:]: claim for claim in reversed(claims)}
    if made_up:
        with path.open("rb") as file:
            for line in _readable(_lines(file, 0)):
                for name, _salt, value in line.link.personal:
                    made_up.pop((line.request_id, name, value), None)
    return min(made_up.values(), default=None)


class Claims:
    """What lines repeat, against what the entries of their requests have."""

    def __init__(self) -> None:
        # By request and name. An entry seldom has another value than one before it of its request.
        self._known: dict[str, dict[str, str]] = {}
        self._more_known: set[tuple[str, str, str]] = set()
        self._open: dict[tuple[str, str, str], Claim] = {}

    @property
    def open(self) -> Sequence[Claim]:
        """What no entry has borne out yet, in the order of the lines."""
        return tuple(self._open.values())

    def note(self, line: Line) -> None:
        """Take what a line tells itself and what it repeats."""
        request_id = line.request_id
        known = self._known.get(request_id)
        if known is None:
            known = self._known[request_id] = dict(line.told)
        else:
            for name, value in line.told.items():
                if known.setdefault(name, value) != value:
                    self._more_known.add((request_id, name, value))
        if self._open:
            for name, value in line.told.items():
                self._open.pop((request_id, name, value), None)
        for name, value in line.repeated.items():
            if value and known.get(name) != value:
                claimed = request_id, name, value
                if claimed not in self._more_known:
                    self._open.setdefault(claimed, Claim(line.seq, *claimed))


def _lines(file: BinaryIO, start: int, end: int | None = None) -> Iterator[bytes]:
    """The lines between two offsets; of a line without an end no more than MOST_LINE_BYTES."""
    file.seek(start)
    at = start
    while (end is None or at < end) and (raw := file.readline(MOST_LINE_BYTES)):
        at += len(raw)
        yield raw


def _readable(lines: Iterable[bytes]) -> Iterator[Line]:
    for raw in lines:
        try:
            yield read_line(raw)
        except UnreadableLineError:
            continue


def _redacted_forms(path: Path) -> Iterator[Mapping[str, Any]]:
    """Block by block, since most blocks have none."""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            block += file.readline(MOST_LINE_BYTES)
            lines = block.splitlines() if _REDACTED in block else []
            for line in _readable(raw for raw in lines if _REDACTED in raw):
                if line.link.form["event"] == Event.REDACTED:
                    yield line.link.form


def _stands_later(file: BinaryIO, seq: int) -> bool:
    """Whether the entry stands among the lines that follow."""
    following = islice(_lines(file, file.tell()), MOST_LINES_AHEAD)
    return any(line.seq == seq for line in _readable(following))


def _head_before(file: BinaryIO, offset: int) -> Head:
    """The entry of the line that ends there; NOWHERE where that is none, as its piece will tell."""
    start = max(0, offset - MOST_LINE_BYTES)
    file.seek(start)
    last = file.read(offset - start).removesuffix(b"\n").rpartition(b"\n")[2]
    try:
        line = read_line(last)
    except UnreadableLineError:
        return NOWHERE
    return Head(line.seq, line.link.hash)
