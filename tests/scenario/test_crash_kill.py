"""A bot that is killed at each step of a click: the next one tells the truth of what it left."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator

import pytest

from bot.sandbox.twilio import Call
from tests.scenario.company import ANA, BEN, SUPPORT
from tests.scenario.dying_bot import Step
from tests.scenario.processes import Stage, stage
from tests.scenario.reading import shown
from tests.scenario.trouble import ON_SQLITE, until

DYING = "tests.scenario.dying_bot"
HANG_UP, REDIRECT = "hangup {}", "redirect {} hold-music"


@pytest.fixture
async def set_up(database_url: str) -> AsyncIterator[Stage]:
    """Slack, Twilio and a new database."""
    async with stage(database_url) as ready:
        yield ready


@pytest.fixture
def call(set_up: Stage) -> Call:
    """The one live call."""
    return set_up.call_in_progress()


async def killed_at(step: Step, set_up: Stage, text: str) -> None:
    """A bot is killed at this step of the command; afterwards a healthy one works."""
    dying = await set_up.start(DYING, step, "SIGKILL")
    await set_up.slack.command(ANA, SUPPORT, f"/calls {text}")
    assert await dying.ended() == -signal.SIGKILL
    await set_up.start_here()


async def assert_call_is_free(set_up: Stage, call: Call) -> None:
    """Somebody else can hang it up, and the log holds to its end."""
    await set_up.slack.command(BEN, SUPPORT, f"/calls hangup {call.sid}")
    await until(lambda: not call.is_live)
    await until(set_up.is_settled)
    assert await set_up.log_holds()


@ON_SQLITE
async def test_killed_before_the_accept_is_durable_nothing_has_happened(
    set_up: Stage, call: Call
) -> None:
    await killed_at(Step.BEFORE_ACCEPT_COMMITS, set_up, HANG_UP.format(call.sid))

    assert await set_up.events() == []
    assert set_up.twilio.updates(call.sid) == []
    await assert_call_is_free(set_up, call)


@ON_SQLITE
@pytest.mark.parametrize("step", [Step.BEFORE_ACK, Step.BEFORE_SENT])
async def test_killed_between_the_accept_and_the_mark_a_redirect_was_not_sent_and_that_is_told(
    set_up: Stage, call: Call, step: Step
) -> None:
    await killed_at(step, set_up, REDIRECT.format(call.sid))
    await until(set_up.is_settled)
    await until(lambda: len(set_up.results()) == 1)

    assert await set_up.events() == ["requested", "failed not_sent"]
    assert set_up.twilio.updates(call.sid) == []
    assert "nothing was sent to Twilio. Try again." in shown(set_up.results()[0])
    await assert_call_is_free(set_up, call)


@pytest.mark.parametrize("step", [Step.BEFORE_ACK, Step.BEFORE_TWILIO])
async def test_killed_before_twilio_was_asked_a_hang_up_is_carried_out_by_the_next(
    set_up: Stage, call: Call, step: Step
) -> None:
    """It is looked at first: the call is up, so it is sent."""
    await killed_at(step, set_up, HANG_UP.format(call.sid))
    await until(set_up.is_settled)
    await until(lambda: len(set_up.results()) == 1)

    assert await set_up.events() == ["requested", "succeeded confirmed"]
    assert not call.is_live
    assert len(set_up.twilio.updates(call.sid)) == 1
    assert "Twilio says completed" in shown(set_up.results()[0])
    assert await set_up.log_holds()


@pytest.mark.parametrize("step", [Step.BEFORE_TWILIO, Step.BEFORE_OUTCOME])
async def test_killed_after_the_mark_a_redirect_is_unknown_and_never_sent_again(
    set_up: Stage, call: Call, step: Step
) -> None:
    await killed_at(step, set_up, REDIRECT.format(call.sid))
    sent = len(set_up.twilio.updates(call.sid))
    await until(set_up.is_settled)
    await until(lambda: len(set_up.results()) == 1)

    assert await set_up.events() == ["requested", "unknown no_answer"]
    assert len(set_up.twilio.updates(call.sid)) == sent
    assert "It was not sent again." in shown(set_up.results()[0])
    await assert_call_is_free(set_up, call)


@ON_SQLITE
@pytest.mark.parametrize("acts", [False, True])
async def test_killed_while_twilio_thinks_a_hang_up_is_settled_by_looking(
    set_up: Stage, call: Call, *, acts: bool
) -> None:
    """Where Twilio had acted nothing more is sent; where it had not the call is hung up now."""
    set_up.twilio.faults.next("silent", match="POST /", acts=acts)
    dying = await set_up.start(DYING, Step.NEVER, "SIGKILL")
    await set_up.slack.command(ANA, SUPPORT, f"/calls {HANG_UP.format(call.sid)}")
    await until(lambda: len(set_up.twilio.updates(call.sid)) == 1)

    dying.send(signal.SIGKILL)
    await dying.ended()
    await set_up.start_here()
    await until(set_up.is_settled)
    await until(lambda: len(set_up.results()) == 1)

    assert await set_up.events() == ["requested", "succeeded confirmed"]
    assert not call.is_live
    assert len(set_up.twilio.updates(call.sid)) == (1 if acts else 2)
    assert "Twilio says completed" in shown(set_up.results()[0])
    assert await set_up.log_holds()


@ON_SQLITE
@pytest.mark.parametrize("acts", [False, True])
async def test_killed_while_twilio_thinks_a_redirect_is_unknown(
    set_up: Stage, call: Call, *, acts: bool
) -> None:
    set_up.twilio.faults.next("silent", match="POST /", acts=acts)
    dying = await set_up.start(DYING, Step.NEVER, "SIGKILL")
    await set_up.slack.command(ANA, SUPPORT, f"/calls {REDIRECT.format(call.sid)}")
    await until(lambda: len(set_up.twilio.updates(call.sid)) == 1)

    dying.send(signal.SIGKILL)
    await dying.ended()
    await set_up.start_here()
    await until(set_up.is_settled)

    assert await set_up.events() == ["requested", "unknown no_answer"]
    assert len(set_up.twilio.updates(call.sid)) == 1
    await assert_call_is_free(set_up, call)


async def test_killed_before_the_outcome_is_durable_it_is_found_by_looking(
    set_up: Stage, call: Call
) -> None:
    await killed_at(Step.BEFORE_OUTCOME, set_up, HANG_UP.format(call.sid))
    await until(set_up.is_settled)
    await until(lambda: len(set_up.results()) == 1)

    assert await set_up.events() == ["requested", "succeeded confirmed"]
    assert len(set_up.twilio.updates(call.sid)) == 1
    assert "Twilio says completed" in shown(set_up.results()[0])
    assert await set_up.log_holds()


@ON_SQLITE
@pytest.mark.parametrize(
    ("text", "words"), [(HANG_UP, "Twilio says completed"), (REDIRECT, "Twilio took it")]
)
async def test_killed_before_the_answer_the_next_tells_what_the_log_has(
    set_up: Stage, call: Call, text: str, words: str
) -> None:
    await killed_at(Step.BEFORE_ANSWER, set_up, text.format(call.sid))
    await until(lambda: len(set_up.results()) == 1)

    told = shown(set_up.results()[0])
    assert words in told
    assert f"<@{ANA}>" in told
    assert (await set_up.events())[0] == "requested"
    assert len(set_up.twilio.updates(call.sid)) == 1
    assert await set_up.log_holds()


@ON_SQLITE
async def test_a_card_of_a_bot_that_was_killed_is_corrected_by_the_next(
    set_up: Stage, call: Call
) -> None:
    """The buttons go, and what came of the click stands in their place."""
    dying = await set_up.start(DYING, Step.BEFORE_OUTCOME, "SIGKILL")
    await set_up.slack.command(ANA, SUPPORT, f"/calls show {call.sid}")
    await until(lambda: len(set_up.results()) == 1)
    card = set_up.results()[0]

    await set_up.slack.click(ANA, card, text="Hang up")
    await dying.ended()
    before = shown(card)
    await set_up.start()
    await until(lambda: "Twilio says completed" in shown(card))

    assert "Hang up" in before
    assert "Hang up" not in shown(card)
    assert await set_up.log_holds()
