"""The filters that people type after a command, for lists of calls and for the log.

A filter is `key:value` without spaces. Numbers may have one `*`, at the end (`+44*`) or, for calls,
at the start (`*0123`). Every value is bounded, so that a filter fits into a button.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from bot.domain.audit import Action, Event
from bot.domain.audit_log import AuditQuery
from bot.domain.calls import STAGE_OF_LIFE, Call, Conversation, group_legs
from bot.domain.errors import InvalidCallReferenceError, InvalidFilterError
from bot.domain.sids import normalise_call_sid

MAX_CALLS = 1000
MAX_AUDIT_ROWS = 50
MAX_AGE = timedelta(days=400)
_MAX_SHOWN = 60
_SECONDS_OF_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DIRECTIONS = ("inbound", "outbound")
_OUTCOMES = (Event.SUCCEEDED, Event.FAILED, Event.UNKNOWN, Event.DENIED, Event.REQUESTED)

_Choice = TypeVar("_Choice", bound=str)

_DURATION = re.compile(r"([0-9]{1,9})([smhd])", re.ASCII)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?Z)?", re.ASCII)
_NUMBER = re.compile(r"(\*?)(\+?)([0-9]{1,15})(\*?)", re.ASCII)
_ADDRESS = re.compile(r"(?:client|sips?):[A-Za-z0-9._@+\-]{1,80}\*?", re.ASCII)
_PUNCTUATION = re.compile(r"[().\-]")
_USER = re.compile(r"@?([UW][A-Z0-9]{2,20})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls to show. Empty fields let every call through; `limit` is the caller's to keep."""

    from_number: str = ""
    to_number: str = ""
    status: str = ""
    direction: str = ""
    longer_s: int | None = None
    since: datetime | None = None
    limit: int | None = None

    @property
    def names_a_number(self) -> bool:
        """Whether the filter itself tells a number."""
        return bool(self.from_number or self.to_number)

    def matches(self, call: Call, now: datetime) -> bool:
        """Whether this leg fits."""
        return (
            number_fits(self.from_number, call.from_number)
            and number_fits(self.to_number, call.to_number)
            and self.status in ("", call.status)
            and call.direction.startswith(self.direction)
            and (self.longer_s is None or call.age_s(now) > self.longer_s)
            and (self.since is None or (call.began_at is not None and call.began_at >= self.since))
        )

    def pick(self, calls: Sequence[Call], now: datetime) -> tuple[Conversation, ...]:
        """The conversations that have a leg that fits, in their order, at most `limit`."""
        fitting = (
            conversation
            for conversation in group_legs(calls)
            if any(self.matches(leg, now) for leg in conversation.legs)
        )
        return tuple(fitting)[: self.limit]

    def describe(self) -> str:
        """The filter as a person would type it; parses back to the same filter."""
        return _join(
            {
                "from": self.from_number,
                "to": self.to_number,
                "status": self.status,
                "direction": self.direction,
                "longer": _duration_text(self.longer_s),
                "since": _moment_text(self.since),
                "limit": self.limit,
            }
        )


def describe_audit_query(query: AuditQuery) -> str:
    """The query's filters as a person would type them; parses back to the same first page."""
    return _join(
        {
            "by": f"@{query.by_user_id}" if query.by_user_id else "",
            "call": query.call_sid,
            "from": query.from_number,
            "to": query.to_number,
            "action": query.action,
            "outcome": query.outcome,
            "since": _moment_text(query.since),
            "limit": query.limit if query.limit != AuditQuery().limit else None,
        }
    )


def number_fits(pattern: str, number: str) -> bool:
    """Whether the number fits a pattern with at most one `*`; the empty pattern fits all."""
    if pattern.endswith("*"):
        return number.startswith(pattern[:-1])
    if pattern.startswith("*"):
        return number.endswith(pattern[1:])
    return pattern in ("", number)


def parse_call_filters(words: Sequence[str], *, now: datetime) -> CallFilter:
    """The filter that the words spell.

    Raises:
        InvalidFilterError: a word is none, is given twice or has a wrong value.
    """
    keys = {
        "from": _Key("from_number", _number_pattern, "from:+44*"),
        "to": _Key("to_number", _number_pattern, "to:+1555*"),
        "status": _Key("status", _one_of(STAGE_OF_LIFE), "status:ringing"),
        "direction": _Key("direction", _one_of(_DIRECTIONS), "direction:inbound"),
        "longer": _Key("longer_s", _duration_s, "longer:10m"),
        "since": _Key("since", _moment_before(now), "since:2h"),
        "limit": _Key("limit", _count(MAX_CALLS), "limit:50"),
    }
    return CallFilter(**_values(words, keys))


def parse_audit_filters(words: Sequence[str], *, now: datetime, me: str = "") -> AuditQuery:
    """The query for the first page that the words spell; `me` is the user id that `by:me` means.

    Raises:
        InvalidFilterError: a word is none, is given twice or has a wrong value.
    """
    keys = {
        "by": _Key("by_user_id", _user_or(me), "by:@ana"),
        "call": _Key("call_sid", _call_sid, "call:CA0123456789abcdef0123456789abcdef"),
        "from": _Key("from_number", _number_prefix, "from:+44*"),
        "to": _Key("to_number", _number_prefix, "to:+1555*"),
        "action": _Key("action", _one_of(Action), "action:hang_up"),
        "outcome": _Key("outcome", _one_of(_OUTCOMES), "outcome:failed"),
        "since": _Key("since", _moment_before(now), "since:2h"),
        "limit": _Key("limit", _count(MAX_AUDIT_ROWS), "limit:20"),
    }
    return AuditQuery(**_values(words, keys))


class _BadValueError(ValueError):
    """What is wrong with a value, as a sentence."""


@dataclass(frozen=True, slots=True)
class _Key:
    field: str
    parse: Callable[[str], Any]
    example: str


def _values(words: Sequence[str], keys: Mapping[str, _Key]) -> dict[str, Any]:
    """The parsed values by the name of their field."""
    values: dict[str, Any] = {}
    for word in words:
        name, colon, value = word.partition(":")
        key = keys.get(name.lower())
        if not colon or key is None:
            raise _unknown(word, keys)
        if key.field in values:
            raise _invalid(word, f"The filter {name.lower()}: is given twice.", key.example)
        try:
            values[key.field] = key.parse(value)
        except _BadValueError as error:
            raise _invalid(word, str(error), key.example) from error
    return values


def _unknown(word: str, keys: Mapping[str, _Key]) -> InvalidFilterError:
    if _NUMBER.fullmatch(_PUNCTUATION.sub("", word)):
        return _invalid(
            word, "A number alone could be either end of a call.", f"from:{word} or to:{word}"
        )
    name = word.partition(":")[0].lower()
    nearest = difflib.get_close_matches(name[:_MAX_SHOWN], keys, n=1, cutoff=0.5)
    if not nearest:
        known = ", ".join(f"{key}:" for key in keys)
        return _invalid(word, f"There is no such filter. There are {known}.", keys["since"].example)
    problem = f"There is no such filter. Did you mean {nearest[0]}:?"
    return _invalid(word, problem, keys[nearest[0]].example)


def _invalid(word: str, problem: str, example: str) -> InvalidFilterError:
    shown = word if len(word) <= _MAX_SHOWN else word[: _MAX_SHOWN - 1] + "…"
    return InvalidFilterError(shown, problem, example[: 2 * _MAX_SHOWN])


def _number_pattern(value: str) -> str:
    if _ADDRESS.fullmatch(value):
        return value
    match = _NUMBER.fullmatch(_PUNCTUATION.sub("", value))
    if match is None:
        raise _BadValueError("That is no phone number and no beginning or end of one.")
    star_before, plus, digits, star_after = match.groups()
    if star_before and (star_after or plus):
        raise _BadValueError("A number has one *, at its end or before its last digits.")
    return f"*{digits}" if star_before else f"+{digits}{star_after}"


def _number_prefix(value: str) -> str:
    pattern = _number_pattern(value)
    if pattern.startswith("*"):
        raise _BadValueError("In the log a number can have * only at its end.")
    return pattern


def _one_of(choices: Iterable[_Choice]) -> Callable[[str], _Choice]:
    known = tuple(choices)

    def parse(value: str) -> _Choice:
        wanted = value.lower()
        for choice in known:
            if wanted.replace("_", "-") == choice.replace("_", "-"):
                return choice
        nearest = difflib.get_close_matches(wanted[:_MAX_SHOWN], known, n=1, cutoff=0.5)
        hint = f"Did you mean {nearest[0]}?" if nearest else f"It can be {', '.join(known)}."
        raise _BadValueError(f"There is no such value. {hint}")

    return parse


def _duration_s(value: str) -> int:
    match = _DURATION.fullmatch(value.lower())
    if match is None:
        raise _BadValueError("A duration is a whole number with s, m, h or d: 90s, 10m, 2h, 1d.")
    seconds = int(match[1]) * _SECONDS_OF_UNIT[match[2]]
    if not 0 < seconds <= MAX_AGE.total_seconds():
        raise _BadValueError(f"A duration is more than nothing and at most {MAX_AGE.days}d.")
    return seconds


def _moment_before(now: datetime) -> Callable[[str], datetime]:
    def parse(value: str) -> datetime:
        if _MOMENT.fullmatch(value.upper()) is None:
            return now.astimezone(UTC).replace(microsecond=0) - timedelta(
                seconds=_duration_s(value)
            )
        try:
            moment = datetime.fromisoformat(value.upper())
        except ValueError as error:
            raise _BadValueError("There is no such day or time.") from error
        moment = moment.replace(tzinfo=UTC)
        # A day more, so that the oldest moment still parses when its page is turned later.
        if not now - MAX_AGE - timedelta(days=1) <= moment <= now:
            raise _BadValueError(f"That is not within the last {MAX_AGE.days} days.")
        return moment

    return parse


def _count(highest: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch("[0-9]{1,6}", value, re.ASCII) or not 1 <= int(value) <= highest:
            raise _BadValueError(f"The limit is a whole number from 1 to {highest}.")
        return int(value)

    return parse


def _user_or(me: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.lower() == "me" and me:
            return me
        match = _USER.fullmatch(value)
        if match is None:
            raise _BadValueError("Name a person by a mention, or say me.")
        return match[1]

    return parse


def _call_sid(value: str) -> str:
    try:
        return normalise_call_sid(value)
    except InvalidCallReferenceError as error:
        raise _BadValueError("A call SID is CA and 32 of 0-9 and a-f.") from error


def _join(parts: Mapping[str, object]) -> str:
    return " ".join(f"{key}:{value}" for key, value in parts.items() if value not in ("", None))


def _duration_text(seconds: int | None) -> str:
    if seconds is None:
        return ""
    unit, size = next(
        (unit, size)
        for unit, size in sorted(_SECONDS_OF_UNIT.items(), key=lambda item: -item[1])
        if seconds % size == 0
    )
    return f"{seconds // size}{unit}"


def _moment_text(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""
