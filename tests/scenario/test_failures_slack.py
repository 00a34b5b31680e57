"""A Slack that fails while it is answered: the change stands, and its person hears of it."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bot.application.deadlines import Deadlines
from bot.sandbox.slack import Message
from bot.sandbox.twilio import Call
from bot.slack.views.redirect_modal import TARGET_BLOCK
from tests.scenario.company import ANA, FRAUD, SUPPORT, SUPPORT_LINE, VERA, Company, company
from tests.scenario.reading import shown
from tests.scenario.trouble import HASTY, outcomes, told, until, was_told

ANSWER_WITHIN_S = 15.0
IMPATIENT = replace(HASTY, told_within_s=0.2)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Company]:
    """The company at work."""
    async with company(f"sqlite:///{tmp_path}/hookflash.db") as at_work:
        yield at_work


@pytest.fixture
def call(here: Company) -> Call:
    """The one live call."""
    return here.twilio.network.call_in_progress(to=SUPPORT_LINE)


@pytest.fixture
async def impatient(tmp_path: Path) -> AsyncIterator[Company]:
    """The company at work, which tells again soon what it could not tell."""
    async with company(f"sqlite:///{tmp_path}/hookflash.db", deadlines=IMPATIENT) as at_work:
        yield at_work


def take_nothing(here: Company) -> None:
    """Let Slack refuse every answer from now on."""
    here.slack.faults.break_down("response_url", status=404, times=None)
    here.slack.faults.break_down("*", status=500, times=None)


def has_untold(folder: Path) -> bool:
    """Whether the outcome of any change is still to be told."""
    with closing(sqlite3.connect(folder / "hookflash.db")) as database:
        sql = "SELECT count(*) FROM call_changes WHERE untold_since IS NOT NULL"
        return bool(database.execute(sql).fetchone()[0])


def posts_of(here: Company) -> int:
    """How often the bot has tried to post a message."""
    return sum(asked.method == "chat.postMessage" for asked in here.slack.api_calls)


def results(company_: Company, who: str) -> list[Message]:
    """The messages that tell this person that the call was hung up, newest first."""
    return [message for message in told(company_, who) if "Twilio says completed" in shown(message)]


def is_direct(company_: Company, message: Message) -> bool:
    """Whether it stands in the conversation between a person and the app."""
    return company_.slack.workspace.channels[message.channel_id].is_im


async def assert_the_change_stands(here: Company, call: Call) -> None:
    """It was made once, and the log says so, whatever became of the answer."""
    assert not call.is_live
    assert len(here.twilio.updates(call.sid)) == 1
    assert [event for event, _, _ in await outcomes(here.bot)] == ["requested", "succeeded"]


async def test_an_answer_that_slack_fails_twice_is_given_again_and_once(
    here: Company, call: Call
) -> None:
    here.slack.faults.break_down("response_url", status=500, times=2)

    await here.say(ANA, f"/calls hangup {call.sid}")

    await assert_the_change_stands(here, call)
    assert [message.channel_id for message in results(here, ANA)] == [SUPPORT]
    assert not any(asked.method == "chat.postMessage" for asked in here.slack.api_calls)


async def test_an_answer_that_slack_limits_comes_after_the_time_that_it_asked_for(
    here: Company, call: Call
) -> None:
    here.slack.faults.rate_limit("response_url", retry_after_s=1)
    began = time.monotonic()

    await here.say(ANA, f"/calls hangup {call.sid}")

    await assert_the_change_stands(here, call)
    assert [message.channel_id for message in results(here, ANA)] == [SUPPORT]
    assert time.monotonic() - began >= 1.0


@pytest.mark.parametrize("when", ["Sat, 28 Nov 2026 15:00:00 GMT", "0.5", ""])
async def test_an_answer_that_is_limited_until_no_number_of_seconds_goes_another_way(
    here: Company, call: Call, when: str
) -> None:
    """A proxy may say it so; the SDK reads whole seconds only."""
    here.slack.faults.rate_limit("response_url", retry_after_s=when)  # type: ignore[arg-type]

    await here.say(ANA, f"/calls hangup {call.sid}")

    await assert_the_change_stands(here, call)
    (result,) = results(here, ANA)
    assert (result.channel_id, result.ephemeral_to) == (SUPPORT, None)


@pytest.mark.parametrize("method", ["conversations.info", "users.info"])
async def test_what_slack_does_not_tell_now_costs_nobody_an_answer(
    here: Company, method: str
) -> None:
    tomorrow = "Sat, 28 Nov 2026 15:00:00 GMT"
    here.slack.faults.rate_limit(method, retry_after_s=tomorrow)  # type: ignore[arg-type]

    await here.say(VERA, "/calls post")

    assert "Something went wrong" not in here.last(VERA).text


async def test_a_result_whose_response_url_is_dead_is_posted_to_the_channel(
    here: Company, call: Call
) -> None:
    here.slack.faults.fail("response_url", "expired_url", times=None)

    await here.say(ANA, f"/calls hangup {call.sid}")

    await assert_the_change_stands(here, call)
    (result,) = results(here, ANA)
    assert (result.channel_id, result.ephemeral_to) == (SUPPORT, None)


@pytest.mark.parametrize(
    "refusal", ["invalid_blocks", '{"ok":false,"error":"expired_url"}', '{"ok": false}']
)
async def test_a_refusal_of_status_200_is_a_refusal(
    here: Company, call: Call, refusal: str
) -> None:
    here.slack.faults.fail("response_url", refusal, status=200, times=None)

    await here.say(ANA, f"/calls hangup {call.sid}")

    await assert_the_change_stands(here, call)
    (result,) = results(here, ANA)
    assert (result.channel_id, result.ephemeral_to) == (SUPPORT, None)


@pytest.mark.parametrize("taken", ['{"ok":true}', "", "<html>ok</html>"])
async def test_whatever_else_slack_says_with_status_200_was_shown(
    here: Company, call: Call, taken: str
) -> None:
    here.slack.faults.fail("response_url", taken, status=200)

    await here.say(ANA, f"/calls hangup {call.sid}")

    await assert_the_change_stands(here, call)
    assert not any(asked.method == "chat.postMessage" for asked in here.slack.api_calls)


async def test_a_result_for_a_channel_without_the_bot_comes_directly_when_the_url_is_dead(
    here: Company, call: Call
) -> None:
    here.slack.faults.fail("response_url", "expired_url", times=None)

    await here.say(ANA, f"/calls hangup {call.sid}", where=FRAUD)

    await assert_the_change_stands(here, call)
    (result,) = results(here, ANA)
    assert is_direct(here, result)


async def test_a_card_in_a_channel_is_updated_another_way_when_its_url_is_dead(
    here: Company, call: Call
) -> None:
    await here.say(ANA, f"/calls show {call.sid}")
    card = here.last(ANA)
    here.slack.faults.fail("response_url", "expired_url", times=None)

    await here.click(ANA, "Hang up", on=card)

    await assert_the_change_stands(here, call)
    (result,) = results(here, ANA)
    assert result.ts == card.ts


async def test_a_refusal_whose_response_url_is_dead_comes_directly(
    here: Company, call: Call
) -> None:
    await here.say(ANA, "/calls")
    listed = here.last(ANA)
    here.slack.faults.fail("response_url", "expired_url", times=None)
    await here.say(ANA, f"/calls hangup {call.sid}")

    await here.click(ANA, "Hang up", on=listed, call=call)

    assert is_direct(here, told(here, ANA)[0])
    assert "already ended" in shown(told(here, ANA)[0])


async def test_an_answer_to_a_silent_response_url_goes_another_way(
    here: Company, call: Call
) -> None:
    """Five seconds are long enough to wait for it."""
    here.slack.faults.silence("response_url")

    await here.say(ANA, f"/calls hangup {call.sid}")

    await assert_the_change_stands(here, call)
    assert [message.channel_id for message in results(here, ANA)] == [SUPPORT]


async def test_an_answer_that_nobody_can_be_shown_is_left_in_the_log_of_the_process(
    here: Company, call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    take_nothing(here)

    await here.say(ANA, f"/calls hangup {call.sid}")

    await assert_the_change_stands(here, call)
    assert results(here, ANA) == []
    errors = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert [one.getMessage() for one in errors] == ["an answer could not be shown to anybody"]
    assert "Twilio says completed" in vars(errors[0])["text"]


@pytest.mark.parametrize(
    ("asked", "messages"), [("by command", 1), ("on a card", 1), ("on a list of her own", 2)]
)
async def test_an_outcome_that_slack_took_in_no_way_is_told_once_slack_is_back(
    asked: str, messages: int, impatient: Company, tmp_path: Path
) -> None:
    here, call = impatient, impatient.twilio.network.call_in_progress(to=SUPPORT_LINE)
    if asked == "on a card":
        await here.say(ANA, f"/calls show {call.sid}")
    elif asked == "on a list of her own":
        await here.say(ANA, "/calls")
    take_nothing(here)
    if asked == "by command":
        await here.say(ANA, f"/calls hangup {call.sid}")
    else:
        await here.click(ANA, "Hang up", call=call)
    before = results(here, ANA)
    here.slack.faults.clear()

    await until(lambda: len(results(here, ANA)) > 0)
    await until(lambda: not has_untold(tmp_path))

    assert before == []
    await assert_the_change_stands(here, call)
    assert len(results(here, ANA)) == messages


async def test_a_redirect_that_is_told_late_names_its_target(
    impatient: Company, tmp_path: Path
) -> None:
    """The row of a closed change keeps no target; the log does."""
    here, call = impatient, impatient.twilio.network.call_in_progress(to=SUPPORT_LINE)
    take_nothing(here)
    await here.say(ANA, f"/calls redirect {call.sid} hold-music she waits")
    here.slack.faults.clear()

    await until(lambda: not has_untold(tmp_path))

    assert "Redirected to Hold music by" in shown(told(here, ANA)[0])


async def test_an_outcome_that_nobody_could_be_shown_for_long_is_not_tried_for_ever(
    tmp_path: Path,
) -> None:
    brief = replace(IMPATIENT, tell_for_s=0.5)
    async with company(f"sqlite:///{tmp_path}/hookflash.db", deadlines=brief) as here:
        call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
        take_nothing(here)
        await here.say(ANA, f"/calls hangup {call.sid}")
        tries = len(here.slack.api_calls)
        await until(lambda: not has_untold(tmp_path))
        here.slack.faults.clear()
        await here.at_rest()

        assert len(here.slack.api_calls) > tries
        assert results(here, ANA) == []


async def test_an_outcome_is_not_told_again_while_slack_still_thinks_about_it(
    impatient: Company,
) -> None:
    here, call = impatient, impatient.twilio.network.call_in_progress(to=SUPPORT_LINE)
    here.slack.faults.break_down("response_url", status=404, times=None)
    here.slack.faults.slow("chat.postMessage", delay_s=10 * IMPATIENT.told_within_s, times=None)

    await here.say(ANA, f"/calls hangup {call.sid}")

    assert posts_of(here) == 1
    assert len(results(here, ANA)) == 1


async def test_an_answer_is_on_its_way_within_15_s_though_nobody_answers_the_bot(
    tmp_path: Path,
) -> None:
    """Twilio is silent about everything, Slack about the channel: 10 s for Twilio, 5 for the rest.

    Twilio gets less than 10 s here, since those are Twilio's alone.
    """
    hasty = Deadlines(twilio_s=1.0)
    async with company(f"sqlite:///{tmp_path}/hookflash.db", deadlines=hasty) as here:
        call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
        await here.say(ANA, "/calls")
        here.twilio.faults.standing("silent")
        here.slack.faults.silence("conversations.info", times=None)
        await here.click(ANA, "Redirect…", call=call)
        began = time.monotonic()

        await here.slack.submit(ANA, here.modal(ANA), {TARGET_BLOCK: "hold-music"})
        await until(lambda: was_told(here, ANA, "it is not known"), within_s=ANSWER_WITHIN_S)

        took_s = time.monotonic() - began
        assert took_s - hasty.twilio_s + Deadlines().twilio_s < ANSWER_WITHIN_S
