"""Who may ask the stand-in for what, and how it refuses."""

import re

import pytest

from bot.sandbox.twilio import TwilioStandIn
from tests.contract.test_twilio_stand_in.talk import ACCOUNT_SID, API_KEY, API_SECRET, BASE, Api


@pytest.mark.parametrize(
    ("user", "password"),
    [(ACCOUNT_SID, "wrong"), (API_KEY, "wrong"), ("SK" + "f" * 32, API_SECRET), ("", "")],
)
async def test_wrong_credentials_are_refused(api: Api, user: str, password: str) -> None:
    api.user, api.password = user, password

    reply = await api.get("/Calls.json")

    assert (reply.status, reply.code) == (401, 20003)
    assert reply.json["message"] == "Authenticate"
    assert reply.json["status"] == 401
    assert reply.json["more_info"] == "https://www.twilio.com/docs/errors/20003"
    assert "detail" in reply.json


@pytest.mark.parametrize("header", ["", "Basic", "Basic %%%", "Bearer abc", "Basic //79"])
async def test_credentials_that_make_no_sense_are_refused(api: Api, header: str) -> None:
    reply = await api.ask("GET", "/Calls.json", headers={"Authorization": header})

    assert (reply.status, reply.code) == (401, 20003)


async def test_api_key_opens_the_account(api: Api, twilio: TwilioStandIn) -> None:
    api.user, api.password = API_KEY, API_SECRET

    reply = await api.get("/Calls.json")

    assert reply.status == 200
    assert twilio.requests[-1].user == API_KEY


async def test_suspended_account_answers_nothing_until_it_is_active_again(
    api: Api, twilio: TwilioStandIn
) -> None:
    twilio.account.suspend()
    refused = await api.get(".json")
    twilio.account.activate()
    let_in = await api.get(".json")

    assert (refused.status, refused.code) == (401, 20005)
    assert (let_in.status, let_in.json["status"]) == (200, "active")


async def test_account_does_not_tell_its_token(api: Api) -> None:
    reply = await api.get(".json")

    assert reply.json["sid"] == ACCOUNT_SID
    assert api.password not in reply.text


async def test_another_account_is_not_found(api: Api) -> None:
    reply = await api.ask("GET", f"/2010-04-01/Accounts/AC{'f' * 32}/Calls.json")

    assert (reply.status, reply.code) == (404, 20404)


async def test_paths_that_lead_nowhere_are_not_found(api: Api, twilio: TwilioStandIn) -> None:
    call = twilio.network.call_in_progress()

    for path in (f"/Calls/{call.sid[:-1]}.json", "/Calls/none.json", "/Nothing.json"):
        reply = await api.get(path)
        assert (reply.status, reply.code) == (404, 20404), path


async def test_restricted_key_may_do_what_it_was_granted_and_no_more(
    api: Api, twilio: TwilioStandIn
) -> None:
    call = twilio.network.call_in_progress()
    twilio.account.restrict(API_KEY, {"calls/list", "read"})
    api.user, api.password = API_KEY, API_SECRET

    listed = await api.get("/Calls.json")
    fetched = await api.get(f"/Calls/{call.sid}.json")
    numbers = await api.get("/IncomingPhoneNumbers.json")
    update = await api.update(call, Status="completed")

    assert (listed.status, fetched.status) == (200, 200)
    assert (numbers.status, numbers.code) == (401, 70051)
    assert (update.status, update.code) == (401, 70051)
    assert "/twilio/voice/calls/update" in update.json["message"]
    assert call.is_in_progress


async def test_method_that_a_resource_does_not_know_is_refused(api: Api) -> None:
    reply = await api.ask("DELETE", "/Calls.json")

    assert (reply.status, reply.code) == (405, 20004)


async def test_answers_in_xml_are_refused_plainly(api: Api) -> None:
    reply = await api.get("/Calls")

    assert reply.status == 406
    assert ".json" in reply.text


async def test_every_answer_carries_the_headers_that_operators_watch(
    api: Api, twilio: TwilioStandIn
) -> None:
    replies = [await api.get("/Calls.json"), await api.get("/Nothing.json")]

    for reply, request in zip(replies, twilio.requests, strict=True):
        assert re.fullmatch("RQ[0-9a-f]{32}", reply.headers["Twilio-Request-Id"])
        assert reply.headers["Twilio-Request-Id"] == request.request_id
        assert reply.headers["Twilio-Concurrent-Requests"] == "1"
        assert float(reply.headers["Twilio-Request-Duration"]) >= 0


async def test_requests_are_remembered_in_order(api: Api, twilio: TwilioStandIn) -> None:
    call = twilio.network.call_in_progress()

    await api.get("/Calls.json", Status="ringing")
    await api.update(call, Status="completed")
    await api.update(call, Status="completed")

    first, second, third = twilio.requests
    assert first.line == f"GET {BASE}/Calls.json?Status=ringing"
    assert (second.method, second.form, second.status) == ("POST", {"Status": "completed"}, 200)
    assert third.status == 400
    assert twilio.updates(call.sid) == [{"Status": "completed"}] * 2
