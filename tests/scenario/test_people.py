"""Who people are: roles at click time, guests, strangers, and what the settings can say."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.sandbox.twilio import Call
from tests.scenario.company import (
    ADA,
    ANA,
    GUS,
    OLGA,
    SHARED,
    SUPPORT_LINE,
    VERA,
    Company,
    bot_at_work,
    environ_for,
    outside_world,
)
from tests.scenario.company import company as company_at_work
from tests.scenario.reading import shown

CALLER = "+14155550123"
NO_ROLE = "guests and people of other workspaces have none unless the settings name them"


@pytest.fixture
def call(company: Company) -> Call:
    """The one live call."""
    return company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)


async def test_a_guest_sees_nothing_and_is_told_why_and_whom_to_ask(
    company: Company, call: Call
) -> None:
    await company.say(GUS, "/calls")

    told = company.last(GUS)
    assert told.ephemeral_to == GUS
    assert "Only viewers, operators and admins may do that" in told.text
    assert NO_ROLE in told.text
    assert f"Ask <@{ADA}>." in told.text
    assert call.sid[-6:] not in shown(told)
    assert [asked.path for asked in company.twilio.requests if "Calls" in asked.path] == []


@pytest.mark.parametrize(
    ("who", "typed", "needed", "denied"),
    [
        (VERA, "freeze", "Only admins may do that, and you are a viewer.", "freeze"),
        (ANA, "freeze", "Only admins may do that, and you are an operator.", "freeze"),
        (VERA, "hangup", "Only operators and admins may do that", "hang_up"),
        (VERA, "redirect +14155550123 nowhere", "Only operators and admins", "redirect"),
        (VERA, "audit zzz:1", "Only operators and admins may do that", "read_audit"),
        (GUS, "longer:10", "Only viewers, operators and admins may do that", "list"),
    ],
)
async def test_who_may_not_do_it_is_told_so_and_not_how_to_write_it(
    company: Company, who: str, typed: str, needed: str, denied: str
) -> None:
    """Who mends a command only to be refused was led on; the refusal is in the log like any."""
    await company.say(who, f"/calls {typed}")

    assert needed in company.last(who).text
    assert await company.events() == [(who, f"{denied} denied")]


async def test_somebody_of_another_company_is_refused_at_a_card_in_a_shared_channel(
    company: Company, call: Call
) -> None:
    await company.say(ANA, f"/calls show {call.sid}", where=SHARED)

    await company.click(OLGA, "Hang up", on=company.last(OLGA, where=SHARED), where=SHARED)

    told = company.last(OLGA, where=SHARED)
    assert told.ephemeral_to == OLGA
    assert NO_ROLE in told.text
    assert call.is_live
    (denied,) = await company.log()
    assert denied.entry.actor_team_id == "T0OTHER"
    assert (denied.entry.actor_user_id, denied.entry.event) == (OLGA, "denied")
    assert denied.entry.call_sid == call.sid


async def test_a_viewer_who_presses_hang_up_on_a_posted_card_is_refused(
    company: Company, call: Call
) -> None:
    await company.say(ANA, f"/calls show {call.sid}")

    await company.click(VERA, "Hang up")

    assert "Only operators and admins may do that, and you are a viewer." in company.last(VERA).text
    assert call.is_live
    assert await company.events() == [(VERA, "hang_up denied")]


@pytest.mark.parametrize("home", ["T0OTHEROFOURS", "E0SANDBOX"])
async def test_who_is_in_several_workspaces_of_a_grid_may_press_what_a_command_showed(
    company: Company, call: Call, home: str
) -> None:
    """There a command names the workspace that it was typed in, and a click another one."""
    workspace = company.slack.workspace
    vera = workspace.users[VERA]
    vera.team_id, vera.grid_teams = home, (workspace.team_id, "T0OTHEROFOURS")

    await company.say(VERA, "/calls")
    await company.click(VERA, "Details", call=call)

    assert call.sid in shown(company.last(VERA))


async def test_on_a_grid_too_nobody_is_told_that_they_were_first_themselves(
    company: Company, call: Call
) -> None:
    workspace = company.slack.workspace
    ana = workspace.users[ANA]
    ana.team_id, ana.grid_teams = "T0OTHEROFOURS", (workspace.team_id, "T0OTHEROFOURS")
    await company.say(ANA, f"/calls show {call.sid}")
    card = company.last(ANA).as_seen()
    company.twilio.faults.latency_s = 0.2

    await asyncio.gather(
        company.say(ANA, f"/calls hangup {call.sid}"), company.click(ANA, "Hang up", on=card)
    )

    told = [message.text for message in company.seen_by(ANA) if message.ephemeral_to == ANA]
    assert len(told) == 1
    assert "You have asked already" in told[0]


async def test_who_is_in_another_workspace_of_the_grid_only_has_no_role(
    company: Company,
) -> None:
    vera = company.slack.workspace.users[VERA]
    vera.team_id, vera.grid_teams = "T0OTHEROFOURS", ("T0OTHEROFOURS",)
    await company.say(ANA, "/calls post")

    await company.click(VERA, "Refresh")

    assert NO_ROLE in company.last(VERA).text


async def test_somebody_who_becomes_a_guest_loses_what_stars_gave(tmp_path: Path) -> None:
    """Membership is asked again after ten minutes; whoever was never asked about is asked now."""
    database_url = f"sqlite:///{tmp_path}/hookflash.db"
    async with company_at_work(database_url, HOOKFLASH_OPERATORS="*") as here:
        call = here.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)
        here.slack.workspace.users[VERA].is_ultra_restricted = True

        await here.say(VERA, f"/calls hangup {call.sid}")

        assert NO_ROLE in here.last(VERA).text
        assert call.is_live


async def test_a_star_makes_every_full_member_an_operator_and_no_guest(tmp_path: Path) -> None:
    database_url = f"sqlite:///{tmp_path}/hookflash.db"
    async with company_at_work(database_url, HOOKFLASH_OPERATORS="*") as here:
        call = here.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)

        await here.say(GUS, f"/calls hangup {call.sid}")
        await here.say(OLGA, f"/calls hangup {call.sid}", where=SHARED)
        was_live = call.is_live
        await here.say(VERA, f"/calls hangup {call.sid}")

        assert was_live
        assert not call.is_live


async def test_a_guest_whom_the_settings_name_may_do_what_they_say(tmp_path: Path) -> None:
    database_url = f"sqlite:///{tmp_path}/hookflash.db"
    async with company_at_work(database_url, HOOKFLASH_OPERATORS=GUS) as here:
        call = here.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)

        await here.say(GUS, f"/calls hangup {call.sid}")

        assert not call.is_live


async def test_without_named_people_a_refusal_says_to_ask_who_runs_it(tmp_path: Path) -> None:
    database_url = f"sqlite:///{tmp_path}/hookflash.db"
    async with company_at_work(
        database_url, HOOKFLASH_ADMINS="", HOOKFLASH_OPERATORS="", HOOKFLASH_VIEWERS="*"
    ) as here:
        await here.say(ANA, "/calls freeze now")

        assert "Ask whoever runs Hookflash: the settings name who may." in here.last(ANA).text


async def test_a_renamed_command_is_what_all_texts_say(tmp_path: Path) -> None:
    database_url = f"sqlite:///{tmp_path}/hookflash.db"
    async with company_at_work(database_url, HOOKFLASH_COMMAND="/lines") as here:
        await here.say(ANA, "/lines")
        await here.say(ANA, "/lines help")
        await here.say(ANA, "/lines nope")
        await here.say(ANA, "/lines freeze x")
        await here.say(ADA, "/lines freeze")
        await here.say(ANA, "/lines audit")

        texts = [shown(message) for message in here.slack.workspace.messages]
        assert len(texts) == 6
        assert [text for text in texts if "/calls" in text] == []


async def test_a_command_of_another_name_is_answered_with_what_to_mend(company: Company) -> None:
    """Else the person reads dispatch_failed, and nobody knows that two names differ."""
    await company.say(ANA, "/lines")

    told = company.last(ANA)
    assert told.ephemeral_to == ANA
    assert "Slack has the command “/lines”, and Hookflash is set to `/calls`" in told.text
    assert "HOOKFLASH_COMMAND" in told.text


async def test_a_command_may_be_typed_in_capitals(company: Company) -> None:
    await company.say(ANA, "/Calls help")

    assert "You are an operator" in company.last(ANA).text


async def test_who_comes_before_slack_said_which_workspace_this_is_is_not_refused_for_long(
    tmp_path: Path,
) -> None:
    database_url = f"sqlite:///{tmp_path}/hookflash.db"
    async with outside_world() as (slack, twilio):
        environ = environ_for(slack, twilio, database_url=database_url)
        slack.faults.break_down("auth.test", times=None)
        async with bot_at_work(slack, environ) as bot:
            here = Company(slack, twilio, bot)
            await here.say(VERA, "/calls")
            refused = here.last(VERA).text
            slack.faults.clear()
            await bot.outside.installation.learn(timeout_s=5.0)

            await here.say(VERA, "/calls")

            assert NO_ROLE in refused
            assert "No live calls" in here.last(VERA).text
