"""What must hold once all has come to rest; whatever does not is told as a fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from bot.sandbox.twilio import Call
from tests.crash.evidence import HANG_UP, OUTCOMES, Evidence, Fault, Found, request_id_of
from tests.crash.freeze_checks import of_freezes
from tests.crash.log_reading import ChangeRow, EntryRow
from tests.crash.told_checks import of_card, of_promises, of_words, was_answered
from tests.crash.twilio_moods import Update

ANSWERED_WITHIN = timedelta(seconds=5)


def find_faults(evidence: Evidence) -> list[Found]:
    """Everything that is wrong."""
    found = [
        *_of_entries(evidence),
        *_of_updates(evidence),
        *_of_effects(evidence),
        *_of_endings(evidence),
        *_of_deeds(evidence),
        *of_freezes(evidence),
    ]
    for change in evidence.changes:
        outcome = evidence.outcome_of.get(change.request_id)
        if outcome is None:
            found.append(Found(Fault.LEFT_OPEN, str(change)))
            continue
        found += _of_truth(change, outcome, evidence)
        found += of_promises(change, outcome, evidence)
        found += of_words(change, outcome, evidence)
        found += of_card(change, outcome, evidence)
    return found


def _of_entries(evidence: Evidence) -> Iterator[Found]:
    """Each change has one intent and one outcome, and no intent is without its change."""
    if evidence.chain_fault:
        yield Found(Fault.BROKEN_CHAIN, evidence.chain_fault)
    requested = Counter(
        entry.request_id for entry in evidence.entries if entry.event == "requested"
    )
    ended = Counter(
        entry.request_id
        for entry in evidence.entries
        if entry.event in OUTCOMES and entry.call_sid  # and not of a freeze
    )
    for change in evidence.changes:
        request_id = change.request_id
        if requested.pop(request_id, 0) != 1:
            yield Found(Fault.NO_ENTRY, f"no intent of {change}")
        if change.state == "closed" and ended.pop(request_id, 0) != 1:
            yield Found(Fault.NO_ENTRY, f"not one outcome of {change}")
    for request_id in requested | ended:
        yield Found(Fault.NO_ENTRY, f"an entry of {request_id}, which is no change")


def _of_updates(evidence: Evidence) -> Iterator[Found]:
    """What reached Twilio was recorded before, and came from who held the change then."""
    for update in evidence.updates:
        if not update.is_recorded:
            yield Found(Fault.NOT_RECORDED, str(update))
        elif not update.is_in_time and _is_over(update, evidence):
            yield Found(Fault.TOO_LATE, str(update))


def _is_over(update: Update, evidence: Evidence) -> bool:
    """Whether the log had an outcome of the change before the update can have come."""
    outcome = evidence.outcome_of.get(update.claim.request_id) if update.claim else None
    return outcome is not None and outcome.recorded_at < update.not_before


def _of_effects(evidence: Evidence) -> Iterator[Found]:
    """One click made one change, and one redirect was sent once and heard once."""
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
    sent = Counter(
        update.mark for update in evidence.updates if update.mark and not update.is_turned_away
    )
    for mark, times in sent.items():
        if times > 1:
            yield Found(Fault.SENT_TWICE, f"{times} times: {mark}")


def _of_endings(evidence: Evidence) -> Iterator[Found]:
    """Here calls end only by us: one hang-up stands in the log for each that ended.

    In a freeze one that was on its way may have been given up as unknown.
    """
    of_hang_ups = [entry for entry in evidence.entries if entry.action == HANG_UP]
    hung_up = Counter(entry.call_sid for entry in of_hang_ups if entry.event == "succeeded")
    unknown = {entry.call_sid for entry in of_hang_ups if entry.event == "unknown"}
    for call in evidence.calls.values():
        is_right = hung_up[call.sid] == int(not call.is_live)
        is_unknown = not hung_up[call.sid] and call.sid in unknown
        if not is_right and not is_unknown:
            yield Found(Fault.LIE, f"{hung_up[call.sid]} hang-ups, {call.status}: {call.sid}")


def _of_deeds(evidence: Evidence) -> Iterator[Found]:
    """What was acknowledged is in the log, accepted or refused, unless the answer refused it.

    The answer to a click comes a moment after its ack, and is lost if the bot is killed in between.
    A refusal that the log does not take is told all the same.
    """
    known = {entry.request_id for entry in evidence.entries}
    for deed in evidence.deeds:
        delivery = deed.delivery
        if not delivery.is_ok or delivery.body.strip() or request_id_of(delivery) in known:
            continue
        is_struck = evidence.was_struck(deed, until=deed.answered_at + ANSWERED_WITHIN)
        if not is_struck and not was_answered(deed, evidence):
            yield Found(Fault.LOST, str(delivery.payload)[:200])


def _of_truth(change: ChangeRow, outcome: EntryRow, evidence: Evidence) -> Iterator[Found]:
    """What the log says of the call is what Twilio knows."""
    if outcome.event != change.outcome:
        yield Found(Fault.LIE, f"{outcome}, and {change}")
    updates = evidence.updates_of.get(change.request_id, ())
    call = evidence.calls[change.call_sid]
    is_ended = outcome.status_after in {"completed", "canceled"}
    if is_ended and call.is_live:
        yield Found(Fault.LIE, f"ended, says the log, and the call lives: {outcome}")
    if outcome.reason in {"not_sent", "frozen"} and any(
        update.acts_on_live_call for update in updates
    ):
        yield Found(Fault.LIE, f"not sent, says the log, and Twilio has it: {outcome}")
    if outcome.event == "succeeded" and not updates:
        yield Found(Fault.LIE, f"succeeded, and Twilio was never asked: {outcome}")
    if change.action == HANG_UP:
        yield from _of_hang_up(outcome, updates, evidence)
    else:
        yield from _of_redirect(change, outcome, updates, call)


def _of_hang_up(
    outcome: EntryRow, updates: Sequence[Update], evidence: Evidence
) -> Iterator[Found]:
    intent = evidence.intent_of[outcome.request_id]
    if outcome.event == "unknown" and not evidence.was_frozen(intent.seq, outcome.seq):
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
        yield Found(Fault.TWO_EFFECTS, f"done twice: {change}")
