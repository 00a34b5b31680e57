"""A Twilio that refuses, fails, drops and keeps silent: what is done, recorded and said."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.application.deadlines import Deadlines
from bot.sandbox.twilio import Call
from tests.scenario.company import ANA, BEN, SUPPORT, SUPPORT_LINE, Company, company
from tests.scenario.trouble import is_looking, outcomes, told, until, was_told

# Twilio has 1.5 s in all, and what stays open is looked at again soon after.
HASTY = Deadlines(
    twilio_s=1.5,
    finish_s=0.2,
    hang_up_try_s=0.4,
    look_s=0.3,
    claim_lease_s=1.0,
    second_look_after_s=0.1,
    settle_every_s=0.1,
)
BOTH_DEEDS = pytest.mark.parametrize("deed", ["hangup {}", "redirect {} hold-music"])
UPDATE = "POST /"
LOOK = "GET /2010-04-01/Accounts"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Company]:
    """The company at work, in a hurry."""
    async with company(f"sqlite:///{tmp_path}/hookflash.db", deadlines=HASTY) as at_work:
        yield at_work


@pytest.fixture
def call(here: Company) -> Call:
    """The one live call."""
    return here.twilio.network.call_in_progress(to=SUPPORT_LINE)


async def test_a_list_comes_though_twilio_refuses_each_look_at_first(
    here: Company, call: Call
) -> None:
    """Every one of the three listings meets a 429 and is asked again."""
    here.twilio.faults.next("429", match="GET", times=3)

    await here.say(ANA, "/calls")

    assert call.sid in str(here.last(ANA).blocks)


async def test_all_that_is_slow_before_twilio_is_asked_shortens_the_wait_for_it(
    tmp_path: Path,
) -> None:
    """The number's flow comes late and the change is met with silence: the answer still comes."""
    patient = replace(HASTY, claim_lease_s=10.0, twilio_s=30.0, answer_s=1.5)
    async with company(f"sqlite:///{tmp_path}/hookflash.db", deadlines=patient) as here:
        call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
        here.twilio.faults.next("slow", match=call.sid, seconds=0.5)
        here.twilio.faults.next("silent", match=UPDATE)

        async with asyncio.timeout(10):
            await here.say(ANA, f"/calls redirect {call.sid} own-flow")

        assert len(here.changes_sent()) == 1
        assert was_told(here, ANA, "not known")


async def test_a_hang_up_that_is_refused_twice_for_its_rate_is_sent_again(
    here: Company, call: Call
) -> None:
    here.twilio.faults.next("429", match=UPDATE, times=2)

    await here.say(ANA, f"/calls hangup {call.sid}")

    assert not call.is_live
    assert len(here.twilio.updates(call.sid)) == 3
    assert await outcomes(here.bot) == [
        ("requested", "", "command"),
        ("succeeded", "confirmed", "command"),
    ]


async def test_a_redirect_that_is_refused_twice_for_its_rate_is_sent_again(
    here: Company, call: Call
) -> None:
    """A 429 was never processed, so sending a redirect again is safe too."""
    here.twilio.faults.next("429", match=UPDATE, times=2)

    await here.say(ANA, f"/calls redirect {call.sid} hold-music")

    assert len(here.twilio.updates(call.sid)) == 3
    assert (await outcomes(here.bot))[-1] == ("succeeded", "accepted", "command")
    assert "Twilio took it" in told(here, ANA)[0].text


@BOTH_DEEDS
async def test_a_twilio_that_asks_to_be_left_alone_for_longer_than_there_is_time_is_asked_once(
    here: Company, call: Call, deed: str
) -> None:
    here.twilio.faults.standing("429", match=UPDATE, retry_after_s=30)

    await here.say(ANA, f"/calls {deed.format(call.sid)}")

    assert len(here.twilio.updates(call.sid)) == 1
    assert (await outcomes(here.bot))[-1] == ("failed", "rate_limited", "command")


async def test_a_hang_up_waits_for_as_long_as_twilio_asks(tmp_path: Path) -> None:
    """Also where that is longer than one try of it may take."""
    patient = replace(HASTY, twilio_s=5.0)
    async with company(f"sqlite:///{tmp_path}/hookflash.db", deadlines=patient) as here:
        call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
        here.twilio.faults.next("429", match=UPDATE, retry_after_s=1)
        began = time.monotonic()

        await here.say(ANA, f"/calls hangup {call.sid}")

        assert not call.is_live
        assert len(here.twilio.updates(call.sid)) == 2
        assert time.monotonic() - began >= 1


@BOTH_DEEDS
async def test_a_twilio_that_refuses_for_its_rate_to_the_end_has_changed_nothing(
    here: Company, call: Call, deed: str
) -> None:
    here.twilio.faults.standing("429", match=UPDATE)

    await here.say(ANA, f"/calls {deed.format(call.sid)}")

    assert call.is_live
    assert (await outcomes(here.bot))[-1] == ("failed", "rate_limited", "command")
    assert "Nothing was changed; wait half a minute and try again." in told(here, ANA)[0].text


async def test_a_list_that_is_refused_for_its_rate_says_when_to_ask_again(
    here: Company, call: Call
) -> None:
    here.twilio.faults.standing("429", match=LOOK)

    await here.say(ANA, "/calls")

    assert "Wait a minute and try again." in told(here, ANA)[0].text
    assert call.is_live


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("silent", "Twilio could not be reached, or did not answer in time."),
        ("drop_before", "Twilio could not be reached, or did not answer in time."),
        ("503", "Twilio did not answer as it should (Twilio error 20503)."),
        ("502", "Twilio did not answer as it should (HTTP 502)."),
    ],
)
async def test_a_list_that_twilio_does_not_give_says_why(
    here: Company, kind: str, said: str
) -> None:
    here.twilio.faults.standing(kind, match="GET")

    await here.say(ANA, "/calls")

    assert said in here.last(ANA).text


@pytest.mark.parametrize(
    ("kind", "acts"),
    [
        ("500", False),
        ("500", True),
        ("502", False),
        ("503", True),
        ("drop_before", False),
        ("drop_after", True),
        ("silent", False),
        ("silent", True),
        ("malformed_json", True),
    ],
)
async def test_a_hang_up_without_a_clear_answer_is_looked_at_and_proved(
    here: Company, call: Call, *, kind: str, acts: bool
) -> None:
    """Where the call is still up it is sent again; in the end Twilio says that it is over."""
    here.twilio.faults.next(kind, match=UPDATE, acts=acts)

    await here.say(ANA, f"/calls hangup {call.sid}")

    assert not call.is_live
    assert is_looking(here, call)
    assert len(here.twilio.updates(call.sid)) == (1 if acts else 2)
    assert await outcomes(here.bot) == [
        ("requested", "", "command"),
        ("succeeded", "confirmed", "command"),
    ]
    assert "Twilio says completed" in told(here, ANA)[0].text


async def test_a_hang_up_that_is_never_answered_is_not_called_done_until_twilio_says_so(
    here: Company, call: Call
) -> None:
    """The person hears that it is not known; once Twilio answers the machine hangs up and tells."""
    here.twilio.faults.standing("silent", match="Calls/CA")
    await here.slack.command(ANA, SUPPORT, f"/calls hangup {call.sid}")
    await until(lambda: told(here, ANA) != [])
    first_words = told(here, ANA)[0].text
    before = await outcomes(here.bot)
    here.twilio.faults.clear()

    await until(lambda: not call.is_live)
    await until(lambda: was_told(here, ANA, "Twilio says completed"))

    assert "it is not known whether the call was hung up" in first_words
    assert "Hookflash goes on looking" in first_words
    assert [event for event, _, _ in before] == ["requested"]
    assert await outcomes(here.bot) == [
        ("requested", "", "command"),
        ("succeeded", "confirmed", "machine"),
    ]


async def test_a_hang_up_that_did_its_work_unseen_is_not_called_too_late(
    here: Company, call: Call
) -> None:
    """Sent, acted on, no answer, no look; the second try meets 21220: it was us who ended it."""
    here.twilio.faults.next("drop_after", match=UPDATE)
    here.twilio.faults.next(
        "500", match=f"GET /2010-04-01/Accounts/{call.account_sid}/Calls/CA", times=3
    )

    await here.say(ANA, f"/calls hangup {call.sid}")
    await until(lambda: was_told(here, ANA, "Twilio says completed"))

    assert (await outcomes(here.bot))[-1][:2] == ("succeeded", "confirmed")


async def test_a_refusal_after_a_hang_up_in_doubt_is_not_called_a_failure(
    here: Company, call: Call
) -> None:
    """The first try may have acted, so a 401 at the second does not mean that nothing changed."""
    here.twilio.faults.next("silent", match=UPDATE, acts=True)
    deed = asyncio.create_task(here.say(ANA, f"/calls hangup {call.sid}"))
    await until(lambda: len(here.twilio.updates(call.sid)) == 1)
    here.twilio.account.suspend()
    await deed
    first_words = told(here, ANA)[0].text

    here.twilio.account.activate()
    await until(lambda: was_told(here, ANA, "Twilio says completed"))

    assert "it is not known whether the call was hung up" in first_words
    assert [event for event, _, _ in await outcomes(here.bot)] == ["requested", "succeeded"]


@pytest.mark.parametrize(
    ("kind", "acts"),
    [
        ("500", False),
        ("500", True),
        ("502", False),
        ("drop_before", False),
        ("drop_after", True),
        ("silent", False),
        ("silent", True),
        ("malformed_json", True),
    ],
)
async def test_a_redirect_without_a_clear_answer_is_unknown_and_never_sent_again(
    here: Company, call: Call, *, kind: str, acts: bool
) -> None:
    here.twilio.faults.next(kind, match=UPDATE, acts=acts)

    await here.say(ANA, f"/calls redirect {call.sid} hold-music")
    await here.bot.settler.settle_abandoned()
    await here.at_rest()

    assert len(here.twilio.updates(call.sid)) == 1
    assert await outcomes(here.bot) == [
        ("requested", "", "command"),
        ("unknown", "no_answer", "command"),
    ]
    words = told(here, ANA)[0].text
    assert "it is not known whether the call was redirected" in words
    assert "It was not sent again." in words


async def test_a_call_whose_redirect_is_unknown_can_be_changed_at_once(
    here: Company, call: Call
) -> None:
    here.twilio.faults.next("silent", match=UPDATE)
    await here.say(ANA, f"/calls redirect {call.sid} hold-music")

    await here.say(BEN, f"/calls hangup {call.sid}")

    assert not call.is_live
    assert (await outcomes(here.bot))[-1][:2] == ("succeeded", "confirmed")


async def test_a_twilio_that_cannot_be_reached_was_not_sent_the_redirect(
    here: Company, call: Call
) -> None:
    """No connection, no doubt: it failed, and the person may simply try again."""
    await here.twilio.stop()

    await here.say(ANA, f"/calls redirect {call.sid} hold-music")

    assert (await outcomes(here.bot))[-1] == ("failed", "not_sent", "command")
    assert "nothing was sent to Twilio. Try again." in told(here, ANA)[0].text


async def test_a_call_that_ended_by_itself_before_the_click_is_an_answer_not_an_error(
    here: Company, call: Call
) -> None:
    await here.say(ANA, "/calls")
    here.twilio.network.end(call, "completed", "the caller hung up")

    await here.click(ANA, "Hang up", call=call)

    words = str(told(here, ANA)[0].blocks)
    assert (await outcomes(here.bot))[-1] == ("failed", "already_ended", "button")
    assert "had already ended" in words
    assert "nothing was changed" in words


async def test_a_twilio_that_takes_the_hang_up_of_an_ended_call_has_not_ended_it_for_us(
    here: Company,
) -> None:
    """Twilio tells nowhere whether it refuses that or answers with the call as it is."""
    here.twilio.open_questions.refuses_hang_up_of_ended_calls = False
    call = here.twilio.network.call_ended(
        to=SUPPORT_LINE, started_at=datetime.now(UTC) - timedelta(seconds=70)
    )

    await here.say(ANA, f"/calls hangup {call.sid}")

    assert len(here.twilio.updates(call.sid)) == 1
    assert (await outcomes(here.bot))[-1] == ("failed", "already_ended", "command")
    assert f"before <@{ANA}> asked; nothing was changed" in told(here, ANA)[0].text


@pytest.mark.parametrize("looks_that_fail", [0, 20])
async def test_a_call_that_was_over_long_before_is_not_claimed_after_a_hang_up_in_doubt(
    here: Company, looks_that_fail: int
) -> None:
    """An old card is clicked while Twilio stumbles; whoever looks at the call sees its end."""
    call = here.twilio.network.call_ended(
        to=SUPPORT_LINE, started_at=datetime.now(UTC) - timedelta(seconds=130)
    )
    here.twilio.faults.next("500", match=UPDATE, times=20)
    if looks_that_fail:
        here.twilio.faults.next("500", match=f"{LOOK}/{call.account_sid}", times=looks_that_fail)

    await here.say(ANA, f"/calls hangup {call.sid}")
    await until(lambda: was_told(here, ANA, "nothing was changed"))

    who = "machine" if looks_that_fail else "command"
    assert (await outcomes(here.bot))[-1] == ("failed", "already_ended", who)


async def test_a_call_that_a_colleague_ended_is_told_with_the_colleagues_name(
    here: Company, call: Call
) -> None:
    """Our own log knows it, so Twilio is not asked again."""
    await here.say(ANA, f"/calls hangup {call.sid}")

    delivery = await here.say(BEN, f"/calls hangup {call.sid}")

    assert f"by <@{ANA}>" in delivery.body
    assert "Nothing was changed" in delivery.body
    assert len(here.twilio.updates(call.sid)) == 1


async def test_a_redirect_of_a_call_that_nobody_has_answered_says_why_it_cannot_be(
    here: Company,
) -> None:
    ringing = here.twilio.network.call_ringing()

    await here.say(ANA, f"/calls redirect {ringing.sid} hold-music")

    assert ringing.is_live
    assert (await outcomes(here.bot))[-1] == ("failed", "not_in_progress", "command")
    assert "Twilio redirects only calls that are answered" in told(here, ANA)[0].text


@BOTH_DEEDS
async def test_a_call_of_whose_end_twilio_tells_late_had_ended_all_the_same(
    here: Company, call: Call, deed: str
) -> None:
    """The refusal knows of the end before a look at the call does."""
    here.twilio.faults.next("21220", match=UPDATE)
    deed_done = asyncio.create_task(here.say(ANA, f"/calls {deed.format(call.sid)}"))
    await until(lambda: is_looking(here, call))

    here.twilio.network.hang_up_party(call.sid)
    await deed_done

    assert (await outcomes(here.bot))[-1] == ("failed", "already_ended", "command")
    assert "The call had already ended" in told(here, ANA)[0].text


@BOTH_DEEDS
async def test_a_call_that_twilio_says_is_and_is_not_in_progress_is_told_of_as_such(
    here: Company, call: Call, deed: str
) -> None:
    here.twilio.faults.next("21220", match=UPDATE)

    await here.say(ANA, "/calls")
    await here.say(ANA, f"/calls {deed.format(call.sid)}")

    assert call.is_live
    assert (await outcomes(here.bot))[-1] == ("failed", "not_in_progress", "command")
    words = told(here, ANA)[0].text
    assert "/errors/21220|error 21220>), and still says in progress. Nothing was changed" in words


@BOTH_DEEDS
async def test_a_call_that_twilio_does_not_know_is_told_with_account_and_region(
    here: Company, deed: str
) -> None:
    stranger = "CA" + "0f" * 16

    await here.say(ANA, f"/calls {deed.format(stranger)}")

    assert (await outcomes(here.bot))[-1] == ("failed", "no_such_call", "command")
    assert f"no such call in account {here.twilio.account.sid}" in told(here, ANA)[0].text


@pytest.mark.parametrize("code", [20003, 20005])
async def test_credentials_that_twilio_refuses_are_told_plainly_and_logged_in_full(
    here: Company, call: Call, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    if code == 20003:
        here.twilio.account.auth_token = "another"
    else:
        here.twilio.account.suspend()

    await here.say(ANA, f"/calls hangup {call.sid}")
    change_words = told(here, ANA)[0].text
    await here.say(ANA, "/calls")
    list_words = told(here, ANA)[0].text

    assert call.is_live
    assert (await outcomes(here.bot))[-1] == ("failed", "not_authenticated", "command")
    assert "does not accept Hookflash's credentials" in change_words
    assert str(code) in change_words
    assert "does not accept Hookflash's credentials" in list_words
    assert_logged_in_full(caplog, code)


async def test_a_permission_that_the_key_lacks_is_told_plainly_and_logged_in_full(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key, secret = "SK" + "d4" * 16, "e5" * 16
    database_url = f"sqlite:///{tmp_path}/hookflash.db"
    async with company(
        database_url,
        deadlines=HASTY,
        TWILIO_API_KEY=key,
        TWILIO_API_SECRET=secret,
        TWILIO_AUTH_TOKEN="",
    ) as here:
        here.twilio.account.api_keys[key] = secret
        here.twilio.account.restrict(key, ["calls/list", "calls/read"])
        call = here.twilio.network.call_in_progress()

        await here.say(ANA, f"/calls hangup {call.sid}")

        assert call.is_live
        assert (await outcomes(here.bot))[-1] == ("failed", "not_permitted", "command")
        assert "key lacks the permission" in told(here, ANA)[0].text
    assert_logged_in_full(caplog, 70051)


def assert_logged_in_full(caplog: pytest.LogCaptureFixture, code: int) -> None:
    """Whoever runs the bot reads what was asked, Twilio's own words, its code and request id."""
    warnings = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert any(str(code) in line and "RQ" in line and "/Calls" in line for line in warnings)
