"""Lines that are to the letter what an export writes: most of them, and read in half the time."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from bot.domain.audit import SCHEMA_VERSION
from bot.domain.audit_chain import Personal, WrittenLink, digests_of
from bot.domain.canonical import canonical_value

# A text in which nothing is escaped is its own canonical form, so that it need not be written anew.
_PLAIN = r'"[^"\\\0-\x1f]*"'
_TEXT = r'"([^"\\\0-\x1f]*(?:\\.[^"\\\0-\x1f]*)*)"'
_HASH = r'"([0-9a-f]{64})"'
# Objects within objects, but no lists and nothing deeper.
_DETAILS = r"\{[^{}\[]*(?:\{[^{}\[]*\}[^{}\[]*)*\}"
_LINE = re.compile(
    rf'(\{{"account_sid":{_PLAIN},"action":{_PLAIN},)'
    rf'("call_sid":{_PLAIN},"chain_id":({_PLAIN}),"channel_id":{_PLAIN},"details":)({_DETAILS})'
    rf'(,"event":{_PLAIN},"prev_hash":{_HASH},"recorded_at":{_PLAIN},"request_id":({_PLAIN}),'
    rf'"schema_version":{SCHEMA_VERSION},"seq":([1-9][0-9]{{0,14}}),'
    rf'"subject_sid":{_PLAIN},"surface":{_PLAIN}),'
    rf'"actor":\{{"user_id":({_PLAIN}),"team_id":({_PLAIN}),"name":{_TEXT}\}},'
    rf'"reason":{_TEXT},"from":{_TEXT},"to":{_TEXT},'
    rf'"personal":\[([^\0-\x1f]*)\],"hash":{_HASH}\}}\n?'
)
# What stands around the parts of personal values, between quotation marks.
_AROUND = ("field", ":", ",", "salt", ":", ",", "value", ":")


class PlainLine(NamedTuple):
    """A line of an export, as `read_line` reads it, with the bytes that its hash covers."""

    link: WrittenLink
    request_id: str
    told: Mapping[str, str]
    repeated: Mapping[str, str]


def read_plain_line(raw: bytes) -> PlainLine | None:
    """The line; None where it is written in another way, or is none: `read_line` tells."""
    try:
        line = raw.decode("ascii")
        match = _LINE.fullmatch(line)
        if match is None:
            return None
        (
            head, middle, chain_id, text, tail, prev_hash, request_id, seq,
            user_id, team_id, name, reason, from_, to, values, hash_,
        ) = match.groups()  # fmt: skip
        details = canonical_value(text)
        personal = _values_in(values)
        repeated = {"reason": reason, "from": from_, "to": to, "actor_name": name}
        # Also those that an escaped quotation mark has cut in two, which are no text then.
        if "\\" in line:
            personal = [(_unescaped(one), salt, _unescaped(value)) for one, salt, value in personal]
            repeated = {one: _unescaped(value) for one, value in repeated.items()}
    except ValueError:
        return None
    told = {one: value for one, _salt, value in personal}
    if len(told) != len(personal) or _leaves_away(told, repeated):
        return None
    form = f'{head}"actor_team_id":{team_id},"actor_user_id":{user_id},{middle}{text}{tail}}}'
    link = WrittenLink(
        chain_id[1:-1],
        int(seq),
        SCHEMA_VERSION,
        prev_hash,
        hash_,
        form.encode(),
        digests_of(details),
        personal,
    )
    return PlainLine(link, request_id[1:-1], told, repeated)


def _values_in(text: str) -> list[Personal]:
    """The personal values in what stands between the brackets.

    Raises:
        ValueError: they are not to the letter what an export writes.
    """
    if not text:
        return []
    parts = text.split('"')
    told = parts[3::4]
    del parts[3::4]
    if parts != ["{", *_AROUND, *["},{", *_AROUND] * (len(told) // 3 - 1), "}"]:
        raise ValueError("it is written in another way")
    return list(zip(told[::3], map(bytes.fromhex, told[1::3]), told[2::3], strict=True))


def _unescaped(text: str) -> str:
    unescaped: str = json.loads(f'"{text}"')
    return unescaped


def _leaves_away(told: Mapping[str, str], repeated: Mapping[str, str]) -> bool:
    """Whether a value that the entry has is not repeated."""
    return "" in repeated.values() and any(
        told.get(name) for name, value in repeated.items() if not value
    )
