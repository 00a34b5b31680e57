"""How filters are written: `key:value` words, what each value can be, and what is wrong with it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar

from bot.domain.errors import InvalidFilterError
from bot.domain.phone_numbers import can_exist, without_trunk_zero

_MAX_SHOWN = 60
_SECONDS_OF_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86400}

_Choice = TypeVar("_Choice", bound=str)

_TYPED_WORD = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_DURATION = re.compile(r"([0-9]{1,9})([smhd])", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MOMENT = re.compile(rf"{_DAY.pattern}(T[0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}})?Z)?", re.ASCII)
_NO_MOMENT = "A time is how long ago (90s, 10m, 2h, 1d), a day (2026-01-31) or 2026-01-31T14:00Z."
_NUMBER = re.compile(r"(\*?)(\+?)([0-9]{1,15})(\*?)", re.ASCII)
_ADDRESS = re.compile(r"(?:client|sips?):[A-Za-z0-9._@+\-]{1,80}\*?", re.ASCII)
_PUNCTUATION = re.compile(r"[().\-\s]")


class BadValueError(ValueError):
    """What is wrong with a value, as a sentence."""


@dataclass(frozen=True, slots=True)
class Key:
    """The field that a key fills, how its value is read (BadValueError), and a right example."""

    field: str
    parse: Callable[[str], Any]
    example: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What is said of a filter that only another command has, as for an InvalidInputError."""

    problem: str
    example: str
    is_command: bool = False


def split_filters(text: str) -> list[str]:
    """The words of a text, in which double quotes hold together what they enclose."""
    return [word.replace('"', "") for word in typed_words(text)]


def typed_words(text: str) -> list[str]:
    """The same words with their quotes, as they were typed."""
    return _TYPED_WORD.findall(text)


def parse_words(
    words: Sequence[str],
    keys: Mapping[str, Key],
    *,
    for_number: str,
    elsewhere: Mapping[str, Elsewhere] = MappingProxyType({}),
) -> dict[str, Any]:
    """The parsed values by the name of their field.

    *for_number* is what to write for a number that stands alone, with `{}` in its place.
    *elsewhere* has the filters that only another command has.

    Raises:
        InvalidFilterError: a word is none, is given twice or has a wrong value.
    """
    values: dict[str, Any] = {}
    for word in words:
        name, colon, value = word.partition(":")
        key = keys.get(name.lower())
        if not colon or key is None:
            raise _unknown(word, keys, for_number, elsewhere)
        if key.field in values:
            raise invalid_filter(word, f"The filter {name.lower()}: is given twice.", key.example)
        try:
            values[key.field] = key.parse(value)
        except BadValueError as error:
            raise invalid_filter(word, str(error), key.example) from error
    return values


def join_words(parts: Mapping[str, object]) -> str:
    """The words that parse back to these values; empty ones are left out."""
    return " ".join(f"{key}:{value}" for key, value in parts.items() if value not in ("", None))


def invalid_filter(
    word: str, problem: str, example: str, *, is_command: bool = False
) -> InvalidFilterError:
    """The fault of one word, however long it is."""
    shown = word if len(word) <= _MAX_SHOWN else word[: _MAX_SHOWN - 1] + "…"
    return InvalidFilterError(shown, problem, example[: 2 * _MAX_SHOWN], is_command=is_command)


def number_pattern(value: str) -> str:
    """A number or an address, with at most one `*`."""
    if _ADDRESS.fullmatch(value):
        return value
    match = _NUMBER.fullmatch(_PUNCTUATION.sub("", without_trunk_zero(value)))
    if match is None:
        raise BadValueError("That is no phone number and no beginning or end of one.")
    star_before, plus, digits, star_after = match.groups()
    if star_before and (star_after or plus):
        raise BadValueError("A number has one star, at its end or before its last digits.")
    if star_before:
        return f"*{digits}"
    if not plus:
        _check_country_code(digits, is_whole=not star_after)
    return f"+{digits}{star_after}"


def _check_country_code(digits: str, *, is_whole: bool) -> None:
    if digits.startswith("0") or (is_whole and not can_exist(f"+{digits}")):
        raise BadValueError("A phone number begins with + and its country code.")


def one_of(choices: Iterable[_Choice]) -> Callable[[str], _Choice]:
    """Reads one of the choices, with `-` for `_` and in any case."""
    known = tuple(choices)

    def parse(value: str) -> _Choice:
        wanted = value.lower()
        for choice in known:
            if wanted.replace("_", "-") == choice.replace("_", "-"):
                return choice
        nearest = difflib.get_close_matches(wanted[:_MAX_SHOWN], known, n=1, cutoff=0.5)
        hint = f" Did you mean {nearest[0]}?" if nearest else ""
        raise BadValueError(f"There is no such value.{hint} It can be {', '.join(known)}.")

    return parse


def duration_within(longest: timedelta) -> Callable[[str], int]:
    """Reads a duration in seconds."""

    def parse(value: str) -> int:
        match = _DURATION.fullmatch(value.lower())
        if match is None:
            raise BadValueError("A duration is a whole number with s, m, h or d: 90s, 10m, 2h, 1d.")
        seconds = int(match[1]) * _SECONDS_OF_UNIT[match[2]]
        if not 0 < seconds <= longest.total_seconds():
            raise BadValueError(f"A duration is more than nothing and at most {longest.days}d.")
        return seconds

    return parse


def moment_before(now: datetime, longest: timedelta) -> Callable[[str], datetime]:
    """Reads a moment at most *longest* ago: a duration before now, a day's beginning or a time."""
    duration_s = duration_within(longest)

    def parse(value: str) -> datetime:
        if _MOMENT.fullmatch(value.upper()) is None:
            if _DURATION.fullmatch(value.lower()) is None:
                raise BadValueError(_NO_MOMENT)
            ago = timedelta(seconds=duration_s(value))
            return now.astimezone(UTC).replace(microsecond=0) - ago
        moment = _moment(value)
        # A day more, so that the oldest moment still parses when its page is turned later.
        if not now - longest - timedelta(days=1) <= moment <= now:
            raise BadValueError(f"That is not within the last {longest.days} days.")
        return moment

    return parse


def end_before(now: datetime, longest: timedelta) -> Callable[[str], datetime]:
    """Like `moment_before`, for an end: a day counts to its end, and today has not ended yet."""
    parse_moment = moment_before(now + timedelta(days=1), longest)
    parse_ago = moment_before(now, longest)

    def parse(value: str) -> datetime:
        if _MOMENT.fullmatch(value.upper()) is None:
            return parse_ago(value)
        if _DAY.fullmatch(value):
            return parse_ago(value) + timedelta(days=1)
        return parse_moment(value)

    return parse


def count_up_to(highest: int) -> Callable[[str], int]:
    """Reads a limit."""

    def parse(value: str) -> int:
        if not re.fullmatch("[0-9]{1,6}", value, re.ASCII) or not 1 <= int(value) <= highest:
            raise BadValueError(f"The limit is a whole number from 1 to {highest}.")
        return int(value)

    return parse


def duration_text(seconds: int | None) -> str:
    """The duration as a value, in its largest whole unit."""
    if seconds is None:
        return ""
    unit, size = next(
        (unit, size)
        for unit, size in sorted(_SECONDS_OF_UNIT.items(), key=lambda item: -item[1])
        if seconds % size == 0
    )
    return f"{seconds // size}{unit}"


def moment_text(moment: datetime | None) -> str:
    """The moment as a value."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


def _moment(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value.upper())
    except ValueError as error:
        raise BadValueError("There is no such day or time.") from error
    return moment.replace(tzinfo=UTC)


def _unknown(
    word: str, keys: Mapping[str, Key], for_number: str, elsewhere: Mapping[str, Elsewhere]
) -> InvalidFilterError:
    if _NUMBER.fullmatch(_PUNCTUATION.sub("", word)):
        return invalid_filter(
            word, "A number alone could be either end of a call.", for_number.format(word)
        )
    name = word.partition(":")[0].lower()
    if name in elsewhere:
        there = elsewhere[name]
        return invalid_filter(word, there.problem, there.example, is_command=there.is_command)
    nearest = difflib.get_close_matches(name[:_MAX_SHOWN], keys, n=1, cutoff=0.5)
    if not nearest:
        known = ", ".join(f"{key}:" for key in keys)
        problem = f"There is no such filter. There are {known}."
        return invalid_filter(word, problem, keys["since"].example)
    problem = f"There is no such filter. Did you mean {nearest[0]}:?"
    return invalid_filter(word, problem, keys[nearest[0]].example)
