"""The filters that people type after a command, for lists of calls.

A filter is `key:value` without spaces. Numbers may have one `*`, at the end (`+44*`) or at the
start (`*0123`). Every value is bounded, so that a filter fits into a button.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.calls import STAGE_OF_LIFE, Call, Conversation, group_legs
from bot.domain.filter_words import (
    Elsewhere,
    Key,
    count_up_to,
    duration_text,
    duration_within,
    join_words,
    moment_before,
    moment_text,
    number_pattern,
    one_of,
    parse_words,
)

MAX_CALLS = 1000
MAX_AGE = timedelta(days=400)
_DIRECTIONS = ("inbound", "outbound")
_EXAMPLES_OF_THE_LOG = {
    "by": "audit by:@ana",
    "in": "audit in:#support",
    "call": "audit call:CA0123456789abcdef0123456789abcdef",
    "number": "audit number:+1555*",
    "action": "audit action:hang_up",
    "outcome": "audit outcome:failed",
    "words": 'audit words:"card fraud"',
    "until": "audit until:1h",
    "request": "audit request:0123456789abcdef0123456789abcdef",
}
_OF_THE_LOG = {
    name: Elsewhere("There is no such filter here; the log has it.", example, is_command=True)
    for name, example in _EXAMPLES_OF_THE_LOG.items()
}


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
        """The conversations that have a leg that fits, in their order, at most `limit`.

        Their direction is that of the call that began them: a leg that it dialled makes an inbound
        call no outbound one.
        """
        of_a_leg = replace(self, direction="")
        fitting = (
            conversation
            for conversation in group_legs(calls)
            if conversation.root.direction.startswith(self.direction)
            and any(of_a_leg.matches(leg, now) for leg in conversation.legs)
        )
        return tuple(fitting)[: self.limit]

    def describe(self) -> str:
        """The filter as a person would type it; parses back to the same filter."""
        return join_words(
            {
                "from": self.from_number,
                "to": self.to_number,
                "status": self.status,
                "direction": self.direction,
                "longer": duration_text(self.longer_s),
                "since": moment_text(self.since),
                "limit": self.limit,
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
        "from": Key("from_number", number_pattern, "from:+44*"),
        "to": Key("to_number", number_pattern, "to:+1555*"),
        "status": Key("status", one_of(STAGE_OF_LIFE), "status:ringing"),
        "direction": Key("direction", one_of(_DIRECTIONS), "direction:inbound"),
        "longer": Key("longer_s", duration_within(MAX_AGE), "longer:10m"),
        "since": Key("since", moment_before(now, MAX_AGE), "since:2h"),
        "limit": Key("limit", count_up_to(MAX_CALLS), "limit:50"),
    }
    return CallFilter(
        **parse_words(words, keys, for_number="from:{0} or to:{0}", elsewhere=_OF_THE_LOG)
    )
