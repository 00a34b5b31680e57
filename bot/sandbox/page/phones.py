"""The phone network as it is drawn: conversations with their legs, and what each person hears."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import phonenumbers

from bot.sandbox.twilio import Call, Conference, PhoneNetwork

ENDED_SHOWN = 8
HEARD_SHOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One person on the phone."""

    call: Call
    name: str
    number: str
    heard: tuple[tuple[datetime, str], ...]

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


class Exchange:
    """Draws the state of the phone network."""

    def __init__(self, network: PhoneNetwork, contacts: Mapping[str, str]) -> None:
        self._network = network
        self._contacts = contacts

    def cards(self) -> list[Card]:
        """The live conversations, newest first."""
        live = [call for call in self._network.calls.values() if call.is_live]
        in_rooms = {sid: room for room in self._rooms() for sid in room.participants}
        rooms = [self._room_card(room) for room in self._rooms()]
        first_legs = {call.sid: [call] for call in live if call.sid not in in_rooms}
        alone = list(first_legs.values())
        for call in live:
            parent = first_legs.get(call.parent_call_sid or "")
            if parent is not None and self._network.dial_of_leg(call) is not None:
                parent.append(call)
                alone.remove(first_legs.pop(call.sid))
        cards = [*rooms, *map(self._call_card, alone)]
        return sorted(cards, key=lambda card: card.since, reverse=True)

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
            heard=tuple(reversed(call.hears_log[-HEARD_SHOWN - 1 : -1])),
        )

    def _rooms(self) -> list[Conference]:
        return [room for room in self._network.conferences.values() if room.is_live]

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
            since=first.answered_at or first.started_at or first.created_at,
            is_conference=False,
            legs=tuple(self.leg(call) for call in calls),
        )

    def _name(self, phone_number: str) -> str:
        ours = self._network.number_at(phone_number)
        if ours is not None:
            return ours.friendly_name
        return self._contacts.get(phone_number, shown_number(phone_number))


def shown_number(number: str) -> str:
    """The number as people write it; what is no number stays as it is."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
