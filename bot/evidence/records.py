"""Lines of an export and of a proof, read as strictly as evidence must be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bot.domain.audit import AuditEntry
from bot.domain.audit_chain import Link, Personal
from bot.domain.canonical import exact_json

_HASHED = frozenset(AuditEntry.__slots__) - {"hash"}
# What a line repeats from all entries of its request, under the name of the personal value.
_REPEATED = ("reason", "from", "to")


class UnreadableLineError(ValueError):
    """A line that no export and no proof has; the message continues "its line …"."""


class Line(NamedTuple):
    """A line of an export: the entry, and the personal values that it repeats for its reader."""

    link: Link
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
        return any(one.field == field and one.value == value for one in self.link.personal)


def read_line(raw: bytes) -> Line:
    """The line of an export.

    Raises:
        UnreadableLineError: it is none.
    """
    record = _record_of(raw)
    try:
        actor, personal, hash_ = record.pop("actor"), record.pop("personal"), record.pop("hash")
        repeated = {name: record.pop(name) for name in _REPEATED}
        repeated["actor_name"] = actor.pop("name")
        record["actor_user_id"], record["actor_team_id"] = (
            actor.pop("user_id"),
            actor.pop("team_id"),
        )
        values = tuple(_personal(**one) for one in personal)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UnreadableLineError("lacks a part that every entry has") from error
    if actor:
        raise UnreadableLineError("says more of the actor than an entry does")
    _check_form(record)
    _check_values(values, repeated)
    return Line(Link(record, hash_, values), repeated)


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
    """The line of a proof for an entry: what its hash covers, and the hash."""
    return json.dumps(dict(link.form) | {"hash": link.hash}, separators=(",", ":"))


def _record_of(raw: bytes) -> dict[str, Any]:
    try:
        text = raw.decode()
        record = exact_json(text)
    except ValueError as error:
        raise UnreadableLineError("is no JSON of an entry") from error
    if not isinstance(record, dict):
        raise UnreadableLineError("is no JSON object")
    # Of two keys of one name a program takes the last and a person reads the first. Every key is
    # followed by these two characters, and no text within quotation marks holds the first of them
    # without a backslash; so only a line that is written in an unusual way needs the slow look.
    if text.count('":') - text.count('\\":') != _keys_in(record):
        json.loads(text, object_pairs_hook=_without_repetition)
    return record


def _personal(field: str, salt: str, value: str) -> Personal:
    return Personal(field, bytes.fromhex(salt), value)


def _keys_in(value: dict[str, Any] | list[Any]) -> int:
    if isinstance(value, dict):
        inner = [one for one in value.values() if isinstance(one, dict | list)]
        return len(value) + sum(map(_keys_in, inner))
    return sum(_keys_in(one) for one in value if isinstance(one, dict | list))


def _without_repetition(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise UnreadableLineError("says one thing twice")
    return record


def _check_form(record: Mapping[str, Any]) -> None:
    if record.keys() != _HASHED:
        strange = sorted(record.keys() ^ _HASHED)
        raise UnreadableLineError(f"lacks {strange[0]!r}, or has it though no entry does")
    if type(record["seq"]) is not int or not isinstance(record["details"], dict):
        raise UnreadableLineError("has no number or no details")


def _check_values(values: Sequence[Personal], repeated: Mapping[str, str]) -> None:
    texts = (*repeated.values(), *(one.value for one in values), *(one.field for one in values))
    if not all(isinstance(one, str) for one in texts):
        raise UnreadableLineError("has a personal value that is no text")
    if len({one.field for one in values}) != len(values):
        raise UnreadableLineError("says one thing twice")
    for one in values:
        if one.value and repeated.get(one.field) == "":
            raise UnreadableLineError(f"leaves away the {one.field!r} that its entry has")
