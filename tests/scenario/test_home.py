"""The Home tab: what this person may do, and the live calls with their buttons."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest

from bot.application.deadlines import Deadlines
from bot.domain.audit import Action, Surface
from bot.domain.changes import ChangeRequest, Origin, OriginKind
from bot.domain.people import Actor
from bot.domain.redirects import NamedTarget, serialise_target
from bot.sandbox.twilio import Call
from bot.slack import drawings
from bot.slack.views.redirect_modal import TARGET_BLOCK
from tests.scenario.company import ADA, ANA, BEN, GUS, OLGA, SUPPORT_LINE, VERA, Company
from tests.scenario.company import company as company_at_work
from tests.scenario.home_tab import click_home, direct_messages, home, open_home
from tests.scenario.reading import button_elements, buttons, shown
from tests.scenario.trouble import log_taken, until

CALLER = "+14155550123"
HANG_UP = {"Status": "completed"}


@pytest.fixture
def call(company: Company) -> Call:
    """The one live call."""
    return company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)


@pytest.mark.usefixtures("call")
async def test_an_operator_sees_what_to_type_and_the_live_calls(company: Company) -> None:
    tab = await open_home(company, ANA)

    text = shown(tab)
    assert "You are an operator" in text
    assert "Example: `/calls hangup +14155550123 caller is abusive`" in text
    assert "/calls freeze" not in text
    assert "1 live call" in text
    assert "+1 415-555-0123 → Support line +44 20 7946 0000" in text
    assert "As of <!date^" in text
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
    assert text.count("guests and people of other workspaces have none") == 1
    assert text.count(f"Ask <@{ADA}>.") == 1
    assert "may do that" not in text
    assert "555" not in text
    assert buttons(tab) == []
    assert await company.events() == [(who, "list denied")]
    assert (await company.log())[0].entry.surface == "home"


@pytest.mark.usefixtures("call")
async def test_refresh_shows_the_calls_as_they_are_now(company: Company) -> None:
    await open_home(company, VERA)
    company.twilio.network.call_in_progress("+14155550002", SUPPORT_LINE)

    async def shows_both_after_refresh() -> bool:
        await click_home(company, VERA, "Refresh")
        return "2 live calls" in shown(home(company, VERA))

    await until(shows_both_after_refresh)  # one look at Twilio is shared for a moment


async def test_pages_are_turned_and_a_result_stays_on_its_page(company: Company) -> None:
    for number in range(12):
        company.twilio.network.call_in_progress(f"+1415555{number:04}", SUPPORT_LINE)
    first = shown(await open_home(company, ANA))
    await click_home(company, ANA, "Next")
    second = shown(home(company, ANA))
    hang_up = next(each for each in button_elements(home(company, ANA)) if each.get("style"))
    sid = hang_up["value"].split("|")[1]

    await click_home(company, ANA, "Hang up", company.twilio.network.calls[sid])

    assert "Page 1 of 2" in first
    assert "Page 2 of 2" in second
    assert "Page 2 of 2" in shown(home(company, ANA))
    assert f"Hung up by <@{ANA}>" in shown(home(company, ANA))


async def test_a_hang_up_asks_first_and_shows_its_result_on_the_tab_and_directly(
    company: Company, call: Call
) -> None:
    tab = await open_home(company, ANA)
    (question,) = [each["confirm"] for each in button_elements(tab) if "confirm" in each]

    await click_home(company, ANA, "Hang up", call)

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


async def test_a_drawing_that_began_before_does_not_take_a_result_away(
    company: Company, call: Call
) -> None:
    tab = await open_home(company, ANA)
    company.slack.faults.slow("views.publish", delay_s=0.5)
    await company.slack.open_home(ANA)  # which is drawn while the click is at work

    await company.click(ANA, "Hang up", on=tab, call=call)

    assert f"Hung up by <@{ANA}>" in shown(home(company, ANA))


async def test_results_stay_on_the_tab_for_a_while_each_with_its_call(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    callers = ("+1 415-555-0123", "+1 415-555-0124")
    for number in callers:
        company.twilio.network.call_in_progress(re.sub(r"[ -]", "", number), SUPPORT_LINE)
    await open_home(company, ANA)
    for call in list(company.twilio.network.calls.values()):
        await click_home(company, ANA, "Hang up", call)

    just_after = shown(await open_home(company, ANA))
    monkeypatch.setattr(drawings, "BANNER_STAYS", timedelta(0))
    later = shown(await open_home(company, ANA))

    assert just_after.count(f"Hung up by <@{ANA}>") == len(callers)
    assert all(f"{number} → Support line" in just_after for number in callers)
    assert "Hung up" not in later


async def test_who_comes_too_late_is_told_on_the_tab_who_was_first(
    company: Company, call: Call
) -> None:
    await open_home(company, ANA)
    await open_home(company, BEN)
    await click_home(company, ANA, "Hang up", call)

    await click_home(company, BEN, "Hang up", call)

    assert company.twilio.updates(call.sid) == [HANG_UP]
    assert "already ended" in shown(home(company, BEN))
    assert f"by <@{ANA}>, completed)" in shown(home(company, BEN))
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
    await click_home(company, ANA, "Redirect…", call)

    await company.submit(ANA, {TARGET_BLOCK: "hold-music"})

    (change,) = company.twilio.updates(call.sid)
    assert "Twiml" in change
    assert f"Redirected to Hold music by <@{ANA}>" in shown(home(company, ANA))
    (told,) = direct_messages(company, ANA)
    assert f"Redirected to Hold music by <@{ANA}>" in told.text
    assert company.slack.workspace.views[ANA] == []


async def test_a_freeze_is_shown_and_refuses_on_the_tab(company: Company, call: Call) -> None:
    await company.say(ADA, "/calls freeze toll fraud")
    frozen = shown(await open_home(company, ANA))

    await click_home(company, ANA, "Hang up", call)

    assert frozen.count(f"*All changes are frozen* by <@{ADA}> since <!date^") == 1
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

    await click_home(company, VERA, "Refresh")

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
        await click_home(company, ANA, "Hang up", call)

    assert "*The log does not answer*: calls can be seen but not changed." in tab
    assert "It was *not* done" in shown(home(company, ANA))
    assert company.changes_sent() == []


async def test_a_result_comes_directly_where_slack_does_not_take_the_tab(
    company: Company, call: Call
) -> None:
    await open_home(company, BEN)
    await open_home(company, ANA)
    await click_home(company, ANA, "Hang up", call)
    company.slack.faults.fail("views.publish", "internal_error", times=None)

    await click_home(company, BEN, "Hang up", call)

    (told,) = direct_messages(company, BEN)
    assert "already ended" in told.text


async def test_a_change_that_a_dead_process_left_is_told_on_the_tab(tmp_path: Path) -> None:
    """Its origin is all that whoever settles it knows of where the person clicked."""
    soon = Deadlines(claim_lease_s=0.1, settle_every_s=0.1)
    async with company_at_work(f"sqlite:///{tmp_path}/hookflash.db", deadlines=soon) as here:
        call = here.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)

        await here.bot.changes.accept(
            ChangeRequest(
                request_id="a request",
                action=Action.REDIRECT,
                target=serialise_target(NamedTarget("hold-music")),
                call_sid=call.sid,
                actor=Actor(team_id=here.slack.workspace.team_id, user_id=ANA),
                surface=Surface.BUTTON,
                origin=Origin(kind=OriginKind.HOME, list_state="no page of ours"),
            )
        )
        await until(lambda: ANA in here.slack.workspace.home_views)

        assert "*not* redirected: nothing was sent to Twilio" in shown(home(here, ANA))


async def test_a_process_that_knows_nobody_yet_asks_who_it_draws_the_tab_for(
    company: Company, call: Call
) -> None:
    await company.bot.home.show(Actor(team_id=company.slack.workspace.team_id, user_id=VERA))

    assert "You are a viewer" in shown(home(company, VERA))
    assert call.sid[-6:] in shown(home(company, VERA))
