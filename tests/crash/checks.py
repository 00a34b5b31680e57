"""What must hold once all has come to rest; whatever does not is told as a fault."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from bot.sandbox.slack import Delivery, Message
from bot.sandbox.twilio import Call
from bot.slack.payloads import parse_click, parse_command, parse_submission
from bot.slack.views.action_ids import ActionId
from tests.crash.crowd import Deed
from tests.crash.log_reading import ChangeRow, EntryRow
from tests.crash.world import Told, Update, World
from tests.scenario.reading import button_elements

OUTCOMES = ("succeeded", "failed", "unknown")
HANG_UP, REDIRECT = "hang_up", "redirect"
# What a person reads, by the reason that the log has for the outcome.
WORDS = {
    "confirmed": "Hung up by",
    "accepted": "Twilio took it at",
    "already_ended": "The call had already ended",
    "not_in_progress": "Nothing was changed",
    "no_such_call": "There is no such call",
    "rate_limited": "Twilio is taking no more requests",
    "refused": "Twilio refused it",
    "no_answer": "it is not known whether",
    "still_active": "Twilio still says",
    "not_sent": "nothing was sent to Twilio",
}
GOES_ON = ("Hookflash goes on",)


class Fault(StrEnum):
    """The kinds of what must never be found."""

    NO_ENTRY = "changes without their entries"
    NOT_RECORDED = "Twilio updates without a record committed before"
    LIE = "entries that lie"
    TWO_EFFECTS = "two effects of one click"
    LEFT_OPEN = "changes left open"
    WRONG_CARD = "cards with buttons left, or wrong words"
    NOT_TOLD = "people not told"
    LOST = "acknowledged clicks without a trace"
    BROKEN_CHAIN = "logs whose own check finds a fault"


@dataclass(frozen=True, slots=True)
class Found:
    """One fault, and where to look."""

    fault: Fault
    what: str


@dataclass(frozen=True)
class Evidence:
    """All that is known of a round from outside the bot."""

    changes: Sequence[ChangeRow]
    entries: Sequence[EntryRow]
    updates: Sequence[Update]
    told: Sequence[Told]
    deeds: Sequence[Deed]
    calls: Mapping[str, Call]
    messages: Mapping[str, Message]
    chain_fault: str

    @cached_property
    def outcome_of(self) -> Mapping[str, EntryRow]:
        """The last outcome of each request."""
        return {entry.request_id: entry for entry in self.entries if entry.event in OUTCOMES}

    @cached_property
    def updates_of(self) -> Mapping[str, Sequence[Update]]:
        """What Twilio received for each request."""
        found: dict[str, list[Update]] = defaultdict(list)
        for update in self.updates:
            if update.claim is not None:
                found[update.claim.request_id].append(update)
        return found


def gather(world: World, deeds: Sequence[Deed], *, chain_fault: str) -> Evidence:
    """The evidence as it is now."""
    return Evidence(
        changes=world.log.changes(),
        entries=world.log.entries(),
        updates=world.moods.updates,
        told=world.slack.told(),
        deeds=deeds,
        calls=world.twilio.network.calls,
        messages={message.ts: message for message in world.slack.workspace.messages},
        chain_fault=chain_fault,
    )


def find_faults(evidence: Evidence) -> list[Found]:
    """Everything that is wrong."""
    found = [
        *_of_entries(evidence),
        *_of_updates(evidence),
        *_of_effects(evidence),
        *_of_endings(evidence),
        *_of_deeds(evidence),
    ]
    for change in evidence.changes:
        outcome = evidence.outcome_of.get(change.request_id)
        if outcome is None:
            found.append(Found(Fault.LEFT_OPEN, str(change)))
            continue
        found += _of_truth(change, outcome, evidence)
        found += _of_words(change, outcome, evidence)
        found += _of_card(change, outcome, evidence)
    return found


def _of_entries(evidence: Evidence) -> Iterator[Found]:
    """Each change has one intent and one outcome, and no intent is without its change."""
    if evidence.chain_fault:
        yield Found(Fault.BROKEN_CHAIN, evidence.chain_fault)
    requested = Counter(
        entry.request_id for entry in evidence.entries if entry.event == "requested"
    )
    ended = Counter(entry.request_id for entry in evidence.entries if entry.event in OUTCOMES)
    for change in evidence.changes:
        request_id = change.request_id
        if requested.pop(request_id, 0) != 1:
            yield Found(Fault.NO_ENTRY, f"no intent of {change}")
        if change.state == "closed" and ended.pop(request_id, 0) != 1:
            yield Found(Fault.NO_ENTRY, f"not one outcome of {change}")
    for request_id in requested | ended:
        yield Found(Fault.NO_ENTRY, f"an entry of {request_id}, which is no change")


def _of_updates(evidence: Evidence) -> Iterator[Found]:
    """What reached Twilio was recorded before."""
    for update in evidence.updates:
        if not update.is_recorded:
            yield Found(Fault.NOT_RECORDED, str(update))


def _of_effects(evidence: Evidence) -> Iterator[Found]:
    """One click made one change, and one redirect was heard once."""
    ways = Counter(change.way for change in evidence.changes if change.way)
    heard = Counter(
        sound
        for call in evidence.calls.values()
        for _, sound in call.hears_log
        if sound.startswith("Say: deed-")
    )
    for what, times in (ways + heard).items():
        if times > 1:
            yield Found(Fault.TWO_EFFECTS, f"{times} times: {what}")


def _of_endings(evidence: Evidence) -> Iterator[Found]:
    """Here calls end only by us: one hang-up stands in the log for each that ended."""
    hung_up = Counter(
        entry.call_sid
        for entry in evidence.entries
        if (entry.action, entry.event) == (HANG_UP, "succeeded")
    )
    for call in evidence.calls.values():
        if hung_up[call.sid] != int(not call.is_live):
            yield Found(Fault.LIE, f"{hung_up[call.sid]} hang-ups, {call.status}: {call.sid}")


def _of_deeds(evidence: Evidence) -> Iterator[Found]:
    """What was acknowledged is in the log, accepted or refused, unless the answer refused it."""
    known = {entry.request_id for entry in evidence.entries}
    for deed in evidence.deeds:
        answered = bool(deed.delivery.body.strip())
        if deed.delivery.is_ok and not answered and request_id_of(deed.delivery) not in known:
            yield Found(Fault.LOST, str(deed.delivery.payload)[:200])


def request_id_of(delivery: Delivery) -> str:
    """The id by which the log knows this delivery."""
    match delivery.kind:
        case "command":
            return parse_command(delivery.payload).asking.request_id
        case "view_submission":
            return parse_submission(delivery.payload).asking.request_id
        case _:
            return parse_click(delivery.payload).asking.request_id


def _of_truth(change: ChangeRow, outcome: EntryRow, evidence: Evidence) -> Iterator[Found]:
    """What the log says of the call is what Twilio knows."""
    if outcome.event != change.outcome:
        yield Found(Fault.LIE, f"{outcome}, and {change}")
    updates = evidence.updates_of.get(change.request_id, ())
    call = evidence.calls[change.call_sid]
    is_ended = outcome.status_after in {"completed", "canceled"}
    if is_ended and call.is_live:
        yield Found(Fault.LIE, f"ended, says the log, and the call lives: {outcome}")
    if outcome.reason == "not_sent" and any(update.acts_on_live_call for update in updates):
        yield Found(Fault.LIE, f"not sent, says the log, and Twilio has it: {outcome}")
    if outcome.event == "succeeded" and not updates:
        yield Found(Fault.LIE, f"succeeded, and Twilio was never asked: {outcome}")
    if change.action == HANG_UP:
        yield from _of_hang_up(outcome, updates)
    else:
        yield from _of_redirect(change, outcome, updates, call)


def _of_hang_up(outcome: EntryRow, updates: Sequence[Update]) -> Iterator[Found]:
    if outcome.event == "unknown":
        yield Found(Fault.LIE, f"unknown, though a look tells: {outcome}")
    if outcome.event == "failed" and any(update.acts_on_live_call for update in updates):
        yield Found(Fault.LIE, f"failed, and Twilio did it: {outcome}")


def _of_redirect(
    change: ChangeRow, outcome: EntryRow, updates: Sequence[Update], call: Call
) -> Iterator[Found]:
    is_heard = any(sound == f"Say: {change.mark}" for _, sound in call.hears_log)
    if outcome.event == "succeeded" and not is_heard:
        yield Found(Fault.LIE, f"succeeded, and the caller never heard it: {outcome}")
    if outcome.event == "failed" and is_heard:
        yield Found(Fault.LIE, f"failed, and the caller heard it: {outcome}")
    if sum(update.acts_on_live_call for update in updates) > 1:
        yield Found(Fault.TWO_EFFECTS, f"sent twice: {change}")


def _of_words(change: ChangeRow, outcome: EntryRow, evidence: Evidence) -> Iterator[Found]:
    """The person was told what the log says, and before that nothing else for certain."""
    told = _told_of(change, evidence)
    words = WORDS[outcome.reason]
    if not any(words in one.text for one in told):
        yield Found(Fault.NOT_TOLD, f"{change} as {words!r}")
        return
    for one in told if change.way else ():
        others = [said for said in WORDS.values() if said in one.text and said not in words]
        if words not in one.text and others and not any(said in one.text for said in GOES_ON):
            yield Found(Fault.WRONG_CARD, f"{change}: {others}, but the log has {outcome.reason}")


def _told_of(change: ChangeRow, evidence: Evidence) -> list[Told]:
    if change.way:
        return [one for one in evidence.told if one.way == change.way]
    return [
        one
        for one in evidence.told
        if one.args.get("user_id") == change.user_id
        or (one.args.get("channel") == change.user_id and change.call_sid in one.text)
    ]


def _of_card(change: ChangeRow, outcome: EntryRow, evidence: Evidence) -> Iterator[Found]:
    """No button to hang up is left where the click that hung up was."""
    message = evidence.messages.get(str(change.origin["message_ts"]))
    if message is None:
        return
    is_over = outcome.reason in {"confirmed", "already_ended"}
    if is_over and change.call_sid in _hang_up_buttons(message):
        yield Found(Fault.WRONG_CARD, f"a button is left by {change}")


def _hang_up_buttons(message: Message) -> str:
    return " ".join(
        str(button["value"])
        for button in button_elements(message)
        if button["action_id"] == ActionId.HANG_UP
    )
