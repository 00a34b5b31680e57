"""Redirecting by command: names, URLs, TwiML, reasons; what is refused; what came of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.sandbox.twilio import Call
from bot.slack.views.typed_inputs import REASON_BLOCK, WHERE_TO_BLOCK
from tests.scenario.company import (
    ADA,
    ANA,
    BEN,
    SUPPORT,
    SUPPORT_FLOW,
    SUPPORT_LINE,
    Company,
)
from tests.scenario.reading import buttons, shown

CALLER = "+14155550123"
EXPERT = "+442079460999"
HOLD = "https://voice.example.com/hold"
ELSEWHERE = "https://other.example.org/hold"
STUDIO_FLOW = f"https://webhooks.twilio.com/v1/Accounts/AC{'1' * 32}/Flows/FW{'2' * 32}"
GREETING = "<Response><Say>One moment, please.</Say><Pause length='60'/></Response>"


@pytest.fixture
def call(company: Company) -> Call:
    """The one live call."""
    hosts = company.twilio.network.example_hosts
    hosts.register(HOLD, "<Response><Say>Please hold</Say><Pause length='600'/></Response>")
    hosts.register(ELSEWHERE, "<Response><Say>Elsewhere</Say><Pause length='600'/></Response>")
    return company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)


async def assert_nothing_was_sent(company: Company, call: Call) -> str:
    """The call goes on as it was; what the person was told."""
    assert company.changes_sent() == []
    assert call.is_live
    assert company.posted() == []
    return company.last(ANA).text


async def redirect_without_second_look(company: Company, call: Call, target: str) -> None:
    """Ana has her answer, and the second look is still to come."""
    await company.slack.command(ANA, SUPPORT, f"/calls redirect {call.sid} {target}")
    is_answered = asyncio.Event()
    company.slack.workspace.subscribe(is_answered.set)
    await is_answered.wait()


async def redirect_and_hang_up_soon(company: Company, call: Call, target: str) -> None:
    """The call ends between Twilio's answer and the second look."""
    await redirect_without_second_look(company, call, target)
    company.twilio.network.hang_up_party(call.sid)
    await company.at_rest()


@pytest.mark.parametrize(
    "typed",
    ["hold-music", "Hold music", "hold MUSIC", "“Hold music”", "hold\N{NO-BREAK SPACE}music"],
)
async def test_a_target_is_called_by_its_name_however_it_is_spelt(
    company: Company, call: Call, typed: str
) -> None:
    await company.say(ANA, f"/calls redirect {call.sid} {typed} waiting for an expert")

    (sent,) = company.changes_sent()
    (result,) = company.posted()
    assert "<Enqueue>" in sent["Twiml"]
    assert f"Redirected to Hold music by <@{ANA}>; Twilio took it at <!date^" in shown(result)
    assert "Reason: waiting for an expert" in shown(result)
    assert buttons(result) == ["Details"]
    assert call.is_live
    assert await company.events() == [(ANA, "redirect requested"), (ANA, "redirect succeeded")]


@pytest.mark.parametrize("target", ["sorry", "<Response><Hangup/></Response>"])
async def test_a_target_that_is_meant_to_end_the_call_raises_no_alarm(
    company: Company, call: Call, target: str
) -> None:
    await redirect_and_hang_up_soon(company, call, target)

    (result,) = company.posted()
    assert not call.is_live
    assert "ended right after" not in shown(result)
    assert [event for _, event in await company.events()] == [
        "redirect requested",
        "redirect succeeded",
    ]


async def test_the_own_flow_is_the_voice_url_of_the_number_called(
    company: Company, call: Call
) -> None:
    await company.say(ANA, f"/calls redirect {call.sid} own-flow")

    (sent,) = company.changes_sent()
    assert (sent["Url"], sent["Method"]) == (SUPPORT_FLOW, "POST")
    assert "Redirected to Back to the number's own flow" in shown(company.posted()[0])


async def test_the_own_flow_is_the_one_that_the_number_has_now(
    company: Company, call: Call
) -> None:
    """In an outage its voice URL is changed first, and then the calls are sent there."""
    await company.say(ANA, f"/calls redirect {call.sid} own-flow")
    numbers = company.twilio.network.numbers
    numbers |= {sid: replace(number, voice_url=HOLD) for sid, number in numbers.items()}

    await company.say(ANA, f"/calls redirect {call.sid} own-flow")

    assert [sent["Url"] for sent in company.changes_sent()] == [SUPPORT_FLOW, HOLD]


async def test_a_call_without_a_number_of_ours_has_no_own_flow(company: Company) -> None:
    stray = company.twilio.network.call_in_progress("+12125550100", "+13125550177")

    await company.say(ANA, f"/calls redirect {stray.sid} own-flow")

    assert "leads nowhere for this call" in company.last(ANA).text
    assert company.changes_sent() == []
    assert (await company.log())[-1].entry.details["reason"] == "no_target"


@pytest.mark.parametrize(
    ("verbs", "said"),
    [
        ("<Say>Fish & chips</Say>", "Write &amp; as &amp;amp;."),
        (f"<Dial>+44<Number>{EXPERT}</Number>2079460000</Dial>", "It must be a number in E.164"),
    ],
)
async def test_twiml_that_cannot_be_sent_is_told_with_how_to_write_it(
    company: Company, call: Call, verbs: str, said: str
) -> None:
    """An & is no XML; and of a number in pieces nobody knows which ones Twilio dials."""
    delivery = await company.say(ANA, f"/calls redirect {call.sid} <Response>{verbs}</Response>")

    assert said in delivery.body
    assert company.changes_sent() == []


@pytest.mark.parametrize("typed", ["own-flow", STUDIO_FLOW])
async def test_no_call_is_cut_off_by_a_studio_flow_that_does_not_take_it(
    company: Company, typed: str
) -> None:
    """Studio takes a call only while it rings."""
    network = company.twilio.network
    network.add_number("+442079460777", "Studio line", STUDIO_FLOW)
    call = network.call_in_progress(CALLER, "+442079460777")

    await company.say(ADA, f"/calls redirect {call.sid} {typed}")

    assert "Twilio sends no call that is up" in company.last(ADA).text
    assert company.changes_sent() == []
    assert call.is_live


async def test_a_call_is_given_back_to_the_studio_flow_that_it_came_from(
    company: Company, call: Call
) -> None:
    await company.say(ADA, f"/calls redirect {call.sid} {STUDIO_FLOW}?FlowEvent=return")

    (sent,) = company.changes_sent()
    assert sent["Url"] == f"{STUDIO_FLOW}?FlowEvent=return"


async def test_a_url_is_sent_as_it_was_typed_and_the_party_hears_what_it_answers(
    company: Company, call: Call
) -> None:
    url = f"{HOLD}?queue=1&lang=en"

    await company.say(ANA, f"/calls redirect {call.sid} {url} gone to lunch")

    (sent,) = company.changes_sent()
    (result,) = company.posted()
    assert sent["Url"] == url
    assert "Please hold" in call.hears
    assert "Redirected to a URL at voice.example.com" in shown(result)
    assert "queue=1" not in shown(result)
    assert "Reason: gone to lunch" in shown(result)
    assert (await company.log())[0].personal["target"] == f"url:{url}"


async def test_twiml_is_sent_as_it_was_typed(company: Company, call: Call) -> None:
    await company.say(ANA, f"/calls redirect {call.sid} {GREETING} calm the caller")

    (sent,) = company.changes_sent()
    assert sent == {"Twiml": GREETING}
    assert "One moment, please." in call.hears
    assert "Redirected to TwiML" in shown(company.posted()[0])
    assert "Reason: calm the caller" in shown(company.posted()[0])


@pytest.mark.parametrize(
    ("typed", "sent_twiml"),
    [
        (f"<Response><Redirect>{HOLD}</Redirect></Response>",) * 2,
        (f"<Response><Redirect>{HOLD}?a=1&amp;b=2</Redirect></Response>",) * 2,
        (
            f"<Response><Dial action=“{HOLD}”>+442079460111</Dial></Response>",
            f'<Response><Dial action="{HOLD}">+442079460111</Dial></Response>',
        ),
        (
            "<Response>\N{NO-BREAK SPACE}<Say>it\u2019s us</Say></Response>",
            "<Response> <Say>it's us</Say></Response>",
        ),
        ("<Response><Say>Fish &amp; chips &lt;now&gt;</Say></Response>",) * 2,
    ],
    ids=["URL", "URL with &", "curly quotes", "no-break space", "entities"],
)
async def test_what_slack_and_keyboards_do_to_twiml_is_undone(
    company: Company, call: Call, typed: str, sent_twiml: str
) -> None:
    company.slack.escaping.phone_numbers = True

    await company.say(ANA, f"/calls redirect {call.sid} {typed}")

    assert company.changes_sent() == [{"Twiml": sent_twiml}]


@pytest.mark.parametrize(
    ("target", "part", "rule"),
    [
        (ELSEWHERE, "other.example.org", "it is not on the list"),
        (
            f"<Response><Play>{ELSEWHERE}</Play></Response>",
            "other.example.org",
            "it is not on the list",
        ),
        (
            "<Response><Dial>+14155550199</Dial></Response>",
            "+14155550199",
            "its prefix is not on the list",
        ),
    ],
)
async def test_the_lists_bind_operators_and_not_admins(
    company: Company, call: Call, target: str, part: str, rule: str
) -> None:
    await company.say(ANA, f"/calls redirect {call.sid} {target}")
    told = await assert_nothing_was_sent(company, call)
    await company.say(ADA, f"/calls redirect {call.sid} {target}")

    assert part in told
    assert rule in told
    assert f"Ask <@{ADA}>." in told
    assert len(company.changes_sent()) == 1
    refused = (await company.log())[0]
    assert (refused.entry.event, refused.entry.actor_user_id) == ("denied", ANA)
    assert refused.entry.details["reason"] == "target_not_allowed"
    assert target in refused.personal["target"]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://voice.example.com/hold", "starts with https://"),
        ("https://127.0.0.1/hold", "An IP address is no host"),
        ("https://2130706433/", "An IP address is no host"),
        ("https://0x7f000001/", "An IP address is no host"),
        ("https://0177.0.0.1/", "An IP address is no host"),
        ("https://127.1/", "An IP address is no host"),
        ("https://[::1]/", "An IP address is no host"),
        ("https://[::ffff:127.0.0.1]/", "An IP address is no host"),
        ("https://169.254.169.254/latest/meta-data", "An IP address is no host"),
        ("https://localhost/", "not on the public Internet"),
        ("https://db.internal/", "not on the public Internet"),
        ("https://127.0.0.1.nip.io/", "not on the public Internet"),
        ("https://user:secret@voice.example.com/", "no user name or password"),
        ("https://voice_1.example.com/", "underscore"),
        ("https://voice.example.com./", "may not end in a dot"),
        ("https://voice.example.com:22/", "port"),
        ("https://voice.example.com/#ct=1", "no # part"),
        ("https://voice.example.com/" + "a" * 2000, "at most 2,000 characters"),
        ("ftp://voice.example.com/", "starts with https://"),
    ],
)
async def test_the_form_of_a_url_binds_everybody(
    company: Company, call: Call, url: str, problem: str
) -> None:
    await company.say(ADA, f"/calls redirect {call.sid} {url}")

    told = company.last(ADA)
    assert told.ephemeral_to == ADA
    assert problem in told.text
    assert "Example: https://voice.example.com/hold" in told.text
    assert "secret" not in told.text
    assert company.changes_sent() == []
    assert await company.log() == []


@pytest.mark.parametrize(
    ("target", "problem", "logged"),
    [
        ("http://voice.example.com/hold", "starts with https://", []),
        ("<Response><Record/></Response>", "it records people", []),
        (ELSEWHERE, "not on the list", [(ANA, "redirect denied")]),
    ],
)
async def test_a_target_that_cannot_be_used_is_said_so_before_anybody_is_asked_for_more(
    company: Company, call: Call, target: str, problem: str, logged: list[tuple[str, str]]
) -> None:
    """A number needs the form, or a question which call is meant: neither would lead anywhere."""
    company.twilio.network.call_in_progress("+14155550002", SUPPORT_LINE)
    for number in (call.from_, SUPPORT_LINE):
        await company.say(ANA, f"/calls redirect {number} {target}")

        assert problem in await assert_nothing_was_sent(company, call)
    assert not company.slack.workspace.views.get(ANA)
    assert await company.events() == logged * 2


async def test_a_call_that_ends_right_after_is_told_and_noted(company: Company, call: Call) -> None:
    """A URL that does not answer ends the call, which Twilio says nowhere but in the call."""
    company.twilio.network.example_hosts.remove(HOLD)

    await company.say(ANA, f"/calls redirect {call.sid} {HOLD}")

    first, second = company.posted()
    assert "Twilio took it" in shown(first)
    assert "ended right after" not in shown(first)
    assert "*The call ended right after* at <!date^" in shown(second)
    assert "the target probably failed" in shown(second)
    noted = (await company.log())[-1].entry
    assert (noted.event, noted.surface) == ("noted", "machine")
    assert noted.details["note"] == "ended_right_after"
    assert [event for _, event in await company.events()] == [
        "redirect requested",
        "redirect succeeded",
        "redirect noted",
    ]


async def test_twiml_that_may_have_run_out_is_not_said_to_have_failed(
    company: Company, call: Call
) -> None:
    await redirect_and_hang_up_soon(company, call, "<Response><Say>Goodbye</Say></Response>")

    noted = shown(company.posted()[-1])
    assert "*The call ended right after* at <!date^" in noted
    assert "the TwiML had come to its end, or failed." in noted


async def test_a_call_that_one_of_us_hung_up_does_not_speak_against_its_target(
    company: Company, call: Call
) -> None:
    await redirect_without_second_look(company, call, "hold-music")

    await company.slack.command(BEN, SUPPORT, f"/calls hangup {call.sid}")
    await company.at_rest()

    assert not call.is_live
    assert not [event for _, event in await company.events() if event == "redirect noted"]
    assert "ended right after" not in " ".join(shown(each) for each in company.posted())


@pytest.mark.parametrize("status", ["ringing", "queued"])
async def test_a_call_that_is_not_answered_cannot_be_redirected_and_that_is_said(
    company: Company, status: str
) -> None:
    network = company.twilio.network
    waiting = {"queued": network.call_queued, "ringing": network.call_ringing}[status](
        SUPPORT_LINE, CALLER
    )
    await company.say(ANA, "/calls")

    await company.say(ANA, f"/calls redirect {waiting.sid} hold-music")

    told = company.last(ANA)
    assert told.ephemeral_to == ANA
    assert f"only calls that are answered, and this one is {status}" in told.text
    assert "Nothing was changed." in told.text
    assert (await company.log())[-1].entry.details["twilio"]["code"] == 21220


async def test_a_call_that_had_ended_is_an_answer(company: Company, call: Call) -> None:
    company.twilio.network.hang_up_party(call.sid)

    await company.say(ANA, f"/calls redirect {call.sid} hold-music")

    assert "The call had already ended (<!date^" in company.last(ANA).text
    assert company.posted() == []


async def test_of_two_who_redirect_the_later_is_told_who_was_first(
    company: Company, call: Call
) -> None:
    company.twilio.faults.latency_s = 0.2

    await asyncio.gather(
        company.say(ANA, f"/calls redirect {call.sid} hold-music"),
        company.say(BEN, f"/calls redirect {call.sid} sorry"),
    )

    assert len(company.changes_sent()) == 1
    first = (await company.events())[0][0]
    later = BEN if first == ANA else ANA
    told = [message.text for message in company.seen_by(later) if message.ephemeral_to == later]
    assert len(told) == 1
    assert f"<@{first}> was first: redirecting it since" in told[0]


async def test_slacks_second_delivery_redirects_once(company: Company, call: Call) -> None:
    delivery = await company.say(ANA, f"/calls redirect {call.sid} hold-music")

    await company.slack.redeliver(delivery)
    await company.at_rest()

    assert len(company.changes_sent()) == 1
    assert len(company.posted()) == 1


async def test_redirecting_the_caller_drops_the_expert(company: Company, call: Call) -> None:
    expert = company.twilio.network.dial(call, EXPERT)

    await company.say(ANA, f"/calls redirect {call.sid} {HOLD}")

    assert expert.status == "completed"
    assert "Please hold" in call.hears


async def test_a_short_name_opens_the_form_with_all_that_was_typed(
    company: Company, call: Call
) -> None:
    await company.say(ANA, "/calls")
    await company.say(ANA, f"/calls redirect {call.from_} {HOLD} gone to lunch")
    modal = company.modal(ANA)
    before = company.changes_sent()
    await company.submit(ANA, {})

    assert "+1 415-555-0123 → Support line +44 20 7946 0000" in shown(modal)
    assert before == []
    assert company.changes_sent()[0]["Url"] == HOLD
    assert "Reason: gone to lunch" in shown(company.posted()[0])


async def test_a_long_reason_is_whole_in_the_form(company: Company, call: Call) -> None:
    reason = "reason " * 70

    await company.say(ANA, f"/calls redirect {call.from_} hold-music {reason}")
    await company.submit(ANA, {})

    assert (await company.log())[0].personal["reason"] == reason.strip()


async def test_twiml_longer_than_a_form_takes_says_how_it_goes_without_one(
    company: Company, call: Call
) -> None:
    twiml = f"<Response><Say>{'la' * 1600}</Say></Response>"

    await company.say(ANA, f"/calls redirect {call.from_} {twiml}")
    refusal = await assert_nothing_was_sent(company, call)
    await company.say(ANA, f"/calls redirect {call.sid} {twiml}")

    assert "takes 3,000 characters at the most. Name the call by its whole SID" in refusal
    assert company.changes_sent()[0]["Twiml"] == twiml


@pytest.mark.parametrize(
    ("target", "retyped", "expected"),
    [
        (HOLD, {}, {"Url": HOLD}),
        (GREETING, {}, {"Twiml": GREETING}),
        ("hold-music", {WHERE_TO_BLOCK: HOLD, REASON_BLOCK: "ticket 4711"}, {"Url": HOLD}),
    ],
)
async def test_what_was_typed_with_a_number_of_two_calls_is_in_the_form_of_the_chosen_one(
    company: Company, call: Call, target: str, retyped: dict[str, str], expected: dict[str, str]
) -> None:
    """The target and the reason as they were typed, or as they were mended beside the question."""
    company.twilio.network.call_in_progress("+14155550002", SUPPORT_LINE)
    await company.say(ANA, f"/calls redirect {SUPPORT_LINE} {target} gone to lunch")

    await company.click(ANA, "Redirect…", call=call, typed=retyped)
    await company.submit(ANA, {})

    (change,) = company.changes_sent()
    assert expected.items() <= change.items()
    reason = (await company.log())[0].personal["reason"]
    assert reason == retyped.get(REASON_BLOCK, "gone to lunch")


async def test_no_target_beside_the_question_is_said_so_and_an_empty_one_opens_an_empty_form(
    company: Company, call: Call
) -> None:
    company.twilio.network.call_in_progress("+14155550002", SUPPORT_LINE)
    await company.say(ANA, f"/calls redirect {SUPPORT_LINE} hold-music")
    question = company.last(ANA)

    await company.click(
        ANA, "Redirect…", on=question, call=call, typed={WHERE_TO_BLOCK: "hold-musik"}
    )
    said = company.last(ANA).text
    await company.click(ANA, "Redirect…", on=question, call=call, typed={WHERE_TO_BLOCK: ""})

    assert "Did you mean hold-music?" in said
    assert call.sid in shown(company.modal(ANA))


async def test_a_number_of_two_calls_asks_which_to_redirect(company: Company, call: Call) -> None:
    other = company.twilio.network.call_in_progress("+14155550002", SUPPORT_LINE)
    await company.say(ANA, f"/calls redirect {SUPPORT_LINE} hold-music")

    await company.click(ANA, "Redirect…", call=other)

    assert other.sid in shown(company.modal(ANA))
    assert company.changes_sent() == []
    assert call.is_live
