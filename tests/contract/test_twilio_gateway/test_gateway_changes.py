"""What the gateway changes, and what Twilio is sent for it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bot.application.deadlines import Deadline
from bot.application.ports import Destination
from bot.domain.errors import (
    InvalidCallReferenceError,
    TwilioCallNotInProgressError,
    TwilioNotFoundError,
)
from bot.sandbox.twilio import TwilioStandIn
from bot.twilio.gateway import TwilioGateway
from tests.contract.test_twilio_gateway.world import CALL_SID, OddTwilio, call_row, json_answer

TWIML = "<Response><Say>Zażółć &amp; hold</Say></Response>"
URL = "https://voice.example.com/hold?a=1&b=%2B2"


@pytest.mark.parametrize("status", ["queued", "ringing", "in-progress"])
async def test_hang_up_ends_a_live_call_in_every_state(
    gateway: TwilioGateway, twilio: TwilioStandIn, status: str
) -> None:
    call = twilio.network.add_call(
        from_="+14155550123", to="+442079460000", status=status, direction="outbound-api"
    )

    answer = await gateway.hang_up(call.sid, deadline=Deadline.after(5))

    assert not answer.call.is_active
    assert not call.is_live
    assert twilio.updates(call.sid) == [{"Status": "completed"}]
    assert answer.request_id == twilio.requests[-1].request_id


async def test_redirect_by_url_names_the_url_and_the_method(
    gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    call = twilio.network.call_in_progress()

    answer = await gateway.redirect(
        call.sid, Destination(url=URL, method="GET"), deadline=Deadline.after(5)
    )

    assert answer.call.sid == call.sid
    assert twilio.updates(call.sid) == [{"Url": URL, "Method": "GET"}]


async def test_redirect_by_twiml_sends_the_twiml_alone(
    gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    call = twilio.network.call_in_progress()

    answer = await gateway.redirect(call.sid, Destination(twiml=TWIML), deadline=Deadline.after(5))

    assert answer.call.is_active
    assert twilio.updates(call.sid) == [{"Twiml": TWIML}]
    assert call.hears == "Say: Zażółć & hold"


@pytest.mark.parametrize("destination", [Destination(), Destination(url=URL, twiml=TWIML)])
async def test_destination_is_one_thing_or_nothing_is_sent(
    gateway: TwilioGateway, twilio: TwilioStandIn, destination: Destination
) -> None:
    call = twilio.network.call_in_progress()

    with pytest.raises(ValueError, match="either a URL or TwiML"):
        await gateway.redirect(call.sid, destination, deadline=Deadline.after(5))

    assert twilio.requests == []


async def test_call_that_has_ended_or_only_rings_cannot_be_redirected(
    gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    for call in (twilio.network.call_ended(), twilio.network.call_ringing()):
        with pytest.raises(TwilioCallNotInProgressError) as refusal:
            await gateway.redirect(call.sid, Destination(twiml=TWIML), deadline=Deadline.after(5))

        assert (refusal.value.code, refusal.value.status) == (21220, 400)
        assert refusal.value.request_id == twilio.requests[-1].request_id


@pytest.mark.parametrize("is_refused", [True, False])
async def test_hang_up_of_an_ended_call_is_refused_or_answered_with_its_end(
    gateway: TwilioGateway, twilio: TwilioStandIn, *, is_refused: bool
) -> None:
    twilio.open_questions.refuses_hang_up_of_ended_calls = is_refused
    call = twilio.network.call_ended(status="busy")

    if is_refused:
        with pytest.raises(TwilioCallNotInProgressError):
            await gateway.hang_up(call.sid, deadline=Deadline.after(5))
        return

    assert (await gateway.hang_up(call.sid, deadline=Deadline.after(5))).call.status == "busy"


@pytest.mark.parametrize(
    ("seconds", "had_ended"), [(None, False), (0, False), (2, False), (10, True), (86_400, True)]
)
async def test_call_had_ended_where_twilio_tells_an_end_before_it_was_asked(
    odd_gateway: TwilioGateway, odd_twilio: OddTwilio, seconds: int | None, *, had_ended: bool
) -> None:
    """Where it tells none yet, the time of the last update is that of another event."""
    now = datetime.now(UTC)
    end = None if seconds is None else format_datetime(now - timedelta(seconds=seconds))
    odd_twilio.answers(json_answer(call_row(status="completed", end_time=end)))

    answer = await odd_gateway.hang_up(CALL_SID, deadline=Deadline.after(5))

    assert answer.had_ended is had_ended


async def test_call_that_does_not_exist_is_not_found(gateway: TwilioGateway) -> None:
    for work in (
        gateway.hang_up(CALL_SID, deadline=Deadline.after(5)),
        gateway.fetch_call(CALL_SID),
        gateway.fetch_details(CALL_SID),
    ):
        with pytest.raises(TwilioNotFoundError) as refusal:
            await work

        assert refusal.value.code == 20404


@pytest.mark.parametrize(
    "call_sid",
    [
        "",
        "CA",
        "../../foo?x=1",
        f"{CALL_SID}/../../Accounts",
        f"{CALL_SID}?x=1",
        f"{CALL_SID}\n",
        f"{CALL_SID}#",
        f"{CALL_SID[:-1]}٣",
        CALL_SID[:-1],
        "AC" + CALL_SID[2:],
    ],
)
async def test_what_is_no_call_sid_goes_nowhere(
    gateway: TwilioGateway, twilio: TwilioStandIn, call_sid: str
) -> None:
    for work in (
        gateway.hang_up(call_sid, deadline=Deadline.after(5)),
        gateway.redirect(call_sid, Destination(url=URL), deadline=Deadline.after(5)),
        gateway.fetch_call(call_sid),
        gateway.fetch_details(call_sid),
    ):
        with pytest.raises(InvalidCallReferenceError):
            await work

    assert twilio.requests == []
