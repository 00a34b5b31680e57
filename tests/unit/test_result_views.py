"""What is said of a change: only what is known."""

from datetime import timedelta

import pytest
from inline_snapshot import snapshot

from bot.domain.audit import Action, Event
from bot.domain.changes import OutcomeReason
from bot.domain.redirects import NamedTarget, UrlTarget, serialise_target
from bot.slack.views.outcome_words import outcome_words
from bot.slack.views.result_card import result_card
from tests.unit.view_facts import (
    BO,
    CALLER,
    NOW,
    OPERATORS,
    PLACE,
    SHARED_CHANNEL,
    SUPPORT_LINE,
    a_change,
    an_outcome,
    everything,
    labels,
    readable,
)


def test_a_hang_up_that_twilio_confirmed_says_who_when_and_what_twilio_says() -> None:
    outcome = an_outcome(
        Event.SUCCEEDED,
        OutcomeReason.CONFIRMED,
        status_after="completed",
        numbers={"from": CALLER, "to": SUPPORT_LINE},
    )

    view = result_card(a_change(reason="abusive"), outcome, audience=OPERATORS, place=PLACE)

    assert readable(view.text) == snapshot("""\
Hung up by <@U0ANA> at 14:02:07 UTC; Twilio says completed.
+44 20 7946 0000 → Support line +1 415-555-0123, `CA…1`
Reason: abusive\
""")
    assert labels(view) == []


def test_a_redirect_says_that_twilio_took_it_and_nothing_more() -> None:
    change = a_change(Action.REDIRECT, target=serialise_target(NamedTarget("hold-music")))
    outcome = an_outcome(Event.SUCCEEDED, OutcomeReason.ACCEPTED, status_after="in-progress")

    assert readable(outcome_words(change, outcome, PLACE)) == snapshot(
        "Redirected to Hold music by <@U0ANA>; Twilio took it at 14:02:07 UTC."
    )


def test_a_call_that_ended_right_after_its_redirect_is_told() -> None:
    change = a_change(Action.REDIRECT, target=serialise_target(UrlTarget("https://x.example/?k=1")))
    outcome = an_outcome(
        Event.SUCCEEDED, OutcomeReason.ACCEPTED, status_after="completed", ended_at=NOW
    )

    words = outcome_words(change, outcome, PLACE)

    assert "a URL at x.example" in words
    assert "The call ended right after" in words
    assert "the target probably failed" in words
    assert "k=1" not in words


def test_a_call_that_had_ended_tells_who_was_first() -> None:
    outcome = an_outcome(
        Event.FAILED, OutcomeReason.ALREADY_ENDED, ended_by=BO, ended_at=NOW - timedelta(minutes=1)
    )

    assert readable(outcome_words(a_change(), outcome, PLACE)) == snapshot("""\
The call had already ended (2026-11-22 14:01:07 UTC, hung up by <@U0BO>) before
<@U0ANA> asked; nothing was changed.\
""")


@pytest.mark.parametrize("action", [Action.HANG_UP, Action.REDIRECT])
@pytest.mark.parametrize("reason", list(OutcomeReason))
@pytest.mark.parametrize("is_final", [True, False])
def test_every_outcome_has_words_of_its_own(
    action: Action, reason: OutcomeReason, *, is_final: bool
) -> None:
    outcome = an_outcome(Event.UNKNOWN, reason, is_final=is_final, code=20003)

    words = outcome_words(a_change(action), outcome, PLACE)

    assert len(words) > 30
    assert not {"kill", "terminate", "session"} & set(words.lower().split())


def test_what_is_not_known_is_said_plainly() -> None:
    looking = an_outcome(Event.UNKNOWN, OutcomeReason.NO_ANSWER, is_final=False)
    final = an_outcome(Event.UNKNOWN, OutcomeReason.NO_ANSWER)

    assert "goes on looking" in outcome_words(a_change(), looking, PLACE)
    assert "not known whether the call was redirected" in outcome_words(
        a_change(Action.REDIRECT), final, PLACE
    )
    assert "not sent again" in outcome_words(a_change(Action.REDIRECT), final, PLACE)


def test_an_outcome_that_is_not_in_the_log_says_so() -> None:
    done = an_outcome(Event.SUCCEEDED, OutcomeReason.CONFIRMED, is_recorded=False)
    not_sent = an_outcome(Event.FAILED, OutcomeReason.NOT_SENT, is_recorded=False)

    assert "not in the log yet" in outcome_words(a_change(), done, PLACE)
    assert "nothing was sent to Twilio" in outcome_words(a_change(), not_sent, PLACE)
    assert "without a record nothing is sent" in outcome_words(a_change(), not_sent, PLACE)


def test_a_failed_change_offers_to_look_at_the_call() -> None:
    outcome = an_outcome(Event.FAILED, OutcomeReason.RATE_LIMITED)

    assert labels(result_card(a_change(), outcome, audience=OPERATORS, place=PLACE)) == ["Details"]


def test_a_result_in_a_shared_channel_hides_numbers_in_the_reason_too() -> None:
    outcome = an_outcome(Event.SUCCEEDED, OutcomeReason.CONFIRMED, numbers={"from": CALLER})
    change = a_change(reason="keeps calling from +44 20 7946 0000")

    shown = everything(result_card(change, outcome, audience=SHARED_CHANNEL, place=PLACE))

    assert "keeps calling from •••" in shown
    assert "7946" not in shown
