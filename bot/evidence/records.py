"""Lines of an export and of a proof, read as strictly as evidence must be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from bot.domain.audit import AuditEntry
from bot.domain.audit_chain import Link
from bot.domain.canonical import is_exact

_HASHED = frozenset(AuditEntry.__slots__) - {"hash"}
# What a line repeats from all entries of its request, under the name of the personal value.
_REPEATED = ("reason", "from", "to")
_PARTS_OF_ACTOR = len({"user_id", "team_id", "name"})
_PARTS_OF_VALUE = len({"field", "salt", "value"})
_TOO_MUCH = "says one thing twice, or more than an entry does"


class UnreadableLineError(ValueError):
    """A line that no export and no proof has; the message continues "its line …"."""


class Line(NamedTuple):
    """A line of an export.

    Besides the entry: the personal values that it was *told*, by their names, and those that are
    *repeated* for the line's reader.
    """

    link: Link
    told: Mapping[str, str]
    repeated: Mapping[str, str]

    @property
    def seq(self) -> int:
        """The number of the entry."""
        seq: int = self.link.form["seq"]
        return seq

    @property
    def request_id(self) -> str:
        """The request that the entry belongs to."""
        request_id: str = self.link.form["request_id"]
        return request_id

    def has(self, field: str, value: str) -> bool:
        """Whether the entry itself was recorded with this personal value."""
        return self.told.get(field) == value


def read_line(raw: bytes) -> Line:
    """The line of an export.

    Raises:
        UnreadableLineError: it is none.
    """
    record = _record_of(raw)
    try:
        actor, personal, hash_ = record.pop("actor"), record.pop("personal"), record.pop("hash")
        repeated = {name: record.pop(name) for name in _REPEATED}
        repeated["actor_name"] = actor["name"]
        record["actor_user_id"], record["actor_team_id"] = actor["user_id"], actor["team_id"]
        values = [(one["field"], bytes.fromhex(one["salt"]), one["value"]) for one in personal]
        told = {name: value for name, _salt, value in values}
        parts = len(actor) + sum(map(len, personal))
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableLineError("lacks a part that every entry has") from error
    _check_form(record)
    _check_values(told, repeated)
    if len(told) != len(values) or parts != _PARTS_OF_ACTOR + _PARTS_OF_VALUE * len(values):
        raise UnreadableLineError(_TOO_MUCH)
    return Line(Link(record, hash_, values), told, repeated)


def read_form(raw: bytes) -> Link:
    """The line of a proof: an entry without its personal values.

    Raises:
        UnreadableLineError: it is none.
    """
    record = _record_of(raw)
    hash_ = record.pop("hash", None)
    _check_form(record)
    return Link(record, hash_)


def form_line(link: Link) -> str:
    """The line of a proof for an entry: what its hash covers, and the hash.

    SQLite may hold what is no JSON; it is written in some way, and does not fit the hash.
    """
    record = dict(link.form) | {"hash": link.hash}
    return json.dumps(record, separators=(",", ":"), default=repr)


def _record_of(raw: bytes) -> dict[str, Any]:
    try:
        record = orjson.loads(raw)
    except ValueError as error:
        raise UnreadableLineError("is no JSON of an entry") from error
    if not isinstance(record, dict):
        raise UnreadableLineError("is no JSON object")
    if not _is_plain(record, raw):
        _check_names(raw)
    return record


def _is_plain(record: Mapping[str, Any], raw: bytes) -> bool:
    """Whether the line is to the letter how its content is written, so that it hides nothing."""
    try:
        form: bytes = orjson.dumps(record)
    except TypeError:
        return False
    return form == raw.rstrip(b"\n")


def _check_names(raw: bytes) -> None:
    """Return if nothing in the line is named twice.

    Of two values of one name a program takes the last and a person reads the first.
    """

    def once(pairs: Sequence[tuple[str, Any]]) -> None:
        if len(dict(pairs)) != len(pairs):
            raise UnreadableLineError(_TOO_MUCH)

    try:
        json.loads(raw, object_pairs_hook=once)
    except RecursionError as error:
        raise UnreadableLineError("is nested too deep") from error


def _check_form(record: Mapping[str, Any]) -> None:
    if record.keys() != _HASHED:
        strange = sorted(record.keys() ^ _HASHED)
        raise UnreadableLineError(f"lacks {strange[0]!r}, or has it though no entry does")
    kinds = type(record["seq"]), type(record["request_id"]), type(record["details"])
    if kinds != (int, str, dict):
        raise UnreadableLineError("has no number, no request or no details")
    if not is_exact(record):
        raise UnreadableLineError("is no JSON of an entry")


def _check_values(told: Mapping[str, str], repeated: Mapping[str, str]) -> None:
    for texts in (repeated.values(), told, told.values()):
        for text in texts:
            if type(text) is not str:
                raise UnreadableLineError("has a personal value that is no text")
    for name, value in told.items():
        if value and repeated.get(name) == "":
            raise UnreadableLineError(f"leaves away the {name!r} that its entry has")
