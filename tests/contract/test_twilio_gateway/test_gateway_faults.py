"""What the gateway makes of a Twilio that refuses, fails, is late or talks nonsense."""

import traceback
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from aiohttp import web

from bot.application.deadlines import Deadline
from bot.application.ports import Destination, FinishedCallsQuery
from bot.domain.errors import (
    TwilioAuthenticationError,
    TwilioCallNotInProgressError,
    TwilioError,
    TwilioNotFoundError,
    TwilioPermissionError,
    TwilioRateLimitedError,
    TwilioRefusedError,
    TwilioUnavailableError,
)
from bot.sandbox.twilio import FaultKind, ManualClock, TwilioStandIn
from bot.twilio.gateway import AccountSight, TwilioGateway
from bot.twilio.rights import RIGHTS, Right
from tests.contract.test_twilio_gateway.world import (
    ACCOUNT_SID,
    API_KEY,
    API_SECRET,
    AUTH_TOKEN,
    CALL_SID,
    OddTwilio,
    call_row,
    gateway_to,
    json_answer,
)
from tests.ports import kept_port

Work = Callable[[TwilioGateway, str], Coroutine[Any, Any, object]]


async def hang_up(gateway: TwilioGateway, call_sid: str) -> object:
    return await gateway.hang_up(call_sid, deadline=Deadline.after(1.0))


async def redirect(gateway: TwilioGateway, call_sid: str) -> object:
    destination = Destination(twiml="<Response><Hangup/></Response>")
    return await gateway.redirect(call_sid, destination, deadline=Deadline.after(1.0))


async def fetch(gateway: TwilioGateway, call_sid: str) -> object:
    return await gateway.fetch_call(call_sid, timeout_s=1.0)


CHANGES = pytest.mark.parametrize("change", [hang_up, redirect])
EVERYTHING = pytest.mark.parametrize("work", [hang_up, redirect, fetch])


@pytest.fixture
async def key_gateway(twilio: TwilioStandIn, clock: ManualClock) -> AsyncIterator[TwilioGateway]:
    """A gateway whose API key may list and read calls, and nothing else."""
    twilio.account.restrict(API_KEY, ["calls/list", "calls/read"])
    gateway = gateway_to(twilio.url, clock=clock, username=API_KEY, password=API_SECRET)
    yield gateway
    await gateway.close()


async def test_wrong_token_is_an_authentication_error(
    twilio: TwilioStandIn, clock: ManualClock
) -> None:
    gateway = gateway_to(twilio.url, clock=clock, password="wrong")

    with pytest.raises(TwilioAuthenticationError) as refusal:
        await gateway.list_live()
    await gateway.close()

    assert (refusal.value.code, refusal.value.status) == (20003, 401)


@EVERYTHING
async def test_suspended_account_is_an_authentication_error(
    gateway: TwilioGateway, twilio: TwilioStandIn, work: Work
) -> None:
    twilio.account.suspend()

    with pytest.raises(TwilioAuthenticationError) as refusal:
        await work(gateway, CALL_SID)

    assert refusal.value.code == 20005


@CHANGES
async def test_key_without_the_right_is_a_permission_error(
    key_gateway: TwilioGateway, twilio: TwilioStandIn, change: Work
) -> None:
    call = twilio.network.call_in_progress()

    with pytest.raises(TwilioPermissionError) as refusal:
        await change(key_gateway, call.sid)

    assert refusal.value.code == 70051
    assert "update" in str(refusal.value)
    assert call.is_live


async def test_another_account_is_not_found(twilio: TwilioStandIn, clock: ManualClock) -> None:
    gateway = gateway_to(
        twilio.url,
        clock=clock,
        account_sid="AC" + "9" * 32,
        username=API_KEY,
        password=API_SECRET,
    )

    with pytest.raises(TwilioNotFoundError) as refusal:
        await gateway.list_live()
    await gateway.close()

    assert refusal.value.code == 20404


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"code": 20003}, TwilioAuthenticationError),
        (403, {"code": 20003}, TwilioAuthenticationError),
        (401, {"code": 70051}, TwilioPermissionError),
        (403, {"code": 20006}, TwilioPermissionError),
        (403, {"code": 20403}, TwilioPermissionError),
        (403, {}, TwilioPermissionError),
        (404, {"code": 20404}, TwilioNotFoundError),
        (400, {"code": 21220}, TwilioCallNotInProgressError),
        (400, {"code": 20007}, TwilioRefusedError),
        (400, {"code": "20003"}, TwilioRefusedError),
        (409, {"code": 20409}, TwilioRefusedError),
        (422, {"type": "x", "title": "Bad", "status": 422, "code": 20422}, TwilioRefusedError),
        (400, [], TwilioRefusedError),
        (408, {"code": 20408}, TwilioUnavailableError),
        (500, {"code": 20003}, TwilioUnavailableError),
        (301, {}, TwilioUnavailableError),
    ],
)
async def test_each_answer_is_one_error_of_ours(
    odd_gateway: TwilioGateway,
    odd_twilio: OddTwilio,
    status: int,
    body: object,
    error: type[TwilioError],
) -> None:
    odd_twilio.answers(
        json_answer(body, status=status, Twilio_Request_Id="RQ1", Location="/elsewhere")
    )

    with pytest.raises(TwilioError) as refusal:
        await hang_up(odd_gateway, CALL_SID)

    assert type(refusal.value) is error
    assert (refusal.value.status, refusal.value.request_id) == (status, "RQ1")
    assert len(odd_twilio.requests) == 1


async def test_page_of_another_region_is_not_found(
    odd_gateway: TwilioGateway, odd_twilio: OddTwilio
) -> None:
    odd_twilio.answers(web.Response(status=404, text="<html>no</html>", content_type="text/html"))

    with pytest.raises(TwilioNotFoundError) as refusal:
        await fetch(odd_gateway, CALL_SID)

    assert (refusal.value.code, refusal.value.status) == (None, 404)


@EVERYTHING
async def test_rate_limited_request_is_sent_again_for_every_verb(
    gateway: TwilioGateway, twilio: TwilioStandIn, work: Work
) -> None:
    call = twilio.network.call_in_progress()
    twilio.faults.next(FaultKind.TOO_MANY_REQUESTS, times=2)

    await work(gateway, call.sid)

    assert [one.status for one in twilio.requests] == [429, 429, 200]


@EVERYTHING
async def test_rate_limit_that_lasts_ends_inside_the_deadline(
    gateway: TwilioGateway, twilio: TwilioStandIn, work: Work
) -> None:
    call = twilio.network.call_in_progress()
    twilio.faults.standing(FaultKind.TOO_MANY_REQUESTS)

    with pytest.raises(TwilioRateLimitedError) as refusal:
        await work(gateway, call.sid)

    assert refusal.value.code == 20429
    assert len(twilio.requests) > 2
    assert call.is_live


async def test_retry_after_is_waited_for(gateway: TwilioGateway, twilio: TwilioStandIn) -> None:
    call = twilio.network.call_in_progress()
    twilio.faults.next(FaultKind.TOO_MANY_REQUESTS, retry_after_s=30)

    with pytest.raises(TwilioRateLimitedError):
        await hang_up(gateway, call.sid)

    assert len(twilio.requests) == 1


@pytest.mark.parametrize("value", ["soon", "-1", "1e3", "Mon, 05 Jan 2026 09:00:00 GMT", "٣"])
async def test_retry_after_that_is_no_number_is_left_aside(
    odd_gateway: TwilioGateway, odd_twilio: OddTwilio, value: str
) -> None:
    limited = json_answer({"code": 20429}, status=429, Retry_After=value)
    odd_twilio.answers(limited, json_answer(call_row()))

    await hang_up(odd_gateway, CALL_SID)

    assert len(odd_twilio.requests) == 2


FAULTS = pytest.mark.parametrize(
    "kind",
    [
        FaultKind.INTERNAL_ERROR,
        FaultKind.BAD_GATEWAY,
        FaultKind.UNAVAILABLE,
        FaultKind.DROP_BEFORE,
        FaultKind.DROP_AFTER,
    ],
)


@FAULTS
async def test_read_that_failed_is_sent_again(
    gateway: TwilioGateway, twilio: TwilioStandIn, kind: FaultKind
) -> None:
    call = twilio.network.call_in_progress()
    twilio.faults.next(kind, times=2)

    fetched = await gateway.fetch_call(call.sid)

    assert fetched.sid == call.sid
    assert len(twilio.requests) == 3


async def test_read_that_keeps_failing_is_given_up(
    gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    twilio.faults.standing(FaultKind.UNAVAILABLE)

    with pytest.raises(TwilioUnavailableError) as fault:
        await gateway.fetch_call(CALL_SID)

    assert (fault.value.code, fault.value.status) == (20503, 503)
    assert len(twilio.requests) == 3


@FAULTS
@CHANGES
async def test_change_that_may_have_been_made_is_sent_once(
    gateway: TwilioGateway, twilio: TwilioStandIn, kind: FaultKind, change: Work
) -> None:
    call = twilio.network.call_in_progress()
    twilio.faults.standing(kind)

    with pytest.raises(TwilioUnavailableError) as fault:
        await change(gateway, call.sid)

    assert fault.value.may_have_acted
    assert len(twilio.requests) == 1


@FAULTS
async def test_change_on_a_connection_that_was_kept_is_sent_once(
    gateway: TwilioGateway, twilio: TwilioStandIn, kind: FaultKind
) -> None:
    call = twilio.network.call_in_progress()
    await gateway.warm()
    twilio.faults.next(kind)

    with pytest.raises(TwilioUnavailableError):
        await hang_up(gateway, call.sid)

    assert len(twilio.updates(call.sid)) == 1


@EVERYTHING
async def test_silence_ends_at_the_deadline_and_may_have_acted(
    gateway: TwilioGateway, twilio: TwilioStandIn, work: Work
) -> None:
    call = twilio.network.call_in_progress()
    twilio.faults.standing(FaultKind.SILENT)

    with pytest.raises(TwilioUnavailableError, match="in time") as fault:
        await work(gateway, call.sid)

    assert fault.value.may_have_acted
    assert len(twilio.requests) == 1


@pytest.mark.parametrize("timeout_s", [0.0, -1.0])
async def test_deadline_that_has_passed_sends_nothing(
    gateway: TwilioGateway, twilio: TwilioStandIn, timeout_s: float
) -> None:
    with pytest.raises(TwilioUnavailableError, match="no time was left") as fault:
        await gateway.hang_up(CALL_SID, deadline=Deadline.after(timeout_s))

    assert not fault.value.may_have_acted
    assert twilio.requests == []


async def test_slow_answer_within_the_deadline_is_an_answer(
    gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    call = twilio.network.call_in_progress()
    twilio.faults.next(FaultKind.SLOW, seconds=0.3)

    answer = await gateway.hang_up(call.sid, deadline=Deadline.after(5.0))

    assert answer.call.status == "completed"


@EVERYTHING
async def test_twilio_that_cannot_be_reached_has_not_acted(work: Work) -> None:
    with kept_port() as nobodys_port:
        gateway = gateway_to(f"http://127.0.0.1:{nobodys_port}")

        with pytest.raises(TwilioUnavailableError) as fault:
            await work(gateway, CALL_SID)
    await gateway.close()

    assert not fault.value.may_have_acted


@CHANGES
async def test_answer_that_breaks_off_may_have_acted(
    gateway: TwilioGateway, twilio: TwilioStandIn, change: Work
) -> None:
    call = twilio.network.call_in_progress()
    twilio.faults.standing(FaultKind.MALFORMED_JSON)

    with pytest.raises(TwilioUnavailableError) as fault:
        await change(gateway, call.sid)

    assert fault.value.may_have_acted
    assert fault.value.request_id == twilio.requests[0].request_id
    assert len(twilio.requests) == 1


@EVERYTHING
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"[" * 100_000, "application/json"),
        (b"<html>busy</html>", "text/html; charset=hex"),
        (b"\xff\xfe<html>busy</html>", "text/html; charset=idna"),
        (b"<html>busy</html>", "text/html; charset=none-such"),
    ],
)
async def test_answer_that_cannot_be_read_is_a_fault_and_may_have_acted(
    odd_gateway: TwilioGateway, odd_twilio: OddTwilio, work: Work, body: bytes, content_type: str
) -> None:
    async def answer(_request: web.Request) -> web.Response:
        status = 200 if len(odd_twilio.requests) == 1 else 502
        return web.Response(status=status, body=body, headers={"Content-Type": content_type})

    odd_twilio.answers(answer)

    for _status in (200, 502):
        with pytest.raises(TwilioUnavailableError) as fault:
            await work(odd_gateway, CALL_SID)
        assert fault.value.may_have_acted


@pytest.mark.parametrize("body", [None, [], "x", 1, {}, {"sid": "CA1"}, {"sid": None}])
async def test_answer_that_is_no_call_is_a_fault(
    odd_gateway: TwilioGateway, odd_twilio: OddTwilio, body: object
) -> None:
    odd_twilio.answers(json_answer(body))

    for work in (hang_up, fetch):
        with pytest.raises(TwilioUnavailableError):
            await work(odd_gateway, CALL_SID)


@pytest.mark.parametrize("body", [{}, {"calls": None}, {"calls": {"a": 1}}])
async def test_answer_that_is_no_listing_is_a_fault_and_no_empty_list(
    odd_gateway: TwilioGateway, odd_twilio: OddTwilio, body: object
) -> None:
    odd_twilio.answers(json_answer(body))

    with pytest.raises(TwilioUnavailableError, match="no calls"):
        await odd_gateway.list_live()


async def test_one_listing_that_fails_fails_the_look(
    gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    twilio.network.call_in_progress()
    twilio.faults.standing(FaultKind.INTERNAL_ERROR, match="Status=ringing")

    with pytest.raises(TwilioUnavailableError):
        await gateway.list_live()


async def test_redirection_is_not_followed(
    odd_gateway: TwilioGateway, odd_twilio: OddTwilio
) -> None:
    elsewhere = "http://localhost:9/"
    odd_twilio.answers(web.Response(status=307, headers={"Location": elsewhere}))

    with pytest.raises(TwilioUnavailableError):
        await hang_up(odd_gateway, CALL_SID)

    assert len(odd_twilio.requests) == 1


async def test_nothing_secret_or_personal_reaches_a_log_or_a_traceback(
    twilio: TwilioStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    gateway = gateway_to(twilio.url, timeout_s=0.5)
    call = twilio.network.call_in_progress("+14155550123", "+442079460000")
    query = FinishedCallsQuery(limit=5, from_number="+14155550123")
    destination = Destination(url="https://voice.example.com/?token=s3cret", method="GET")
    await gateway.list_finished(query)
    await gateway.redirect(call.sid, destination, deadline=Deadline.after(5.0))
    told = ""
    for kind in (FaultKind.SILENT, FaultKind.DROP_BEFORE, FaultKind.TOO_MANY_REQUESTS):
        twilio.faults.clear()
        twilio.faults.standing(kind)
        for work in (
            gateway.redirect(call.sid, destination, deadline=Deadline.after(0.5)),
            gateway.list_finished(query),
        ):
            with pytest.raises(TwilioError) as fault:
                await work
            told += "".join(traceback.format_exception(fault.value))

    await gateway.close()

    told += caplog.text
    assert f"/Calls/{call.sid}.json: 200" in told
    assert "trying again" in told
    for secret in (AUTH_TOKEN, "4155550123", "2079460000", "s3cret", "voice.example.com", "Basic"):
        assert secret not in told


async def test_number_in_twilios_own_words_is_taken_out(
    odd_gateway: TwilioGateway, odd_twilio: OddTwilio
) -> None:
    words = f"'To' number +14155550123 of {CALL_SID}\nis not 14155550123"
    odd_twilio.answers(json_answer({"code": 21211, "message": words}, status=400))

    with pytest.raises(TwilioRefusedError) as refusal:
        await fetch(odd_gateway, CALL_SID)

    assert str(refusal.value).endswith(f"'To' number (number) of {CALL_SID} is not (number)")


async def test_warming_up_opens_a_connection_and_survives_twilios_absence(
    gateway: TwilioGateway, key_gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    await gateway.warm()
    await key_gateway.warm()
    assert [one.status for one in twilio.requests] == [200, 401]

    await twilio.stop()
    await gateway.warm()


async def test_credentials_that_are_refused_at_the_start_are_told_with_the_next_step(
    gateway: TwilioGateway, twilio: TwilioStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    twilio.account.auth_token = "another"

    await gateway.warm()

    assert "does not accept the credentials: hookflash doctor says what to mend" in caplog.text
    assert "did not answer" not in caplog.text


async def test_account_is_shown_to_whoever_may_read_it(
    gateway: TwilioGateway, key_gateway: TwilioGateway
) -> None:
    assert await gateway.look_at_account() == AccountSight(friendly_name="Sandbox", status="active")
    assert await key_gateway.look_at_account() == AccountSight(friendly_name="", status="")


@pytest.mark.parametrize("right", RIGHTS, ids=lambda right: right.purpose)
async def test_each_right_is_tried_without_changing_anything(
    twilio: TwilioStandIn, key_gateway: TwilioGateway, right: Right
) -> None:
    twilio.account.restrict(API_KEY, ["list", "read"])
    await key_gateway.try_right(right)
    twilio.account.restrict(API_KEY, ["calls/update"])

    with pytest.raises(TwilioPermissionError):
        await key_gateway.try_right(right)

    assert {request.method for request in twilio.requests} == {"GET"}


async def test_closed_gateway_opens_again_when_it_is_used(
    gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    call = twilio.network.call_in_progress()
    await gateway.fetch_call(call.sid)
    await gateway.close()

    assert (await gateway.fetch_call(call.sid)).sid == call.sid


def test_account_sid_is_checked_before_anything_else() -> None:
    with pytest.raises(ValueError, match="account_sid"):
        gateway_to("http://127.0.0.1:1", account_sid=f"{ACCOUNT_SID}/../x")
