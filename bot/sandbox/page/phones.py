"""The phone network as it is drawn: conversations with their legs, and what each person hears."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import phonenumbers

from bot.sandbox.twilio import Call, Conference, PhoneNetwork

ENDED_SHOWN = 8
HEARD_SHOWN = 4
DEAD_CALLS_STAY = timedelta(seconds=3)
_NUMBER = re.compile(r"\+[0-9]{7,15}\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One person on the phone."""

    call: Call
    name: str
    number: str
    hears: str
    heard: tuple[tuple[datetime, str], ...]
    """What this person heard before, the latest first."""

    @property
    def is_ringing(self) -> bool:
        """Can it be answered?"""
        return self.call.is_live and not self.call.is_in_progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A conversation: a call with the legs that it dialled, or all who are in a conference."""

    key: str
    title: str
    subtitle: str
    since: datetime
    is_conference: bool
    legs: tuple[Leg, ...]

    @property
    def is_live(self) -> bool:
        """Is anybody on the line?"""
        return any(leg.call.is_live for leg in self.legs)


class Switchboard:
    """Draws the state of the phone network."""

    def __init__(self, network: PhoneNetwork, contacts: Mapping[str, str]) -> None:
        self._network = network
        self._contacts = contacts

    def cards(self) -> list[Card]:
        """The live conversations and those that ended this moment, newest first."""
        shown = [call for call in self._network.calls.values() if self._is_shown(call)]
        rooms = [room for room in self._network.conferences.values() if room.is_live]
        in_rooms = {sid for room in rooms for sid in room.participants}
        alone = {call.sid: [call] for call in shown if call.sid not in in_rooms}
        for call in shown:
            parent = alone.get(call.parent_call_sid or "")
            if parent is not None and self._is_held_by_its_parent(call):
                parent += alone.pop(call.sid)
        cards = [*map(self._room_card, rooms), *map(self._call_card, alone.values())]
        # A call keeps its place when it is answered, so that nothing moves under the pointer.
        return sorted(cards, key=lambda card: card.legs[0].call.order, reverse=True)

    def ended(self) -> list[Leg]:
        """The calls that ended last, the latest first."""
        ended = [call for call in self._network.calls.values() if call.ended_at is not None]
        ended.sort(key=lambda call: call.ended_at or call.created_at, reverse=True)
        return [self.leg(call) for call in ended[:ENDED_SHOWN]]

    def leg(self, call: Call) -> Leg:
        """The person on this call."""
        return Leg(
            call=call,
            name=self._name(call.party),
            number=shown_number(call.party),
            hears=self._with_names(call.hears),
            heard=tuple(
                (at, self._with_names(sound))
                for at, sound in reversed(call.hears_log[-HEARD_SHOWN - 1 : -1])
            ),
        )

    def _is_shown(self, call: Call) -> bool:
        """A call that ends stays a moment, so that one sees it die."""
        return call.ended_at is None or self._network.clock.now() - call.ended_at < DEAD_CALLS_STAY

    def _is_held_by_its_parent(self, call: Call) -> bool:
        """A leg that was redirected goes its own way."""
        return not call.is_live or self._network.dial_of_leg(call) is not None

    def _room_card(self, room: Conference) -> Card:
        calls = [self._network.calls[sid] for sid in room.participants]
        return Card(
            key=room.sid,
            title=room.friendly_name,
            subtitle=f"Conference, {len(calls)} on the line",
            since=min(call.started_at or call.created_at for call in calls),
            is_conference=True,
            legs=tuple(self.leg(call) for call in calls),
        )

    def _call_card(self, calls: list[Call]) -> Card:
        first = calls[0]
        return Card(
            key=first.sid,
            title=f"{self._name(first.from_)} → {self._name(first.to)}",
            subtitle=f"{shown_number(first.from_)} → {shown_number(first.to)}",
            # From the first ring on, as Twilio counts and Hookflash shows it.
            since=first.started_at or first.created_at,
            is_conference=False,
            legs=tuple(self.leg(call) for call in calls),
        )

    def _with_names(self, sound: str) -> str:
        return _NUMBER.sub(lambda number: self._name(number[0]), sound)

    def _name(self, phone_number: str) -> str:
        ours = self._network.number_at(phone_number)
        if ours is not None:
            return ours.friendly_name
        return self._contacts.get(phone_number, shown_number(phone_number))


@lru_cache(maxsize=2_000)
def shown_number(number: str) -> str:
    """The number as people write it; what is no number stays as it is."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
