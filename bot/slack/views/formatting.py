"""How calls, people, times and durations read.

What comes back is plain text, or marked-up text where the first line says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from bot.domain.calls import Call
from bot.domain.errors import InvalidTargetError
from bot.domain.people import Actor
from bot.domain.phone_numbers import format_number, mask_number
from bot.domain.redirects import (
    NamedTarget,
    TwimlTarget,
    UrlTarget,
    deserialise_target,
    find_built_in,
)
from bot.slack.views.escaping import clip, escape, plain, with_mentions

NAME_LIMIT = 32
NUMBER_LIMIT = 40
PARTY_LIMIT = 60
STATUS_LIMIT = 24
MOST_NAMED = 2
MOST_ASKED = 3
SHORT_SID_LENGTH = 6
_USER_ID = re.compile(r"[UW][A-Z0-9]{2,20}", re.ASCII)
_LONG_DIGITS = re.compile(r"\+?\d(?:[\s().\-]?\d){5,}")
_STATUS_WORDS = {"in-progress": "in progress", "no-answer": "no answer"}
_DIRECTION_WORDS = {
    "inbound": "inbound",
    "outbound-api": "outbound",
    "outbound-dial": "dialled by a call",
}


class Readers(StrEnum):
    """Who may read along where a view is shown; marked-up, what is said of the numbers there."""

    OURS = ""
    OTHERS = "Numbers are hidden: this channel is shared with another company."
    NOT_KNOWN = (
        "Numbers are hidden: Slack did not tell whether this channel is shared with another "
        "company. Of a private channel it does once Hookflash is added to it, of a direct message "
        "between people never."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """For whom a view is made.

    `names` are the friendly names of our numbers. Where people of other companies may read along,
    every number is masked, in names and reasons too.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    can_act: bool = False
    readers: Readers = Readers.OURS

    @property
    def hide_numbers(self) -> bool:
        """Whether numbers are masked."""
        return self.readers is not Readers.OURS

    def number(self, raw: str) -> str:
        """The number, in international format or masked."""
        if not raw:
            return "unknown"
        return plain(mask_number(raw) if self.hide_numbers else format_number(raw), NUMBER_LIMIT)

    def party(self, raw: str) -> str:
        """The number with its friendly name before it, where it is one of ours and has one."""
        name = plain(self.free_text(self.names.get(raw, "")), NAME_LIMIT)
        if not any(character.isalpha() for character in name):
            return self.number(raw)  # Twilio names a number by its digits unless told otherwise
        return f"{name} {self.number(raw)}"

    def parties(self, call: Call) -> str:
        """Who calls whom."""
        ends = (self.party(call.from_number), self.party(call.to_number))
        return " → ".join(clip(end, PARTY_LIMIT) for end in ends)

    def other_end(self, call: Call) -> str:
        """The person at the far end of the leg: who called us, or whom the leg calls."""
        return clip(
            self.party(call.from_number if call.is_inbound else call.to_number), PARTY_LIMIT
        )

    def reason(self, text: str, limit: int) -> str:
        """Marked-up: the reason that somebody gave, with the people and channels it names."""
        return with_mentions(escape(self.free_text(text), limit))

    def free_text(self, text: str) -> str:
        """Text that people typed, without the numbers in it where these are hidden."""
        return _LONG_DIGITS.sub("•••", text) if self.hide_numbers else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where Hookflash stands: the Twilio account and Region, and the name of its slash command."""

    account_sid: str
    region: str = "us1"
    command: str = "/calls"

    @property
    def words(self) -> str:
        """Marked-up: whose calls are seen."""
        return f"Only calls of account {self.account_sid} in Region {self.region}."


def duration(seconds: int) -> str:
    """Such as `12 s`, `3 min 12 s`, `2 h 5 min`, `3 d 4 h`."""
    minutes, rest_s = divmod(max(0, seconds), 60)
    hours, rest_min = divmod(minutes, 60)
    days, rest_h = divmod(hours, 24)
    if days:
        return f"{days} d {rest_h} h"
    if hours:
        return f"{hours} h {rest_min} min"
    return f"{minutes} min {rest_s} s" if minutes else f"{rest_s} s"


def slack_time(moment: datetime) -> str:
    """Marked-up: the time of day in each reader's own zone."""
    return _dated(moment, "{time_secs}", "%H:%M:%S UTC")


def slack_moment(moment: datetime) -> str:
    """Marked-up: the day and the time of day in each reader's own zone."""
    return _dated(moment, "{date_short_pretty} {time_secs}", "%Y-%m-%d %H:%M:%S UTC")


def _dated(moment: datetime, slack_format: str, fallback_format: str) -> str:
    fallback = moment.astimezone(UTC).strftime(fallback_format)
    return f"<!date^{int(moment.timestamp())}^{slack_format}|{fallback}>"


def mention(actor: Actor) -> str:
    """Marked-up: the person, so that Slack shows the name that the reader knows."""
    return mention_user(actor.user_id, actor.name or "Hookflash")


def mention_user(user_id: str, name: str) -> str:
    """Marked-up: the person of this id, or the name where there is no id."""
    return f"<@{user_id}>" if _USER_ID.fullmatch(user_id) else escape(name, NAME_LIMIT)


def status_words(status: str) -> str:
    """The status as people say it; one that Twilio invents later as it is."""
    return _STATUS_WORDS.get(status) or plain(status, STATUS_LIMIT)


def direction_words(call: Call) -> str:
    """The direction as people say it."""
    return _DIRECTION_WORDS.get(call.direction) or plain(call.direction, STATUS_LIMIT)


def short_sid(call_sid: str) -> str:
    """The end of the SID, enough to name a live call in a command."""
    return call_sid[-SHORT_SID_LENGTH:]


def target_words(target: str) -> str:
    """What a redirect's stored target is called; of a URL the host only: paths hold secrets."""
    try:
        match deserialise_target(target):
            case NamedTarget(key):
                return plain(find_built_in(key).title, NAME_LIMIT)
            case UrlTarget(url):
                return f"a URL at {plain(url.partition('://')[2].partition('/')[0], NAME_LIMIT)}"
            case TwimlTarget():
                return "TwiML"
    except InvalidTargetError:
        return "another target"


def ask_words(user_ids: Sequence[str]) -> str:
    """Marked-up: whom to ask, where these can help."""
    if not user_ids:
        return "Ask whoever runs Hookflash: the settings name who may."
    return f"Ask {' or '.join(f'<@{user_id}>' for user_id in user_ids[:MOST_ASKED])}."


def listed(words: Sequence[str]) -> str:
    """The first words as a person lists them: `a`, `a and b`, `a, b and 3 more`."""
    if len(words) > MOST_NAMED:
        return f"{', '.join(words[:MOST_NAMED])} and {len(words) - MOST_NAMED} more"
    return " and ".join(words)


def counted(number: int, noun: str) -> str:
    """The number with its noun, in the singular or the plural."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
