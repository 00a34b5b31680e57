"""The TwiML engine: what each verb lets the person on the line hear, and for how long."""

import asyncio
from datetime import timedelta

import pytest

from bot.sandbox.twilio import Call, ManualClock, Party, RealClock, TwilioStandIn

SUPPORT = "+442079460000"
VOICE_URL = "https://voice.example.com/support"


def sounds(call: Call) -> list[str]:
    """Everything that was heard on the line, in order."""
    return [sound for _, sound in call.hears_log]


async def test_verbs_follow_one_another_and_the_end_of_the_document_ends_the_call(
    twilio: TwilioStandIn, clock: ManualClock
) -> None:
    call = twilio.network.call_in_progress(
        twiml=(
            "<Response><Say>Hello <break/> there</Say><Pause length='3'/><Unknown/>"
            "<Play loop='2'>https://media.example.com/jazz%20trio.mp3?x=1</Play></Response>"
        )
    )
    heard = [call.hears]
    for seconds in (1, 3, 19, 1):
        clock.advance(seconds)
        heard.append(call.hears)

    assert heard == [
        "Say: Hello there",
        "silence",
        "Music: jazz trio",
        "Music: jazz trio",
        "the line is dead",
    ]
    assert (call.status, call.ended_because) == ("completed", "its TwiML document ended")


async def test_hang_up_ends_the_call_there(twilio: TwilioStandIn, clock: ManualClock) -> None:
    call = twilio.network.call_in_progress(
        twiml="<Response><Say>Bye</Say><Hangup/><Say>Never</Say></Response>"
    )

    clock.advance(5)

    assert call.ended_because == "its TwiML hung up"
    assert "Say: Never" not in sounds(call)


async def test_music_without_end_plays_until_somebody_acts(
    twilio: TwilioStandIn, clock: ManualClock
) -> None:
    call = twilio.network.call_in_progress(
        twiml="<Response><Play loop='0'>https://media.example.com/hold.mp3</Play></Response>"
    )

    clock.advance(100_000)

    assert (call.status, call.hears) == ("in-progress", "Music: hold")


async def test_gather_asks_waits_and_goes_on_when_nobody_presses_a_key(
    twilio: TwilioStandIn, clock: ManualClock
) -> None:
    call = twilio.network.call_in_progress(
        twiml="<Response><Gather timeout='4'><Say>Press 1</Say></Gather><Say>None</Say></Response>"
    )

    clock.advance(1)
    waiting = call.hears
    clock.advance(4)

    assert waiting == "silence"
    assert call.hears == "Say: None"


async def test_enqueued_caller_hears_hold_music(twilio: TwilioStandIn, clock: ManualClock) -> None:
    call = twilio.network.call_in_progress(twiml="<Response><Enqueue>sales</Enqueue></Response>")

    clock.advance(3600)

    assert (call.status, call.hears) == ("in-progress", "Music: hold, waiting in queue sales")


async def test_inbound_call_rings_until_its_voice_url_has_answered(
    twilio: TwilioStandIn, clock: ManualClock
) -> None:
    twilio.network.add_number(SUPPORT, "Support line", VOICE_URL)
    twilio.network.example_hosts.register(VOICE_URL, "<Response><Say>Welcome</Say></Response>")

    call = twilio.network.place_call("+14155550123", SUPPORT, caller_name="Ana")
    before = (call.status, call.hears)
    clock.advance(0.5)

    assert before == ("ringing", "ringing tone")
    assert (call.status, call.hears) == ("in-progress", "Say: Welcome")
    assert call.caller_name == "Ana"
    assert twilio.network.fetches[0].parameters["To"] == SUPPORT


@pytest.mark.parametrize(
    ("twiml", "status"),
    [
        ("<Response><Reject reason='busy'/></Response>", "busy"),
        ("<Response><Reject/></Response>", "no-answer"),
        ("<Response><Say", "failed"),
    ],
)
async def test_inbound_call_that_is_not_taken_never_was_up(
    twilio: TwilioStandIn, clock: ManualClock, twiml: str, status: str
) -> None:
    twilio.network.add_number(SUPPORT, "Support line", VOICE_URL)
    twilio.network.example_hosts.register(VOICE_URL, twiml)

    call = twilio.network.place_call("+14155550123", SUPPORT)
    clock.advance(1)

    assert (call.status, call.answered_at, call.duration_s) == (status, None, None)


async def test_number_of_others_cannot_be_called(twilio: TwilioStandIn) -> None:
    with pytest.raises(ValueError, match="no number of this account"):
        twilio.network.place_call("+14155550123", "+442079460999")


async def test_outbound_call_runs_its_twiml_once_answered(twilio: TwilioStandIn) -> None:
    call = twilio.network.call_ringing(twiml="<Response><Say>Hello</Say></Response>")

    twilio.network.answer(call.sid)

    assert (call.status, call.hears) == ("in-progress", "Say: Hello")


@pytest.mark.parametrize(
    ("direction", "status"), [("inbound", "no-answer"), ("outbound-api", "busy")]
)
async def test_person_who_turns_a_ringing_call_away(
    twilio: TwilioStandIn, direction: str, status: str
) -> None:
    call = twilio.network.call_ringing(direction=direction)

    twilio.network.hang_up_party(call.sid)

    assert call.status == status


async def test_redirect_verb_reads_relative_urls_and_takes_time_when_it_goes_round(
    twilio: TwilioStandIn, clock: ManualClock
) -> None:
    hosts = twilio.network.example_hosts
    hosts.register(
        "https://voice.example.com/a/start", "<Response><Redirect>../b?x=1</Redirect></Response>"
    )
    hosts.register("https://voice.example.com/b", "<Response><Redirect method='GET'/></Response>")
    twilio.network.add_number(SUPPORT, "Support line", "https://voice.example.com/a/start")
    twilio.network.fetch_time_s = 0

    call = twilio.network.place_call("+14155550123", SUPPORT)
    clock.advance(0.01)

    assert call.is_live
    assert {fetch.url for fetch in twilio.network.fetches[1:]} == {
        "https://voice.example.com/b?x=1"
    }
    assert [fetch.method for fetch in twilio.network.fetches[:3]] == ["POST", "POST", "GET"]
    assert len(twilio.network.fetches) == 10


async def test_dial_gives_up_after_its_timeout_and_goes_on(
    twilio: TwilioStandIn, clock: ManualClock
) -> None:
    twilio.network.default_party = Party("no-answer")
    call = twilio.network.call_in_progress(
        twiml="<Response><Dial timeout='7'>+442079460111</Dial><Say>Nobody</Say></Response>"
    )
    leg = next(one for one in twilio.network.calls.values() if one is not call)

    clock.advance(6.9)
    before = leg.status
    clock.advance(0.1)

    assert (before, leg.status) == ("ringing", "no-answer")
    assert call.hears == "Say: Nobody"


async def test_dial_ends_when_its_time_limit_is_up(
    twilio: TwilioStandIn, clock: ManualClock
) -> None:
    call = twilio.network.call_in_progress(
        twiml="<Response><Dial timeLimit='60'>+442079460111</Dial><Say>Enough</Say></Response>"
    )
    leg = next(one for one in twilio.network.calls.values() if one is not call)

    clock.advance(62.6)

    assert (leg.status, leg.duration_s) == ("completed", 60)
    assert call.hears == "Say: Enough"


async def test_dial_of_nothing_that_can_be_dialled_goes_on(twilio: TwilioStandIn) -> None:
    call = twilio.network.call_in_progress(
        twiml="<Response><Dial><Queue>x</Queue></Dial><Say>Next</Say></Response>"
    )

    assert call.hears == "Say: Next"


async def test_time_limit_of_a_dial_holds_when_other_legs_stop_ringing(
    twilio: TwilioStandIn, clock: ManualClock
) -> None:
    call = twilio.network.call_in_progress(
        twiml=(
            "<Response><Dial timeLimit='60'><Number>+442079460111</Number>"
            "<Number>+442079460112</Number><Number>+442079460113</Number></Dial></Response>"
        )
    )

    clock.advance(62.4)
    before = call.hears
    clock.advance(0.1)

    assert before == "talking with +442079460111"
    assert call.status == "completed"


@pytest.mark.parametrize("length", ["abc", "-3", "1e400", "nan", "9" * 5000])
async def test_attribute_that_is_no_number_counts_as_its_default(
    twilio: TwilioStandIn, clock: ManualClock, length: str
) -> None:
    call = twilio.network.call_in_progress(twiml=f"<Response><Pause length='{length}'/></Response>")

    clock.advance(0.9)
    before = call.status
    clock.advance(0.1)

    assert (before, call.status) == ("in-progress", "completed")


@pytest.mark.parametrize("host", ["voice.acme.com", "203.0.113.7", "example.com.acme.io", ""])
async def test_only_names_reserved_for_examples_can_be_hosts(
    twilio: TwilioStandIn, host: str
) -> None:
    with pytest.raises(ValueError, match="could be a real host"):
        twilio.network.example_hosts.register(f"https://{host}/x", "<Response/>")


async def test_removed_page_is_no_longer_there(twilio: TwilioStandIn) -> None:
    hosts = twilio.network.example_hosts
    hosts.register(VOICE_URL, "<Response/>")

    hosts.remove(VOICE_URL)

    assert hosts.page_at(VOICE_URL) is None


async def test_real_clock_lets_calls_live() -> None:
    async with TwilioStandIn(account_sid="AC" + "0" * 32, auth_token="t") as real:
        real.network.fetch_time_s = 0.01
        real.network.example_hosts.register(VOICE_URL, "<Response><Pause length='60'/></Response>")
        real.network.add_number(SUPPORT, "Support line", VOICE_URL)
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def watch(_thing: object) -> None:
            if call.is_in_progress and not answered.done():
                answered.set_result(None)

        call = real.network.place_call("+14155550123", SUPPORT)
        real.network.subscribe(watch)
        await asyncio.wait_for(answered, 5)

        assert RealClock().now() - call.created_at < timedelta(seconds=5)
        assert call.answered_at is not None


def test_manual_clock_fires_in_order_each_timer_at_its_own_time() -> None:
    clock = ManualClock()
    start_at = clock.now()
    fired: list[tuple[str, float]] = []

    def fire(name: str) -> None:
        fired.append((name, (clock.now() - start_at).total_seconds()))

    def fire_and_go_on() -> None:
        fire("first")
        clock.call_later(0.5, lambda: fire("nested"))

    clock.call_later(2, lambda: fire("second"))
    clock.call_later(1, fire_and_go_on)
    clock.call_later(1.2, lambda: fire("cancelled")).cancel()
    clock.call_later(9, lambda: fire("too late"))
    clock.advance(3)

    assert fired == [("first", 1.0), ("nested", 1.5), ("second", 2.0)]
    assert (clock.now() - start_at).total_seconds() == 3
