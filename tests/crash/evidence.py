"""All that is known of a round from outside the bots, and the kinds of what must not be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from bot.sandbox.slack import Delivery, Message
from bot.sandbox.twilio import Call
from bot.slack.payloads import parse_click, parse_command, parse_submission
from tests.crash.crowd import Crowd, Deed
from tests.crash.freezing import FrozenTime
from tests.crash.log_reading import ChangeRow, EntryRow
from tests.crash.replicas import Replicas
from tests.crash.slack_moods import Told
from tests.crash.twilio_moods import Update
from tests.crash.world import World

OUTCOMES = ("succeeded", "failed", "unknown")
HANG_UP = "hang_up"


class Fault(StrEnum):
    """The kinds of what must never be found."""

    NO_ENTRY = "changes without their entries"
    NOT_RECORDED = "Twilio updates without a record committed before"
    TOO_LATE = "Twilio updates after another replica took the change over"
    LIE = "entries that lie"
    TWO_EFFECTS = "two effects of one click"
    SENT_TWICE = "redirects sent twice"
    DONE_AFTER_ALL = "changes made after the person was told that they were not"
    NOT_FROZEN = "changes asked for in a freeze that began or reached Twilio"
    LEFT_OPEN = "changes left open"
    WRONG_CARD = "cards with buttons left, or wrong words"
    NOT_TOLD = "people not told"
    LOST = "acknowledged clicks and freezes without a trace"
    BROKEN_CHAIN = "logs whose own check finds a fault"


@dataclass(frozen=True, slots=True)
class Found:
    """One fault, and where to look."""

    fault: Fault
    what: str


@dataclass(frozen=True)
class Evidence:
    """What the database, Slack and Twilio have, and what was done to the bots."""

    changes: Sequence[ChangeRow]
    entries: Sequence[EntryRow]
    updates: Sequence[Update]
    told: Sequence[Told]
    not_told: Sequence[Told]
    deeds: Sequence[Deed]
    frozen: Sequence[FrozenTime]
    struck_at: Mapping[str, Sequence[datetime]]
    """When the bot behind each door was killed or paused."""
    calls: Mapping[str, Call]
    messages: Mapping[str, Message]
    chain_fault: str

    @cached_property
    def outcome_of(self) -> Mapping[str, EntryRow]:
        """The last outcome of each request."""
        return {entry.request_id: entry for entry in self.entries if entry.event in OUTCOMES}

    @cached_property
    def intent_of(self) -> Mapping[str, EntryRow]:
        """The intent of each request."""
        return {entry.request_id: entry for entry in self.entries if entry.event == "requested"}

    @cached_property
    def updates_of(self) -> Mapping[str, Sequence[Update]]:
        """What Twilio received for each request."""
        found: dict[str, list[Update]] = defaultdict(list)
        for update in self.updates:
            if update.claim is not None:
                found[update.claim.request_id].append(update)
        return found

    @cached_property
    def deeds_of(self) -> Mapping[str, Sequence[Deed]]:
        """What was sent to the bots under each request id: again where Slack repeated it."""
        found: dict[str, list[Deed]] = defaultdict(list)
        for deed in self.deeds:
            found[request_id_of(deed.delivery)].append(deed)
        return found

    @cached_property
    def freezes_and_lifts(self) -> Sequence[EntryRow]:
        """What the log has of freezing, oldest first."""
        return [
            entry
            for entry in self.entries
            if entry.action in {"freeze", "unfreeze"} and entry.event == "succeeded"
        ]

    def was_struck(self, deed: Deed, *, until: datetime) -> bool:
        """Whether who had answered the deed was killed or paused after that."""
        return any(deed.answered_at <= moment < until for moment in self.struck_at[deed.door])

    def was_frozen(self, first_seq: int, last_seq: int) -> bool:
        """Whether a freeze was in force at any time between these entries, by what the log says."""
        before = [entry for entry in self.freezes_and_lifts if entry.seq < first_seq]
        if before and before[-1].action == "freeze":
            return True
        return any(first_seq < entry.seq < last_seq for entry in self.freezes_and_lifts)


def request_id_of(delivery: Delivery) -> str:
    """The id by which the log knows this delivery."""
    match delivery.kind:
        case "command":
            return parse_command(delivery.payload).asking.request_id
        case "view_submission":
            return parse_submission(delivery.payload).asking.request_id
        case _:
            return parse_click(delivery.payload).asking.request_id


def gather(world: World, crowd: Crowd, replicas: Replicas, *, chain_fault: str) -> Evidence:
    """The evidence as it is now."""
    return Evidence(
        changes=world.log.changes(),
        entries=world.log.entries(),
        updates=world.moods.updates,
        told=world.slack.told(),
        not_told=world.slack.not_told(),
        deeds=crowd.deeds,
        frozen=crowd.freezer.frozen,
        struck_at={replica.door: replica.struck_at for replica in replicas.all},
        calls=world.twilio.network.calls,
        messages={message.ts: message for message in world.slack.workspace.messages},
        chain_fault=chain_fault,
    )
