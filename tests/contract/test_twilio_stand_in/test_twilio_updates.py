"""UpdateCall: hanging up and redirecting, in every state that a call can be in."""

import pytest

from bot.sandbox.twilio import Call, ManualClock, PhoneNetwork, TwilioStandIn
from tests.contract.test_twilio_stand_in.talk import Api, Sdk

HOLD = "<Response><Play loop='0'>https://media.example.com/hold.mp3</Play></Response>"
HOLD_URL = "https://voice.example.com/hold"


def call_in(status: str, network: PhoneNetwork) -> Call:
    """A call in that status, of the kind that has it in real life."""
    match status:
        case "queued":
            return network.call_queued()
        case "ringing":
            return network.call_ringing()
        case "in-progress":
            return network.call_in_progress()
        case "initiated":
            return network.dial(network.call_in_progress(), status="initiated")
        case _:
            return network.call_ended(status=status)


@pytest.mark.parametrize(
    ("before", "asked", "after"),
    [
        ("queued", "completed", "canceled"),
        ("ringing", "completed", "canceled"),
        ("initiated", "completed", "canceled"),
        ("in-progress", "completed", "completed"),
        ("queued", "canceled", "canceled"),
        ("ringing", "canceled", "canceled"),
        ("in-progress", "canceled", "in-progress"),
    ],
)
async def test_hanging_up_ends_a_call_as_its_state_allows(
    api: Api, twilio: TwilioStandIn, before: str, asked: str, after: str
) -> None:
    call = call_in(before, twilio.network)

    reply = await api.update(call, Status=asked)

    assert (reply.status, reply.json["status"]) == (200, after)
    assert call.status == after


@pytest.mark.parametrize("status", ["completed", "busy", "failed", "no-answer", "canceled"])
@pytest.mark.parametrize(
    "form", [{"Status": "completed"}, {"Twiml": HOLD}, {"Url": HOLD_URL}, {"TimeLimit": "60"}]
)
async def test_call_that_is_over_takes_no_update(
    api: Api, twilio: TwilioStandIn, status: str, form: dict[str, str]
) -> None:
    call = call_in(status, twilio.network)

    reply = await api.update(call, **form)

    assert (reply.status, reply.code) == (400, 21220)
    assert reply.json["message"] == "Call is not in-progress. Cannot redirect."
    assert call.status == status


async def test_hanging_up_an_ended_call_can_be_made_to_pass(
    api: Api, twilio: TwilioStandIn
) -> None:
    twilio.open_questions.refuses_hang_up_of_ended_calls = False
    call = twilio.network.call_ended(status="busy")

    reply = await api.update(call, Status="completed")

    assert (reply.status, reply.json["status"]) == (200, "busy")


@pytest.mark.parametrize("status", ["queued", "ringing", "initiated"])
@pytest.mark.parametrize("form", [{"Twiml": HOLD}, {"Url": HOLD_URL}])
async def test_call_that_is_not_up_cannot_be_redirected(
    api: Api, twilio: TwilioStandIn, status: str, form: dict[str, str]
) -> None:
    call = call_in(status, twilio.network)

    reply = await api.update(call, **form)

    assert (reply.status, reply.code) == (400, 21220)
    assert call.status == status


async def test_inline_twiml_is_heard_at_once(sdk: Sdk, twilio: TwilioStandIn) -> None:
    call = twilio.network.call_in_progress()

    answer = await sdk.do(lambda client: client.calls(call.sid).update(twiml=HOLD))

    assert str(answer.status) == "in-progress"
    assert call.hears == "Music: hold"
    assert twilio.network.fetches == []


async def test_redirect_to_a_url_is_heard_when_the_document_was_fetched(
    sdk: Sdk, twilio: TwilioStandIn, clock: ManualClock
) -> None:
    twilio.network.example_hosts.register(HOLD_URL, HOLD)
    call = twilio.network.call_in_progress(hears="talking with an agent")

    answer = await sdk.do(lambda client: client.calls(call.sid).update(url=HOLD_URL, method="GET"))
    before = call.hears
    clock.advance(1)

    assert str(answer.status) == "in-progress"
    assert (before, call.hears) == ("silence", "Music: hold")
    (fetch,) = twilio.network.fetches
    assert (fetch.url, fetch.method, fetch.status) == (HOLD_URL, "GET", 200)
    assert fetch.parameters["CallSid"] == call.sid


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (
            "https://nowhere.example.com/x",
            "11200: nothing answers at https://nowhere.example.com/x",
        ),
        ("https://voice.example.com/down", "11200: https://voice.example.com/down answered with"),
        ("https://voice.example.com/broken", "12100: the document does not parse"),
        ("https://voice.example.com/page", "12100: the document is no <Response> but <html>"),
    ],
)
async def test_redirect_to_a_broken_url_is_taken_and_ends_the_call_right_after(
    api: Api, twilio: TwilioStandIn, clock: ManualClock, url: str, reason: str
) -> None:
    hosts = twilio.network.example_hosts
    hosts.register("https://voice.example.com/down", "", status=500)
    hosts.register("https://voice.example.com/broken", "<Response><Say>")
    hosts.register("https://voice.example.com/page", "<html/>")
    call = twilio.network.call_in_progress()

    reply = await api.update(call, Url=url)
    clock.advance(1)

    assert (reply.status, reply.json["status"]) == (200, "in-progress")
    assert call.status == "completed"
    assert call.ended_because is not None
    assert call.ended_because.startswith(reason)
    assert "application error" in call.hears_log[-2][1]


async def test_fallback_url_catches_a_broken_redirect(
    api: Api, twilio: TwilioStandIn, clock: ManualClock
) -> None:
    twilio.network.example_hosts.register(HOLD_URL, HOLD)
    call = twilio.network.call_in_progress()

    await api.update(call, Url="https://nowhere.example.com/", FallbackUrl=HOLD_URL)
    clock.advance(1)

    assert call.hears == "Music: hold"
    assert [fetch.status for fetch in twilio.network.fetches] == [None, 200]


@pytest.mark.parametrize(
    "twiml",
    [
        "<Response><Say>Hello",
        '<!DOCTYPE x [<!ENTITY e "x">]><Response><Say>&e;</Say></Response>',
        "<Say>Hello</Say>",
        "",
    ],
)
async def test_inline_twiml_that_does_not_parse_is_taken_and_ends_the_call(
    api: Api, twilio: TwilioStandIn, twiml: str
) -> None:
    call = twilio.network.call_in_progress()

    reply = await api.update(call, Twiml=twiml)

    assert (reply.status, reply.json["status"]) == (200, "in-progress")
    assert call.status == "completed"
    assert call.ended_because is not None
    assert call.ended_because.startswith("12100")


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"Url": HOLD_URL, "Twiml": HOLD}, 21205),
        ({"Url": "hold"}, 21205),
        ({"Url": "ftp://voice.example.com/hold"}, 21205),
        ({"Url": "https://my_host.example.com/hold"}, 21205),
        ({"Url": "https://[::1/hold"}, 21205),
        ({"Url": HOLD_URL, "Method": "PUT"}, 20422),
        ({"Twiml": "x" * 4001}, 20422),
        ({"Status": "ended"}, 20422),
        ({"TimeLimit": "soon"}, 20422),
        ({"TimeLimit": "0"}, 20422),
    ],
)
async def test_update_with_a_wrong_parameter_changes_nothing(
    api: Api, twilio: TwilioStandIn, form: dict[str, str], code: int
) -> None:
    call = twilio.network.call_in_progress(hears="talking with an agent")

    reply = await api.update(call, **form)

    assert (reply.status, reply.code) == (400, code)
    assert call.is_in_progress
    assert call.hears == "talking with an agent"


async def test_longest_twiml_is_taken(api: Api, twilio: TwilioStandIn) -> None:
    call = twilio.network.call_in_progress()
    frame = "<Response><Say></Say></Response>"
    twiml = frame.replace("><S", f">{' ' * (4000 - len(frame))}<S")

    reply = await api.update(call, Twiml=twiml)

    assert len(twiml) == 4000
    assert reply.status == 200


async def test_empty_update_is_taken_and_changes_nothing(api: Api, twilio: TwilioStandIn) -> None:
    call = twilio.network.call_in_progress(hears="talking with an agent")

    reply = await api.update(call)

    assert (reply.status, reply.json["status"]) == (200, "in-progress")
    assert call.hears == "talking with an agent"


async def test_body_that_is_no_form_counts_as_empty(api: Api, twilio: TwilioStandIn) -> None:
    call = twilio.network.call_in_progress()

    reply = await api.ask("POST", f"/Calls/{call.sid}.json", json={"Status": "completed"})

    assert (reply.status, reply.json["status"]) == (200, "in-progress")


async def test_time_limit_counts_from_the_answer_and_the_last_one_counts(
    api: Api, twilio: TwilioStandIn, clock: ManualClock
) -> None:
    call = twilio.network.call_in_progress()
    clock.advance(30)

    await api.update(call, TimeLimit="60")
    await api.update(call, TimeLimit="90")
    clock.advance(59)
    before = call.status
    clock.advance(1)

    assert (before, call.status) == ("in-progress", "completed")
    assert call.ended_because == "its time limit was reached"
    assert call.duration_s == 90


async def test_call_of_nobody_cannot_be_updated(api: Api) -> None:
    reply = await api.ask("POST", f"/Calls/CA{'0' * 32}.json", data={"Status": "completed"})

    assert (reply.status, reply.code) == (404, 20404)
