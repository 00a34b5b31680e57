"""Calls as Twilio tells them, and the conversations that their legs form."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

# Source: https://www.twilio.com/docs/voice/api/call-resource#call-status-values; `initiated` is no
# filter and not in the schema, but legs of a <Dial> are in it before they ring.
STAGE_OF_LIFE = {
    "queued": 0,
    "initiated": 1,
    "ringing": 2,
    "in-progress": 3,
    "completed": 4,
    "busy": 4,
    "failed": 4,
    "no-answer": 4,
    "canceled": 4,
}
FINAL_STATUSES = frozenset(status for status, stage in STAGE_OF_LIFE.items() if stage == 4)  # noqa: PLR2004 - the last stage
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call resource: one leg of what people hear as a call.

    Every property but the first three may be missing. Text from the phone network (numbers, names)
    is kept as it came: it is an attacker's until a view escapes it.
    """

    sid: str
    account_sid: str
    status: str
    direction: str = ""
    from_number: str = ""
    to_number: str = ""
    parent_call_sid: str | None = None
    phone_number_sid: str | None = None
    caller_name: str = ""
    forwarded_from: str = ""
    answered_by: str = ""
    stir_verstat: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: int | None = None
    price: str | None = None
    price_unit: str = ""

    @property
    def is_active(self) -> bool:
        """Whether the call is up; a status that Twilio invents later counts as up."""
        return self.status not in FINAL_STATUSES

    @property
    def is_inbound(self) -> bool:
        """Whether somebody called one of our numbers."""
        return self.direction == "inbound"

    @property
    def began_at(self) -> datetime | None:
        """When it was dialled, or else when Twilio learnt of it."""
        return self.started_at or self.created_at

    @property
    def over_at(self) -> datetime | None:
        """When it was over; None while it is up.

        Of calls that did not complete Twilio tells no end: that was when it last updated them.
        Source: https://www.twilio.com/docs/voice/api/call-resource
        """
        return None if self.is_active else self.ended_at or self.updated_at or self.began_at

    def age_s(self, now: datetime) -> int:
        """Seconds since it began; how long it lasted once it is over."""
        if self.duration_s is not None and not self.is_active:
            return self.duration_s
        if self.began_at is None:
            return 0
        return max(0, int(((self.over_at or now) - self.began_at).total_seconds()))


@dataclass(frozen=True, slots=True)
class Conversation:
    """The legs that people hear as one call: a call and those that it dialled."""

    root: Call
    children: tuple[Call, ...] = ()

    @property
    def legs(self) -> tuple[Call, ...]:
        """The root first, then the legs that it dialled."""
        return (self.root, *self.children)

    @property
    def active_legs(self) -> tuple[Call, ...]:
        """The legs that are still up."""
        return tuple(leg for leg in self.legs if leg.is_active)

    def leg(self, call_sid: str) -> Call | None:
        """The leg with this SID."""
        return next((leg for leg in self.legs if leg.sid == call_sid), None)

    def others_than(self, call_sid: str) -> tuple[Call, ...]:
        """The active legs besides this one: who else is on the line."""
        return tuple(leg for leg in self.active_legs if leg.sid != call_sid)

    def legs_digest(self) -> str:
        """Sixteen hex digits that change when a leg joins or leaves."""
        sids = ",".join(sorted(leg.sid for leg in self.active_legs))
        return hashlib.sha256(sids.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conference:
    """A conference that a call is in; with those of `ending_call_sids` it ends for everybody."""

    sid: str
    friendly_name: str
    participant_call_sids: tuple[str, ...] = ()
    ending_call_sids: tuple[str, ...] = ()

    def dropped_with(self, call_sid: str) -> int:
        """How many others drop out when this call leaves."""
        others = sum(sid != call_sid for sid in self.participant_call_sids)
        return others if call_sid in self.ending_call_sids else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnNumber:
    """A phone number of the account."""

    phone_number: str
    friendly_name: str = ""
    voice_url: str = ""
    voice_method: str = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDetails:
    """A call with all that belongs to it, at one look."""

    call: Call
    conversation: Conversation
    conference: Conference | None = None
    looked_at: datetime
    is_conference_known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Calls that were listed together: when, at what cost, and whether all of them are here.

    `took_s` is in seconds. `is_cut_off` says that Twilio had more than was asked for.
    """

    calls: tuple[Call, ...]
    looked_at: datetime
    took_s: float = 0.0
    is_cut_off: bool = False

    def newest_ending_first(self) -> Listing:
        """The same calls in the order in which they ended; Twilio lists them as they began."""
        calls = sorted(self.calls, key=lambda call: call.over_at or self.looked_at, reverse=True)
        return replace(self, calls=tuple(calls))

    def find(self, call_sid: str) -> Call | None:
        """The call with this SID."""
        return next((call for call in self.calls if call.sid == call_sid), None)

    def conversation_of(self, call_sid: str) -> Conversation | None:
        """The conversation that has this leg."""
        return conversation_of(call_sid, self.calls)


def later(one: Call, other: Call) -> Call:
    """The newer of two sights of one call: later update, then the later stage of life."""

    def newness(call: Call) -> tuple[datetime, int]:
        return (call.updated_at or _LONG_AGO, STAGE_OF_LIFE.get(call.status, 3))

    return other if newness(other) > newness(one) else one


def merge_by_sid(listings: Iterable[Iterable[Call]]) -> tuple[Call, ...]:
    """Every call once, in its newest sight, newest call first."""
    merged: dict[str, Call] = {}
    for listing in listings:
        for call in listing:
            seen = merged.get(call.sid)
            merged[call.sid] = call if seen is None else later(seen, call)
    return newest_first(merged.values())


def newest_first(calls: Iterable[Call]) -> tuple[Call, ...]:
    """Calls by when they began, the newest first; SIDs break ties, so pages stay put."""
    return tuple(
        sorted(calls, key=lambda call: (call.began_at or _LONG_AGO, call.sid), reverse=True)
    )


def conversation_of(call_sid: str, calls: Sequence[Call]) -> Conversation | None:
    """The conversation among these calls that has this leg."""
    return next((c for c in group_legs(calls) if c.leg(call_sid)), None)


def group_legs(calls: Sequence[Call]) -> tuple[Conversation, ...]:
    """Conversations in the order of their roots; a leg whose parent is not here is its own root.

    So is a leg that has dialled somebody itself: it was sent elsewhere, since what is on the line
    with its parent can dial nobody. Source: https://www.twilio.com/docs/api/errors/13201
    """
    here = {call.sid for call in calls}
    dialling = {call.parent_call_sid for call in calls}
    children: dict[str | None, list[Call]] = {}
    roots = []
    for call in calls:
        if call.parent_call_sid in here and call.sid not in dialling:
            children.setdefault(call.parent_call_sid, []).append(call)
        else:
            roots.append(call)
    return tuple(Conversation(root, tuple(children.get(root.sid, ()))) for root in roots)
