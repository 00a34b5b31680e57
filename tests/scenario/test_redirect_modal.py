"""The redirect modal: it opens at once, errors stand at their field, stale cards ask again."""

from __future__ import annotations

import asyncio

import pytest

from bot.sandbox.slack import Message
from bot.sandbox.twilio import Call
from bot.slack.views.redirect_modal import (
    TARGET_BLOCK,
    TWIML_BLOCK,
    URL_BLOCK,
)
from bot.slack.views.typed_inputs import REASON_BLOCK
from tests.scenario.company import (
    ADA,
    ANA,
    BEN,
    SUPPORT_FLOW,
    SUPPORT_LINE,
    Company,
)
from tests.scenario.reading import shown

CALLER = "+14155550123"
EXPERT = "+442079460999"
HOLD = "https://voice.example.com/hold"


@pytest.fixture
def call(company: Company) -> Call:
    """The one live call."""
    company.twilio.network.example_hosts.register(
        HOLD, "<Response><Say>Please hold</Say><Pause length='600'/></Response>"
    )
    return company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)


async def open_modal(company: Company, call: Call, who: str = ANA) -> None:
    """From the person's own list."""
    await company.say(who, "/calls")
    await company.click(who, "Redirect…", call=call)


async def posted_card(company: Company, call: Call) -> Message:
    """A card as it is on everybody's screen now, whatever becomes of it."""
    await company.say(ANA, f"/calls show {call.sid}")
    return company.posted()[-1].as_seen()


async def test_it_names_the_call_and_who_else_will_drop(company: Company, call: Call) -> None:
    company.twilio.network.dial(call, EXPERT)

    await open_modal(company, call)

    text = shown(company.modal(ANA))
    assert "+1 415-555-0123 → Support line +44 20 7946 0000, in progress" in text
    assert "*+44 20 7946 0999 will be cut off too.*" in text
    assert [option for option in ("Hold music", "A URL", "TwiML") if option not in text] == []


@pytest.mark.parametrize(
    ("filled", "sent"),
    [
        ({TARGET_BLOCK: "url", URL_BLOCK: HOLD}, {"Url": HOLD}),
        ({TARGET_BLOCK: "own-flow"}, {"Url": SUPPORT_FLOW}),
        (
            {TARGET_BLOCK: "twiml", TWIML_BLOCK: "<Response><Say>Hi</Say></Response>"},
            {"Twiml": "<Response><Say>Hi</Say></Response>"},
        ),
    ],
)
async def test_a_filled_form_redirects_the_call(
    company: Company, call: Call, filled: dict[str, str], sent: dict[str, str]
) -> None:
    await open_modal(company, call)

    await company.submit(ANA, filled | {REASON_BLOCK: "gone to lunch"})

    (update,) = company.twilio.updates(call.sid)
    assert sent.items() <= update.items()
    assert company.slack.workspace.views[ANA] == []
    assert any("Reason: gone to lunch" in shown(message) for message in company.seen_by(BEN))
    assert (await company.log())[0].entry.surface == "modal"


@pytest.mark.parametrize("name", ["hold-music", "sorry"])
async def test_a_saved_target_needs_nothing_else(company: Company, call: Call, name: str) -> None:
    await open_modal(company, call)

    await company.submit(ANA, {TARGET_BLOCK: name})

    assert len(company.twilio.updates(call.sid)) == 1


@pytest.mark.parametrize(
    ("filled", "field", "problem"),
    [
        ({TARGET_BLOCK: "url"}, URL_BLOCK, "“URL”: Fill this in"),
        ({TARGET_BLOCK: "twiml"}, TWIML_BLOCK, "“TwiML”: Fill this in"),
        (
            {TARGET_BLOCK: "url", URL_BLOCK: "https://other.example.org/"},
            URL_BLOCK,
            "not on the list",
        ),
        ({TARGET_BLOCK: "url", URL_BLOCK: "http://voice.example.com/"}, URL_BLOCK, "https://"),
        ({TARGET_BLOCK: "url", URL_BLOCK: "https://127.0.0.1/"}, URL_BLOCK, "IP address"),
        ({TARGET_BLOCK: "twiml", TWIML_BLOCK: "<Response><Say>"}, TWIML_BLOCK, "well-formed"),
        (
            {TARGET_BLOCK: "twiml", TWIML_BLOCK: "<Response><Record/></Response>"},
            TWIML_BLOCK,
            "it records people",
        ),
        (
            {TARGET_BLOCK: "twiml", TWIML_BLOCK: "<Response><Dial>+12125550100</Dial></Response>"},
            TWIML_BLOCK,
            "its prefix is not on the list",
        ),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_can_be_mended_there(
    company: Company, call: Call, filled: dict[str, str], field: str, problem: str
) -> None:
    await open_modal(company, call)

    await company.submit(ANA, filled)
    errors = dict(company.modal(ANA).errors)
    before = company.changes_sent()
    await company.submit(ANA, {TARGET_BLOCK: "hold-music"})

    assert list(errors) == [field]
    assert problem in errors[field]
    assert before == []
    assert len(company.twilio.updates(call.sid)) == 1


async def test_a_refusal_at_a_field_says_whom_to_ask(company: Company, call: Call) -> None:
    """The error of a field is plain text, in which Slack shows no mention."""
    await open_modal(company, call)

    await company.submit(ANA, {TARGET_BLOCK: "url", URL_BLOCK: "https://other.example.org/x"})

    assert company.modal(ANA).errors[URL_BLOCK].endswith("Ask an admin of Hookflash.")
    assert company.changes_sent() == []


async def test_a_field_names_the_part_that_is_wrong(company: Company, call: Call) -> None:
    await company.say(ANA, f"/calls show {call.sid}")
    await company.click(ANA, "Redirect…")
    twiml = "<Response><Dial>+447700900100</Dial><Dial>+33140000000</Dial></Response>"

    await company.submit(ANA, {TARGET_BLOCK: "twiml", TWIML_BLOCK: twiml})

    assert company.modal(ANA).errors[TWIML_BLOCK].startswith("“+33140000000”: This number may not")


async def test_curly_quotes_in_the_form_are_straightened(company: Company, call: Call) -> None:
    await open_modal(company, call)

    typed = "<Response><Say language=“en-GB”>Hi</Say></Response>"
    await company.submit(ANA, {TARGET_BLOCK: "twiml", TWIML_BLOCK: typed})

    assert company.changes_sent() == [
        {"Twiml": '<Response><Say language="en-GB">Hi</Say></Response>'}
    ]


@pytest.mark.parametrize("command", ["/calls", "/calls post", "/calls show {sid}"])
async def test_a_form_says_at_once_who_has_acted_since_its_button_was_shown(
    company: Company, call: Call, command: str
) -> None:
    await company.say(ANA, command.format(sid=call.sid))
    before_that = company.seen_by(ANA)[-1].as_seen()
    await company.say(BEN, f"/calls redirect {call.sid} {HOLD}")

    await company.click(ANA, "Redirect…", on=before_that)
    asked = shown(company.modal(ANA))
    before = company.changes_sent()
    await company.submit(ANA, {TARGET_BLOCK: "hold-music"})

    assert "The call has changed since it was shown to you." in asked
    assert f"<@{BEN}> asked to redirect this call at" in asked
    assert len(before) == 1
    assert "<Enqueue>" in company.changes_sent()[-1]["Twiml"]
    assert (ANA, "redirect denied") not in await company.events()


async def test_a_form_warns_once_of_a_redirect_that_took_somebody_off_the_line(
    company: Company, call: Call
) -> None:
    company.twilio.network.dial(call, EXPERT)
    await company.say(ANA, "/calls")
    before_that = company.seen_by(ANA)[-1].as_seen()
    await company.say(BEN, f"/calls redirect {call.sid} {HOLD}")
    await company.next_look()
    await company.say(BEN, "/calls")

    await company.click(ANA, "Redirect…", on=before_that)
    asked = shown(company.modal(ANA))
    await company.submit(ANA, {TARGET_BLOCK: "hold-music"})

    assert f"<@{BEN}> asked to redirect this call at" in asked
    assert "Other people are on the line than you were shown." in asked
    assert len(company.changes_sent()) == 2


async def test_a_form_of_an_unchanged_call_warns_of_nothing(company: Company, call: Call) -> None:
    await company.say(BEN, f"/calls redirect {call.sid} {HOLD}")

    await open_modal(company, call)

    assert "has changed" not in shown(company.modal(ANA))


@pytest.mark.parametrize("is_typed", [False, True], ids=["from a list", "by number"])
async def test_a_form_asks_again_where_somebody_has_acted_since_it_was_opened(
    company: Company, call: Call, *, is_typed: bool
) -> None:
    if is_typed:
        await company.say(ANA, f"/calls redirect {CALLER} hold-music")
    else:
        await open_modal(company, call)
    await company.say(BEN, f"/calls redirect {call.sid} {HOLD}")

    await company.submit(ANA, {TARGET_BLOCK: "hold-music"})
    asked_again = shown(company.modal(ANA))
    before = company.changes_sent()
    await company.submit(ANA, {})

    assert "The call has changed since it was shown to you." in asked_again
    assert f"<@{BEN}> asked to redirect this call at" in asked_again
    assert len(before) == 1
    assert len(company.changes_sent()) == 2
    assert (ANA, "redirect denied") in await company.events()


async def test_a_card_without_somebody_who_has_joined_since_asks_again_and_then_works(
    company: Company, call: Call
) -> None:
    await company.say(ANA, "/calls")
    await company.click(ANA, "Redirect…", call=call)
    company.twilio.network.dial(call, EXPERT)
    await company.next_look()
    await company.say(BEN, "/calls")

    await company.submit(ANA, {TARGET_BLOCK: "hold-music"})
    asked_again = shown(company.modal(ANA))
    before = company.changes_sent()
    await company.submit(ANA, {})

    assert "Other people are on the line than you were shown." in asked_again
    assert "+44 20 7946 0999 will be cut off too." in asked_again
    assert before == []
    assert len(company.changes_sent()) == 1


async def test_a_form_for_a_call_that_was_hung_up_meanwhile_says_by_whom(
    company: Company, call: Call
) -> None:
    await open_modal(company, call)
    await company.say(BEN, f"/calls hangup {call.sid}")

    await company.submit(ANA, {TARGET_BLOCK: "hold-music"})

    modal = company.modal(ANA)
    assert "had already ended" in shown(modal)
    assert f"by <@{BEN}>" in shown(modal)
    assert modal.submit is None
    assert len(company.changes_sent()) == 1


async def test_a_form_submitted_in_a_freeze_says_who_froze_and_why(
    company: Company, call: Call
) -> None:
    await open_modal(company, call)
    await company.say(ADA, "/calls freeze toll fraud")

    await company.submit(ANA, {TARGET_BLOCK: "hold-music"})

    assert f"All changes are frozen by <@{ADA}>" in shown(company.modal(ANA))
    assert "toll fraud" in shown(company.modal(ANA))
    assert company.changes_sent() == []


async def test_slacks_second_delivery_of_a_form_redirects_once(
    company: Company, call: Call
) -> None:
    await open_modal(company, call)
    delivery = await company.submit(ANA, {TARGET_BLOCK: "hold-music"})

    again = await company.slack.redeliver(delivery)
    await company.at_rest()

    assert again.is_ok
    assert len(company.changes_sent()) == 1


async def test_two_who_fill_the_form_for_one_call_make_one_change(
    company: Company, call: Call
) -> None:
    card = await posted_card(company, call)
    await company.click(ANA, "Redirect…", on=card)
    await company.click(BEN, "Redirect…", on=card)
    company.twilio.faults.latency_s = 0.2

    await asyncio.gather(
        company.submit(ANA, {TARGET_BLOCK: "hold-music"}),
        company.submit(BEN, {TARGET_BLOCK: "hold-music"}),
    )

    assert len(company.twilio.updates(call.sid)) == 1
    left_open = [who for who in (ANA, BEN) if company.slack.workspace.views[who]]
    assert len(left_open) == 1
    assert "was first: redirecting it" in shown(company.modal(left_open[0]))
