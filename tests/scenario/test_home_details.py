"""Modals over the Home tab: the details of a call, its history, and what came of a click there."""

from __future__ import annotations

import pytest

from bot.sandbox.twilio import Call
from bot.slack.views.redirect_modal import TARGET_BLOCK
from tests.scenario.company import ADA, ANA, BEN, SUPPORT_LINE, VERA, Company
from tests.scenario.home_tab import click_home, direct_messages, home, open_home
from tests.scenario.reading import buttons, shown

CALLER = "+14155550123"
HANG_UP = {"Status": "completed"}


@pytest.fixture
def call(company: Company) -> Call:
    """The one live call."""
    return company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)


async def test_details_open_over_the_tab_and_cannot_be_posted_to_a_channel(
    company: Company, call: Call
) -> None:
    await open_home(company, ANA)

    await click_home(company, ANA, "Details", call)

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
    await click_home(company, ANA, "Details", call)

    await company.click(ANA, "Hang up", on=company.modal(ANA))

    assert company.twilio.updates(call.sid) == [HANG_UP]
    assert f"Hung up by <@{ANA}>" in shown(company.modal(ANA))
    assert f"Hung up by <@{ANA}>" in shown(home(company, ANA))
    assert len(direct_messages(company, ANA)) == 1


async def test_a_redirect_in_the_details_comes_back_to_them_with_its_result(
    company: Company, call: Call
) -> None:
    await open_home(company, ANA)
    await click_home(company, ANA, "Details", call)
    await company.click(ANA, "Redirect…", on=company.modal(ANA))

    await company.submit(ANA, {TARGET_BLOCK: "hold-music"})
    result = shown(company.modal(ANA))
    await company.click(ANA, "Details", on=company.modal(ANA))

    assert "Redirected to Hold music" in result
    assert len(company.slack.workspace.views[ANA]) == 1
    assert call.sid in shown(company.modal(ANA))


async def test_a_refusal_in_the_details_is_told_there(company: Company, call: Call) -> None:
    await open_home(company, ANA)
    await click_home(company, ANA, "Details", call)
    await company.say(ADA, "/calls freeze toll fraud")

    await company.click(ANA, "Hang up", on=company.modal(ANA))

    assert call.is_live
    assert f"All changes are frozen by <@{ADA}>" in shown(company.modal(ANA))


async def test_the_history_lies_over_the_details(company: Company, call: Call) -> None:
    await company.say(BEN, f"/calls redirect {call.sid} hold-music")
    await open_home(company, ANA)
    await click_home(company, ANA, "Details", call)

    await company.click(ANA, "History", on=company.modal(ANA))

    assert f"<@{BEN}>" in shown(company.modal(ANA))
    assert len(company.slack.workspace.views[ANA]) == 2


async def test_details_come_directly_where_slack_does_not_open_the_modal(
    company: Company, call: Call
) -> None:
    await open_home(company, VERA)
    company.slack.faults.fail("views.open", "expired_trigger_id")

    await click_home(company, VERA, "Details", call)

    (told,) = direct_messages(company, VERA)
    assert call.sid in shown(told)
