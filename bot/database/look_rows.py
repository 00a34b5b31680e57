"""Looks at the live calls as the database keeps them: packed, and readable across versions."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from bot.domain.calls import Call
from bot.domain.errors import (
    TwilioAuthenticationError,
    TwilioError,
    TwilioPermissionError,
    TwilioRateLimitedError,
    TwilioRefusedError,
)

# One piece of JSON is read in one go, during which no other thread of the process runs.
CALLS_IN_A_PIECE = 250
FASTEST = 1
_NAMES = tuple(field.name for field in fields(Call))
_FAULTS = {
    kind.__name__: kind
    for kind in (
        TwilioAuthenticationError,
        TwilioPermissionError,
        TwilioRateLimitedError,
        TwilioRefusedError,
    )
}
_TIMES = frozenset({"created_at", "updated_at", "started_at", "ended_at"})


def pack_calls(calls: Sequence[Call]) -> bytes:
    """The calls, compressed: a line of names, then lines with some calls each, column by column."""
    pieces = (
        [[_plain(name, getattr(call, name)) for call in piece] for name in _NAMES]
        for piece in _in_pieces(calls)
    )
    lines = (json.dumps(line, separators=(",", ":")) for line in (_NAMES, *pieces))
    return zlib.compress("\n".join(lines).encode(), FASTEST)


def unpack_calls(packed: bytes) -> tuple[Call, ...]:
    """The calls that were packed; what this version does not know of them is left out."""
    first, *pieces = zlib.decompress(packed).decode().splitlines()
    names: list[str] = json.loads(first)
    return tuple(call for piece in pieces for call in _calls_of(names, json.loads(piece)))


def pack_fault(fault: TwilioError) -> str:
    """The fault as JSON. Its words are our own and hold no number and no secret."""
    told = {"code": fault.code, "status": fault.status, "request_id": fault.request_id}
    return json.dumps({"kind": type(fault).__name__, "message": str(fault), **told})


def unpack_fault(packed: str) -> TwilioError:
    """The fault that was packed; of a kind that this version does not know, a plain one."""
    told = json.loads(packed)
    return _FAULTS.get(told["kind"], TwilioError)(
        told["message"], code=told["code"], status=told["status"], request_id=told["request_id"]
    )


def _in_pieces(calls: Sequence[Call]) -> Iterator[Sequence[Call]]:
    for first in range(0, len(calls), CALLS_IN_A_PIECE):
        yield calls[first : first + CALLS_IN_A_PIECE]


def _calls_of(names: Sequence[str], columns: Sequence[list[Any]]) -> Iterator[Call]:
    known = {
        name: [_moment(value) for value in column] if name in _TIMES else column
        for name, column in zip(names, columns, strict=True)
        if name in _NAMES
    }
    for values in zip(*known.values(), strict=True):
        yield Call(**dict(zip(known, values, strict=True)))


def _plain(name: str, value: Any) -> Any:
    return value.timestamp() if name in _TIMES and value is not None else value


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
