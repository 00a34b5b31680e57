"""The Home tab: what this person may do, and the live calls with their buttons."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.sandbox.slack import Message, View
from bot.sandbox.twilio import Call
from bot.slack.views.redirect_modal import TARGET_BLOCK
from tests.scenario.company import ADA, ANA, BEN, GUS, OLGA, SUPPORT_LINE, VERA, Company
from tests.scenario.reading import button_elements, buttons, shown
from tests.scenario.trouble import log_taken

CALLER = "+14155550123"
HANG_UP = {"Status": "completed"}
PARTS = st.sampled_from(
    [
        "user",
        "tab",
        "channel",
        "team",
        "team_id",
        "event_id",
        "message",
        "item",
        "view",
        "authorizations",
        "is_ext_shared_channel",
        "enterprise",
        "enterprise_id",
        "bot_id",
        "subtype",
        "user_team",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["home", ANA, ""]),
    lambda children: st.lists(children, max_size=2) | st.dictionaries(PARTS, children, max_size=4),
    max_leaves=8,
)


@pytest.fixture
def call(company: Company) -> Call:
    """The one live call."""
    return company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)


def home(company: Company, who: str) -> View:
    """The person's Home tab as it stands."""
    return company.slack.workspace.home_views[who]


async def open_home(company: Company, who: str) -> View:
    await company.slack.open_home(who)
    await company.at_rest()
    return home(company, who)


async def click(company: Company, who: str, label: str, call: Call | None = None) -> None:
    """Press a button of the person's Home tab."""
    await company.click(who, label, on=home(company, who), call=call)


def direct_messages(company: Company, who: str) -> list[Message]:
    """What the bot has told this person directly."""
    return company.seen_by(who, where=company.slack.workspace.direct_channel(who).id)


@pytest.mark.usefixtures("call")
async def test_an_operator_sees_what_to_type_and_the_live_calls(company: Company) -> None:
    tab = await open_home(company, ANA)

    text = shown(tab)
    assert "You are an operator" in text
    assert "Example: `/calls hangup +14155550123 caller is abusive`" in text
    assert "/calls freeze" not in text
    assert "1 live call" in text
    assert "+1 415-555-0123 → Support line +44 20 7946 0000" in text
    assert "just now" in text
    assert "Elastic SIP trunks show only after they end" in text
    assert buttons(tab) == ["Details", "Redirect…", "Hang up", "Refresh"]


@pytest.mark.usefixtures("call")
async def test_a_viewer_sees_the_calls_without_a_way_to_change_them(company: Company) -> None:
    tab = await open_home(company, VERA)

    assert "You are a viewer" in shown(tab)
    assert "/calls hangup" not in shown(tab)
    assert buttons(tab) == ["Details", "Refresh"]


@pytest.mark.parametrize("who", [GUS, OLGA])
@pytest.mark.usefixtures("call")
async def test_who_has_no_role_is_told_why_and_whom_to_ask(company: Company, who: str) -> None:
    tab = await open_home(company, who)

    text = shown(tab)
    assert "guests and people of other workspaces have none" in text
    assert f"Ask <@{ADA}>." in text
    assert "555" not in text
    assert buttons(tab) == []
    assert await company.events() == [(who, "list denied")]
    assert (await company.log())[0].entry.surface == "home"


async def test_the_tab_with_the_messages_is_left_alone(company: Company) -> None:
    await company.slack.send_event("app_home_opened", user=ANA, channel="D1", tab="messages")
    await company.at_rest()

    assert company.slack.workspace.home_views == {}


@pytest.mark.usefixtures("call")
async def test_refresh_shows_the_calls_as_they_are_now(company: Company) -> None:
    await open_home(company, VERA)
    company.twilio.network.call_in_progress("+14155550002", SUPPORT_LINE)
    await company.next_look()

    await click(company, VERA, "Refresh")

    assert "2 live calls" in shown(home(company, VERA))


async def test_pages_are_turned_and_a_result_stays_on_its_page(company: Company) -> None:
    for number in range(12):
        company.twilio.network.call_in_progress(f"+1415555{number:04}", SUPPORT_LINE)
    first = shown(await open_home(company, ANA))
    await click(company, ANA, "Next")
    second = shown(home(company, ANA))
    hang_up = next(each for each in button_elements(home(company, ANA)) if each.get("style"))
    sid = hang_up["value"].split("|")[1]

    await click(company, ANA, "Hang up", company.twilio.network.calls[sid])

    assert "Page 1 of 2" in first
    assert "Page 2 of 2" in second
    assert "Page 2 of 2" in shown(home(company, ANA))
    assert f"Hung up by <@{ANA}>" in shown(home(company, ANA))


async def test_a_hang_up_asks_first_and_shows_its_result_on_the_tab_and_directly(
    company: Company, call: Call
) -> None:
    tab = await open_home(company, ANA)
    (question,) = [each["confirm"] for each in button_elements(tab) if "confirm" in each]

    await click(company, ANA, "Hang up", call)

    assert "+1 415-555-0123 → Support line" in question["text"]["text"]
    assert company.twilio.updates(call.sid) == [HANG_UP]
    assert f"Hung up by <@{ANA}>" in shown(home(company, ANA))
    assert "No live calls." in shown(home(company, ANA))
    (told,) = direct_messages(company, ANA)
    assert f"Hung up by <@{ANA}>" in told.text
    assert company.posted() == []
    requested, succeeded = await company.log()
    assert (requested.entry.surface, requested.entry.channel_id) == ("button", "")
    assert succeeded.entry.event == "succeeded"


@pytest.mark.usefixtures("call")
async def test_slacks_second_delivery_of_a_click_changes_nothing(company: Company) -> None:
    tab = await open_home(company, ANA)
    delivery = await company.click(ANA, "Hang up", on=tab)

    again = await company.slack.redeliver(delivery)
    await company.at_rest()

    assert again.is_ok
    assert company.changes_sent() == [HANG_UP]
    assert len(direct_messages(company, ANA)) == 1


async def test_who_comes_too_late_is_told_on_the_tab_who_was_first(
    company: Company, call: Call
) -> None:
    await open_home(company, ANA)
    await open_home(company, BEN)
    await click(company, ANA, "Hang up", call)

    await click(company, BEN, "Hang up", call)

    assert company.twilio.updates(call.sid) == [HANG_UP]
    assert "already ended" in shown(home(company, BEN))
    assert f"by <@{ANA}> (completed)" in shown(home(company, BEN))
    assert direct_messages(company, BEN) == []


async def test_of_two_people_at_once_the_later_is_told_who_was_first(
    company: Company, call: Call
) -> None:
    tabs = {who: await open_home(company, who) for who in (ANA, BEN)}
    company.twilio.faults.latency_s = 0.2

    await asyncio.gather(*(company.click(who, "Hang up", on=tab) for who, tab in tabs.items()))

    assert company.twilio.updates(call.sid) == [HANG_UP]
    first = (await company.events())[0][0]
    later = BEN if first == ANA else ANA
    assert f"<@{first}> was first: hanging it up since" in shown(home(company, later))


async def test_a_redirect_opens_its_form_and_shows_its_result_on_the_tab(
    company: Company, call: Call
) -> None:
    await open_home(company, ANA)
    await click(company, ANA, "Redirect…", call)

    await company.submit(ANA, {TARGET_BLOCK: "hold-music"})

    (change,) = company.twilio.updates(call.sid)
    assert "Twiml" in change
    assert f"Redirected to Hold music by <@{ANA}>" in shown(home(company, ANA))
    (told,) = direct_messages(company, ANA)
    assert f"Redirected to Hold music by <@{ANA}>" in told.text
    assert company.slack.workspace.views[ANA] == []


async def test_details_open_over_the_tab_and_cannot_be_posted_to_a_channel(
    company: Company, call: Call
) -> None:
    await open_home(company, ANA)

    await click(company, ANA, "Details", call)

    card = company.modal(ANA)
    assert call.sid in shown(card)
    assert buttons(card) == ["Redirect…", "Hang up", "History", "Refresh"]
    assert direct_messages(company, ANA) == []


async def test_details_open_at_once_and_fill_when_twilio_has_told(
    company: Company, call: Call
) -> None:
    await open_home(company, VERA)
    company.twilio.faults.latency_s = 0.5

    await company.slack.click(VERA, home(company, VERA), text="Details")
    await company.slack.until(lambda: company.slack.workspace.views.get(VERA), timeout_s=0.45)
    at_first = shown(company.modal(VERA))
    await company.at_rest()

    assert at_first == "Looking…"
    assert call.sid in shown(company.modal(VERA))


async def test_a_hang_up_in_the_details_shows_its_result_there_and_on_the_tab(
    company: Company, call: Call
) -> None:
    await open_home(company, ANA)
    await click(company, ANA, "Details", call)

    await company.click(ANA, "Hang up", on=company.modal(ANA))

    assert company.twilio.updates(call.sid) == [HANG_UP]
    assert f"Hung up by <@{ANA}>" in shown(company.modal(ANA))
    assert f"Hung up by <@{ANA}>" in shown(home(company, ANA))
    assert len(direct_messages(company, ANA)) == 1


async def test_a_redirect_in_the_details_comes_back_to_them_with_its_result(
    company: Company, call: Call
) -> None:
    await open_home(company, ANA)
    await click(company, ANA, "Details", call)
    await company.click(ANA, "Redirect…", on=company.modal(ANA))

    await company.submit(ANA, {TARGET_BLOCK: "hold-music"})
    result = shown(company.modal(ANA))
    await company.click(ANA, "Details", on=company.modal(ANA))

    assert "Redirected to Hold music" in result
    assert len(company.slack.workspace.views[ANA]) == 1
    assert call.sid in shown(company.modal(ANA))


async def test_a_refusal_in_the_details_is_told_there(company: Company, call: Call) -> None:
    await open_home(company, ANA)
    await click(company, ANA, "Details", call)
    await company.say(ADA, "/calls freeze toll fraud")

    await company.click(ANA, "Hang up", on=company.modal(ANA))

    assert call.is_live
    assert f"All changes are frozen by <@{ADA}>" in shown(company.modal(ANA))


async def test_the_history_lies_over_the_details(company: Company, call: Call) -> None:
    await company.say(BEN, f"/calls redirect {call.sid} hold-music")
    await open_home(company, ANA)
    await click(company, ANA, "Details", call)

    await company.click(ANA, "History", on=company.modal(ANA))

    assert f"<@{BEN}>" in shown(company.modal(ANA))
    assert len(company.slack.workspace.views[ANA]) == 2


async def test_a_freeze_is_shown_and_refuses_on_the_tab(company: Company, call: Call) -> None:
    await company.say(ADA, "/calls freeze toll fraud")
    frozen = shown(await open_home(company, ANA))

    await click(company, ANA, "Hang up", call)

    assert f"*All changes are frozen* by <@{ADA}> since <!date^" in frozen
    assert "(reason: toll fraud)" in frozen
    assert company.changes_sent() == []
    assert f"All changes are frozen by <@{ADA}> since" in shown(home(company, ANA))
    assert (await company.events())[-1] == (ANA, "hang_up denied")


@pytest.mark.usefixtures("call")
async def test_a_twilio_that_fails_leaves_the_rest_of_the_tab_and_a_way_to_try_again(
    company: Company,
) -> None:
    company.twilio.faults.standing("500", match="GET")
    down = await open_home(company, VERA)
    text, offered = shown(down), buttons(down)
    company.twilio.faults.clear()
    await company.next_look()

    await click(company, VERA, "Refresh")

    assert "You are a viewer" in text
    assert "Twilio did not answer as it should" in text
    assert offered == ["Refresh"]
    assert "1 live call" in shown(home(company, VERA))


async def test_a_log_that_does_not_answer_is_said_and_nothing_is_sent(
    company: Company, call: Call, tmp_path: Path
) -> None:
    await open_home(company, ANA)
    async with log_taken(f"sqlite:///{tmp_path}/hookflash.db"):
        tab = shown(await open_home(company, ANA))
        await click(company, ANA, "Hang up", call)

    assert "*The log does not answer*: calls can be seen but not changed." in tab
    assert "It was *not* done" in shown(home(company, ANA))
    assert company.changes_sent() == []


async def test_a_result_comes_directly_where_slack_does_not_take_the_tab(
    company: Company, call: Call
) -> None:
    await open_home(company, BEN)
    await open_home(company, ANA)
    await click(company, ANA, "Hang up", call)
    company.slack.faults.fail("views.publish", "internal_error", times=None)

    await click(company, BEN, "Hang up", call)

    (told,) = direct_messages(company, BEN)
    assert "already ended" in told.text


async def test_details_come_directly_where_slack_does_not_open_the_modal(
    company: Company, call: Call
) -> None:
    await open_home(company, VERA)
    company.slack.faults.fail("views.open", "expired_trigger_id")

    await click(company, VERA, "Details", call)

    (told,) = direct_messages(company, VERA)
    assert call.sid in shown(told)


@pytest.mark.usefixtures("call")
async def test_an_event_that_comes_twice_does_no_harm(company: Company) -> None:
    delivery = await company.slack.open_home(ANA)

    again = await company.slack.redeliver(delivery)
    await company.at_rest()

    assert again.is_ok
    assert "1 live call" in shown(home(company, ANA))


async def test_an_event_that_nobody_listens_to_is_taken(company: Company) -> None:
    delivery = await company.slack.send_event("team_join", user={"id": BEN})

    assert delivery.is_ok


async def test_slacks_question_for_the_address_is_answered(company: Company) -> None:
    status, body = await company.slack.send_signed(
        b'{"type": "url_verification", "token": "t", "challenge": "3eZbrw1a"}',
        content_type="application/json",
    )

    assert (status, body) == (200, '{"challenge": "3eZbrw1a"}')


@pytest.mark.parametrize(
    "event",
    [
        '{"type": "app_home_opened", "tab": "home"}',
        '{"type": "app_home_opened", "user": 5, "tab": "home"}',
        '{"type": 7}',
        "{}",
        "[]",
        "null",
    ],
)
async def test_an_event_that_makes_no_sense_is_refused(company: Company, event: str) -> None:
    body = f'{{"type": "event_callback", "team_id": "T1", "event_id": "E1", "event": {event}}}'

    status, _ = await company.slack.send_signed(body.encode(), content_type="application/json")

    assert status == 400


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    event=st.dictionaries(PARTS, JSON),
    around=st.dictionaries(PARTS, JSON, max_size=2),
    event_type=st.sampled_from(["app_home_opened", "message", "app_mention"]),
)
async def test_any_event_is_survived(
    company: Company, event: dict[str, Any], around: dict[str, Any], event_type: str
) -> None:
    payload = around | {"type": "event_callback", "event": event | {"type": event_type}}

    status, _ = await company.slack.send_signed(
        json.dumps(payload).encode(), content_type="application/json"
    )
    await company.at_rest()

    assert status < 500
