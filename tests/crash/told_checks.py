"""What people must have been told of each change, and what the card must show that they clicked."""

from __future__ import annotations

from collections.abc import Iterator

from bot.sandbox.slack import Message
from bot.slack.views.action_ids import ActionId
from tests.crash.crowd import Deed
from tests.crash.evidence import Evidence, Fault, Found
from tests.crash.log_reading import ChangeRow, EntryRow
from tests.crash.slack_moods import Told, way_of
from tests.scenario.reading import button_elements, shown

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
    "frozen": "all changes were frozen before it was sent. Nothing was changed",
}
# A click that was refused in a freeze is asked for anew when Slack repeats it.
NOT_FOR_GOOD = ("Hookflash goes on", "All changes are frozen")
NOT_DONE = "It was *not* done"
# What may turn out otherwise where who had told it is killed or paused right after.
NOT_YET_KEPT = ("is not in the log yet", "The log did not answer")
TEXT_SHOWN = 400


def of_promises(change: ChangeRow, outcome: EntryRow, evidence: Evidence) -> Iterator[Found]:
    """What somebody was told is not done is not done later, whoever was killed or paused since.

    What was refused and brought again is asked for anew, so the change must be that of the one
    delivery.
    """
    if outcome.event != "succeeded":
        return
    deeds = _deeds_before(change, evidence)
    if len(deeds) == 1 and was_refused(deeds[0], evidence):
        said = [one.text[:TEXT_SHOWN] for one in evidence.told if one.way == change.way]
        yield Found(Fault.DONE_AFTER_ALL, f"{change}, asked for in {deeds[0]}: {said}")


def _deeds_before(change: ChangeRow, evidence: Evidence) -> list[Deed]:
    """What may have made the change: more than one where it was brought again by then."""
    intent = evidence.intent_of[change.request_id]
    return [
        deed
        for deed in evidence.deeds_of.get(change.request_id, ())
        if deed.delivery.sent_at <= intent.recorded_at
    ]


def was_refused(deed: Deed, evidence: Evidence) -> bool:
    """Whether the person was told that the log did not take it: in the answer, or after a click."""
    way = way_of(deed.delivery)
    is_told = any(way and one.way == way and NOT_DONE in one.text for one in evidence.told)
    return is_told or (deed.delivery.is_ok and NOT_DONE in deed.delivery.body)


def was_answered(deed: Deed, evidence: Evidence) -> bool:
    """Whether the person was told anything of a click: there, on the Home tab or directly."""
    who, way = deed.delivery.user_id, way_of(deed.delivery)
    return any(
        (way and one.way == way)
        or (NOT_DONE in one.text and who in {one.args.get("user_id"), one.args.get("channel")})
        for one in evidence.told
    )


def of_words(change: ChangeRow, outcome: EntryRow, evidence: Evidence) -> Iterator[Found]:
    """The person was told what the log says, and before that nothing else for certain.

    What is told while the log is down may not get there, if who told it is killed or paused then.
    """
    told = [one for one in evidence.told if _is_about(change, one)]
    words = WORDS[outcome.reason]
    if not any(words in one.text for one in told):
        said = [f"{one.way}: {one.text[:TEXT_SHOWN]}" for one in told]
        yield Found(Fault.NOT_TOLD, f"{change} as {words!r}, but {said}")
        return
    is_asked_anew = len(_deeds_before(change, evidence)) > 1
    for one in told:
        others = [said for said in WORDS.values() if said in one.text and said not in words]
        is_certain = others and not any(said in one.text for said in NOT_FOR_GOOD)
        if is_asked_anew and (WORDS["not_sent"] in one.text or NOT_DONE in one.text):
            continue  # that was of the first time
        is_lost = any(said in one.text for said in NOT_YET_KEPT) and _was_struck(
            change, outcome, evidence
        )
        if one.way == change.way and words not in one.text and is_certain and not is_lost:
            deeds = len(evidence.deeds_of.get(change.request_id, ()))
            what = f"{change}, {deeds} times: {one.text[:TEXT_SHOWN]}, but it is {outcome.reason}"
            yield Found(Fault.WRONG_CARD, what)


def _was_struck(change: ChangeRow, outcome: EntryRow, evidence: Evidence) -> bool:
    """Whether who had the change was killed or paused before it came to its outcome."""
    return any(
        evidence.was_struck(deed, until=outcome.recorded_at)
        for deed in evidence.deeds_of.get(change.request_id, ())
    )


def of_card(change: ChangeRow, outcome: EntryRow, evidence: Evidence) -> Iterator[Found]:
    """No button to hang up is left where the click that hung up was.

    Where Slack did not take the new card, or a list could not be drawn in time, the old one stays
    as it was and its person is told in another message.
    """
    message = evidence.messages.get(str(change.origin["message_ts"]))
    if message is None or outcome.reason not in {"confirmed", "already_ended"}:
        return
    if change.call_sid not in _hang_up_buttons(message):
        return
    if WORDS[outcome.reason] in shown(message) or not _is_told_elsewhere(change, message, evidence):
        told = [one.text[:TEXT_SHOWN] for one in evidence.told if change.call_sid in one.text]
        yield Found(Fault.WRONG_CARD, f"a button is left by {change}: {shown(message)}; {told}")


def told_another_way(evidence: Evidence) -> Iterator[str]:
    """How people were told where Slack did not take the answer at first, a word for each change."""
    for change in evidence.changes:
        told = [one for one in evidence.told if _is_about(change, one)]
        if _was_taken_in_no_way(change, evidence):
            yield "changes of which Slack took no message at first"
        elif change.way and told and not any(one.way == change.way for one in told):
            yield "changes told another way than through the response URL"


def _is_about(change: ChangeRow, told: Told) -> bool:
    """Whether this is told to the person, or to all where they had clicked."""
    if change.way and told.way == change.way:
        return True
    if told.args.get("user_id") == change.user_id:
        return True
    if change.call_sid not in told.text:
        return False
    # No two changes of a call are told to all in the same words, and not all words say who asked.
    return told.args.get("channel") in {change.user_id, change.origin["channel_id"]}


def _was_taken_in_no_way(change: ChangeRow, evidence: Evidence) -> bool:
    """Whether Slack once did not take even the direct message, which is the last way."""
    return any(
        one.args.get("channel") == change.user_id and change.call_sid in one.text
        for one in evidence.not_told
    )


def _is_told_elsewhere(change: ChangeRow, message: Message, evidence: Evidence) -> bool:
    """Whether the person can read of it beside the old card."""
    return any(
        change.call_sid in shown(other) and change.user_id in shown(other)
        for other in evidence.messages.values()
        if other.ts != message.ts
    )


def _hang_up_buttons(message: Message) -> str:
    return " ".join(
        str(button["value"])
        for button in button_elements(message)
        if button["action_id"] == ActionId.HANG_UP
    )
