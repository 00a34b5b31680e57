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
_MOST_DEPTH = 100
_NAMES_OF_FORM = len(_HASHED) + len({"hash"})
# The two ids of the actor stand within `actor`, with the name.
_NAMES_OF_LINE = _NAMES_OF_FORM + len(_REPEATED) + len({"actor", "name", "personal"})


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

    @property
    def told(self) -> Mapping[str, str]:
        """The personal values that the entry itself was recorded with, by their names."""
        return {name: value for name, _salt, value in self.link.personal}

    def has(self, field: str, value: str) -> bool:
        """Whether the entry itself was recorded with this personal value."""
        return self.told.get(field) == value


def read_line(raw: bytes) -> Line:
    """The line of an export.

    Raises:
        UnreadableLineError: it is none.
    """
    text, record = _record_of(raw)
    try:
        actor, personal, hash_ = record.pop("actor"), record.pop("personal"), record.pop("hash")
        repeated = {name: record.pop(name) for name in _REPEATED}
        repeated["actor_name"] = actor["name"]
        record["actor_user_id"], record["actor_team_id"] = actor["user_id"], actor["team_id"]
        values = [(one["field"], bytes.fromhex(one["salt"]), one["value"]) for one in personal]
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableLineError("lacks a part that every entry has") from error
    _check_form(record)
    _check_values(values, repeated)
    _check_names(text, _NAMES_OF_LINE + 3 * len(values) + _names_in(record["details"]))
    return Line(Link(record, hash_, values), repeated)


def read_form(raw: bytes) -> Link:
    """The line of a proof: an entry without its personal values.

    Raises:
        UnreadableLineError: it is none.
    """
    text, record = _record_of(raw)
    hash_ = record.pop("hash", None)
    _check_form(record)
    _check_names(text, _NAMES_OF_FORM + _names_in(record["details"]))
    return Link(record, hash_)


def form_line(link: Link) -> str:
    """The line of a proof for an entry: what its hash covers, and the hash."""
    return json.dumps(dict(link.form) | {"hash": link.hash}, separators=(",", ":"))


def _record_of(raw: bytes) -> tuple[str, dict[str, Any]]:
    try:
        text = raw.decode()
        record = exact_json(text)
    except ValueError as error:
        raise UnreadableLineError("is no JSON of an entry") from error
    if not isinstance(record, dict):
        raise UnreadableLineError("is no JSON object")
    return text, record


def _check_names(text: str, expected: int) -> None:
    """Return if the line has as many names of values as an entry needs.

    Of two values of one name a program takes the last and a person reads the first. After every
    name come these two characters, and no text within quotation marks holds the first of them
    without a backslash; so only a line that is written in an unusual way needs the slow look.
    """
    if text.count('":') - text.count('\\":') == expected:
        return
    names = 0

    def count(pairs: Sequence[tuple[str, Any]]) -> None:
        nonlocal names
        names += len(pairs)

    json.loads(text, object_pairs_hook=count)
    if names != expected:
        raise UnreadableLineError("says one thing twice, or more than an entry does")


def _names_in(value: dict[str, Any] | list[Any], depth: int = 0) -> int:
    if depth > _MOST_DEPTH:
        raise UnreadableLineError("is nested too deep")
    inner = value.values() if isinstance(value, dict) else value
    own = len(value) if isinstance(value, dict) else 0
    return own + sum([_names_in(one, depth + 1) for one in inner if isinstance(one, dict | list)])


def _check_form(record: Mapping[str, Any]) -> None:
    if record.keys() != _HASHED:
        strange = sorted(record.keys() ^ _HASHED)
        raise UnreadableLineError(f"lacks {strange[0]!r}, or has it though no entry does")
    kinds = type(record["seq"]), type(record["request_id"]), type(record["details"])
    if kinds != (int, str, dict):
        raise UnreadableLineError("has no number, no request or no details")


def _check_values(values: Sequence[Personal], repeated: Mapping[str, str]) -> None:
    told = {name: value for name, _salt, value in values}
    if not {type(text) for text in (*repeated.values(), *told, *told.values())} <= {str}:
        raise UnreadableLineError("has a personal value that is no text")
    if len(told) != len(values):
        raise UnreadableLineError("says one thing twice, or more than an entry does")
    for name, value in told.items():
        if value and repeated.get(name) == "":
            raise UnreadableLineError(f"leaves away the {name!r} that its entry has")
