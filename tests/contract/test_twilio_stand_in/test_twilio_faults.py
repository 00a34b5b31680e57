"""Faults on demand: what goes wrong, for whom, and whether the request was carried out."""

import asyncio

import aiohttp
import pytest
from twilio.base.exceptions import TwilioRestException

from bot.sandbox.twilio import FaultKind, ReceivedRequest, TwilioStandIn
from tests.contract.test_twilio_stand_in.talk import Api, Sdk


@pytest.mark.parametrize(
    ("kind", "status", "code"), [("429", 429, 20429), ("500", 500, 20500), ("503", 503, 20503)]
)
async def test_refusals_come_as_often_as_asked_and_change_nothing(
    api: Api, twilio: TwilioStandIn, kind: str, status: int, code: int
) -> None:
    call = twilio.network.call_in_progress()
    twilio.faults.next(kind, match="POST", times=2, retry_after_s=3)

    looked = await api.get(f"/Calls/{call.sid}.json")
    refused = [await api.update(call, Status="completed") for _ in range(2)]
    still_up = call.is_in_progress
    done = await api.update(call, Status="completed")

    assert looked.status == 200
    assert [(reply.status, reply.code) for reply in refused] == [(status, code)] * 2
    assert refused[0].headers["Retry-After"] == "3"
    assert still_up
    assert done.json["status"] == "completed"
    assert [request.status for request in twilio.requests[1:]] == [status, status, 200]


async def test_twilios_client_tells_the_code_of_a_refusal(sdk: Sdk, twilio: TwilioStandIn) -> None:
    call = twilio.network.call_in_progress()
    twilio.faults.next(FaultKind.TOO_MANY_REQUESTS)

    with pytest.raises(TwilioRestException) as refusal:
        await sdk.do(lambda client: client.calls(call.sid).fetch())

    assert (refusal.value.status, refusal.value.code) == (429, 20429)


async def test_server_error_can_come_after_the_call_was_changed(
    api: Api, twilio: TwilioStandIn
) -> None:
    call = twilio.network.call_in_progress()
    twilio.faults.next("500", acts=True)

    reply = await api.update(call, Status="completed")

    assert reply.status == 500
    assert call.status == "completed"


async def test_bad_gateway_is_a_page_and_no_json(api: Api, twilio: TwilioStandIn) -> None:
    twilio.faults.next("502")

    reply = await api.get("/Calls.json")

    assert reply.status == 502
    assert reply.text.startswith("<html>")
    assert "text/html" in reply.headers["Content-Type"]


async def test_malformed_json_breaks_off_after_the_request_was_carried_out(
    api: Api, twilio: TwilioStandIn
) -> None:
    call = twilio.network.call_in_progress()
    twilio.faults.next("malformed_json")

    reply = await api.update(call, Status="completed")

    assert reply.status == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        _ = reply.json
    assert call.status == "completed"


@pytest.mark.parametrize(
    ("kind", "status"), [("drop_before", "in-progress"), ("drop_after", "completed")]
)
async def test_connection_drops_before_or_after_the_request_was_carried_out(
    api: Api, twilio: TwilioStandIn, kind: str, status: str
) -> None:
    call = twilio.network.call_in_progress()
    twilio.faults.next(kind)

    with pytest.raises(aiohttp.ClientConnectionError):
        await api.update(call, Status="completed")

    assert call.status == status
    assert twilio.requests[-1].status is None


@pytest.mark.parametrize(("acts", "status"), [(False, "in-progress"), (True, "completed")])
async def test_silence_can_hide_that_the_request_was_carried_out(
    api: Api, twilio: TwilioStandIn, *, acts: bool, status: str
) -> None:
    call = twilio.network.call_in_progress()
    twilio.faults.next("silent", acts=acts)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(api.update(call, Status="completed"), 0.5)
    after = await api.get(f"/Calls/{call.sid}.json")

    assert call.status == after.json["status"] == status


async def test_slow_answer_comes_late_but_right(api: Api, twilio: TwilioStandIn) -> None:
    call = twilio.network.call_in_progress()
    twilio.faults.next("slow", seconds=0.2)
    ended = asyncio.Event()
    twilio.network.subscribe(lambda _call: ended.set())

    waiting = asyncio.create_task(api.update(call, Status="completed"))
    await ended.wait()
    answered_at_once = waiting.done()
    reply = await waiting

    assert not answered_at_once
    assert reply.json["status"] == "completed"


async def test_slow_answer_can_be_let_go_before_its_time(api: Api, twilio: TwilioStandIn) -> None:
    call = twilio.network.call_in_progress()
    slow = twilio.faults.next("slow", seconds=600)
    waiting = asyncio.create_task(api.update(call, Status="completed"))

    slow.let_go()

    assert (await waiting).json["status"] == "completed"


async def test_stopping_does_not_wait_for_the_silent(api: Api, twilio: TwilioStandIn) -> None:
    arrived = asyncio.Event()

    def notice(_request: ReceivedRequest) -> bool:
        arrived.set()
        return True

    twilio.faults.next("silent", match=notice)
    waiting = asyncio.create_task(api.get("/Calls.json"))
    await arrived.wait()

    await asyncio.wait_for(twilio.stop(), 30)

    with pytest.raises(aiohttp.ClientConnectionError):
        await waiting


async def test_standing_fault_stays_until_it_is_cleared(api: Api, twilio: TwilioStandIn) -> None:
    fault = twilio.faults.standing("503", match="Status=ringing")

    spoilt = [(await api.get("/Calls.json", Status="ringing")).status for _ in range(3)]
    other = await api.get("/Calls.json", Status="queued")
    twilio.faults.clear(fault)
    healed = await api.get("/Calls.json", Status="ringing")

    assert spoilt == [503, 503, 503]
    assert (other.status, healed.status) == (200, 200)


async def test_match_can_be_any_question_about_the_request(api: Api, twilio: TwilioStandIn) -> None:
    first, second = (twilio.network.call_in_progress() for _ in range(2))
    twilio.faults.next("500", match=lambda request: request.form.get("Status") == "completed")

    redirect = await api.update(first, Twiml="<Response><Pause/></Response>")
    hang_up = await api.update(second, Status="completed")

    assert (redirect.status, hang_up.status) == (200, 500)


async def test_faults_are_met_in_the_order_in_which_they_were_asked_for(
    api: Api, twilio: TwilioStandIn
) -> None:
    twilio.faults.next("429")
    twilio.faults.next("503")

    statuses = [(await api.get("/Calls.json")).status for _ in range(3)]

    assert statuses == [429, 503, 200]


async def test_clearing_takes_back_everything(api: Api, twilio: TwilioStandIn) -> None:
    twilio.faults.next("429", times=5)
    twilio.faults.standing("503")

    twilio.faults.clear()

    assert (await api.get("/Calls.json")).status == 200


async def test_unknown_fault_is_refused_where_it_is_asked_for(twilio: TwilioStandIn) -> None:
    with pytest.raises(ValueError, match="418"):
        twilio.faults.next("418")


async def test_too_many_requests_at_once_are_refused(api: Api, twilio: TwilioStandIn) -> None:
    twilio.faults.latency_s = 0.1
    twilio.faults.rate_limit_concurrency = 2

    replies = await asyncio.gather(*(api.get("/Calls.json") for _ in range(3)))
    alone = await api.get("/Calls.json")

    assert sorted(reply.status for reply in replies) == [200, 200, 429]
    assert alone.status == 200
