"""Freeze and unfreeze: an admin stops every change, everywhere, for everybody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from bot.application.ports import LedgerTransaction
from bot.database.ledger import SqlLedger
from bot.sandbox.twilio import Call
from bot.slack.views.redirect_modal import TARGET_BLOCK
from tests.scenario.company import ADA, ANA, BEN, FRAUD, SHARED, SUPPORT_LINE, VERA, Company
from tests.scenario.reading import shown
from tests.scenario.trouble import LateLedger, until, was_told

T = TypeVar("T")

CALLER = "+14155550123"


@pytest.fixture
def call(company: Company) -> Call:
    """The one live call."""
    return company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)


@pytest.mark.parametrize("command", ["freeze toll fraud", "unfreeze"])
@pytest.mark.parametrize("who", [ANA, VERA])
async def test_only_admins_may(company: Company, call: Call, who: str, command: str) -> None:
    await company.say(who, f"/calls {command}")
    await company.say(ANA, f"/calls hangup {call.sid}")

    told = company.seen_by(who)[0]
    assert told.ephemeral_to == who
    assert "Only admins may do that" in told.text
    assert f"Ask <@{ADA}>." in told.text
    assert not call.is_live
    assert (await company.events())[0] == (who, f"{command.split(maxsplit=1)[0]} denied")


async def test_a_freeze_is_told_to_the_channel_with_who_and_why(company: Company) -> None:
    await company.say(ADA, "/calls freeze toll fraud")

    (announcement,) = company.posted()
    assert f"*All changes are frozen* by <@{ADA}> since <!date^" in shown(announcement)
    assert "(reason: toll fraud)" in shown(announcement)
    assert "`/calls unfreeze`" in shown(announcement)
    (logged,) = await company.log()
    assert (logged.entry.action, logged.entry.event) == ("freeze", "succeeded")
    assert logged.personal["reason"] == "toll fraud"


async def test_people_and_channels_named_in_the_reason_are_shown_by_their_names(
    company: Company, call: Call
) -> None:
    """Slack sends them as ids, which mean nothing to anybody."""
    await company.say(ADA, "/calls freeze toll fraud, see #fraud and ask @ben")
    await company.say(ANA, f"/calls hangup {call.sid}")
    await company.say(ANA, "/calls audit")

    refusal, log = company.seen_by(ANA)[-2:]
    for told in (company.posted()[0], refusal, log):
        assert f"toll fraud, see <#{FRAUD}> and ask <@{BEN}>" in shown(told)


@pytest.mark.parametrize("who", [ANA, ADA])
async def test_in_a_freeze_nobody_changes_anything_by_command_or_click(
    company: Company, call: Call, who: str
) -> None:
    await company.say(ANA, f"/calls show {call.sid}")
    card = company.last(ANA).as_seen()
    await company.say(ADA, "/calls freeze toll fraud")

    await company.say(who, f"/calls hangup {call.sid}")
    by_command = company.last(who)
    await company.say(who, f"/calls redirect {call.sid} hold-music")
    by_redirect = company.last(who)
    await company.click(who, "Hang up", on=card)
    by_click = company.last(who)

    assert company.changes_sent() == []
    assert call.is_live
    for told in (by_command, by_redirect, by_click):
        assert told.ephemeral_to == who
        assert f"All changes are frozen by <@{ADA}>" in told.text
        assert "toll fraud" in told.text
    assert [event for _, event in await company.events()] == [
        "freeze succeeded",
        "hang_up denied",
        "redirect denied",
        "hang_up denied",
    ]


async def test_in_a_freeze_nobody_is_asked_for_what_cannot_be_done(
    company: Company, call: Call
) -> None:
    """No form to fill in, and no card that asks: the freeze is told at once, and recorded."""
    await company.say(ANA, f"/calls show {call.sid}")
    card = company.last(ANA).as_seen()
    await company.say(ADA, "/calls freeze toll fraud")

    answers = []
    await company.click(ANA, "Redirect…", on=card)
    answers.append(company.last(ANA))
    for command in (f"redirect {CALLER} hold-music", f"hangup {CALLER} card fraud"):
        await company.say(ANA, f"/calls {command}")
        answers.append(company.last(ANA))

    assert not company.slack.workspace.views.get(ANA)
    for told in answers:
        assert f"All changes are frozen by <@{ADA}>" in told.text
    assert [event for _, event in await company.events()] == [
        "freeze succeeded",
        "redirect denied",
        "redirect denied",
        "hang_up denied",
    ]
    clicked, *typed = [told.entry.call_sid for told in await company.log()][1:]
    assert (clicked, typed) == (call.sid, ["", ""])


@pytest.mark.parametrize("typed", ["", "post"])
@pytest.mark.usefixtures("call")
async def test_a_list_says_that_all_is_frozen_and_by_whom(company: Company, typed: str) -> None:
    """Its buttons can do nothing meanwhile."""
    await company.say(ADA, "/calls freeze toll fraud")
    await company.say(ANA, f"/calls {typed}")
    frozen = shown(company.last(ANA))
    await company.say(ADA, "/calls unfreeze")

    await company.click(ANA, "Refresh", on=company.seen_by(ANA)[1])

    assert f"*All changes are frozen* by <@{ADA}> since" in frozen
    assert "(reason: toll fraud)." in frozen
    assert "frozen" not in shown(company.seen_by(ANA)[1])


async def test_a_redirect_whose_target_is_still_looked_up_is_stopped_too(
    company: Company, call: Call
) -> None:
    """Once a freeze is told, nothing more reaches Twilio, whenever it was asked for."""
    company.twilio.faults.next("slow", match=call.sid, seconds=1.0)
    redirect = asyncio.create_task(company.say(ANA, f"/calls redirect {call.sid} own-flow"))
    await until(lambda: any(call.sid in one.path for one in company.twilio.requests))

    await company.slack.command(ADA, FRAUD, "/calls freeze toll fraud")
    await redirect

    assert company.changes_sent() == []
    assert call.is_live
    assert [event for _, event in await company.events()] == [
        "redirect requested",
        "freeze succeeded",
        "redirect failed",
    ]
    assert was_told(company, ANA, "all changes were frozen before it was sent")


async def test_lists_cards_and_the_log_still_work_in_a_freeze(company: Company, call: Call) -> None:
    await company.say(ADA, "/calls freeze toll fraud")

    await company.say(VERA, "/calls")
    the_list = shown(company.last(VERA))
    await company.say(VERA, f"/calls show {call.sid}")
    card = shown(company.last(VERA))
    await company.say(ANA, "/calls audit")

    assert "1 live call" in the_list
    assert call.sid in card
    assert f"*Freeze: done*, <@{ADA}>" in shown(company.last(ANA))


async def test_after_unfreeze_calls_can_be_changed_again(company: Company, call: Call) -> None:
    await company.say(ADA, "/calls freeze toll fraud")
    await company.say(ADA, "/calls unfreeze")

    await company.say(ANA, f"/calls hangup {call.sid}")

    assert f"*Calls can be changed again*: <@{ADA}> has lifted" in shown(company.posted()[1])
    assert not call.is_live


async def test_a_second_freeze_changes_nothing_and_says_who_was_first(company: Company) -> None:
    await company.say(ADA, "/calls freeze toll fraud")

    await company.say(ADA, "/calls freeze something else")

    assert "frozen already" in company.last(ADA).text
    assert "toll fraud" in company.last(ADA).text
    assert len(company.posted()) == 1
    assert len(await company.log()) == 1


async def test_unfreeze_without_a_freeze_says_so(company: Company) -> None:
    await company.say(ADA, "/calls unfreeze")

    assert "Nothing is frozen" in company.last(ADA).text
    assert await company.log() == []


@pytest.mark.parametrize(
    ("before", "command", "unknown", "again"),
    [
        ([], "freeze toll fraud", "whether all changes are frozen", "frozen already"),
        (["freeze toll fraud"], "unfreeze", "whether the freeze is lifted", "Nothing is frozen"),
    ],
)
async def test_what_the_log_did_not_confirm_in_time_is_told_as_not_known(
    company: Company, before: list[str], command: str, unknown: str, again: str
) -> None:
    """It was committed, but too late for who waited; to type it again tells."""
    for earlier in before:
        await company.say(ADA, f"/calls {earlier}")
    company.bot.desk.freeze._ledger = LateLedger(company.bot.outside.ledger, late=1)

    await company.say(ADA, f"/calls {command}")
    told = company.last(ADA).text
    await company.say(ADA, f"/calls {command}")

    assert f"not known here* {unknown}" in told
    assert again in company.last(ADA).text


class SlowLedger:
    """A ledger that answers in time, but only just."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._ledger = ledger

    async def write(
        self,
        work: Callable[[LedgerTransaction], Awaitable[T]],
        *,
        within_s: float | None = None,
    ) -> T:
        await asyncio.sleep(1.8)
        return await self._ledger.write(work, within_s=within_s)


async def test_a_form_that_is_refused_late_stands_in_the_log_all_the_same(
    company: Company, call: Call
) -> None:
    await company.say(ANA, "/calls")
    await company.click(ANA, "Redirect…", call=call)
    await company.say(ADA, "/calls freeze toll fraud")
    company.bot.changes._ledger = SlowLedger(company.bot.outside.ledger)

    delivery = await company.submit(ANA, {TARGET_BLOCK: "hold-music"})

    assert "All changes are frozen" in delivery.body
    assert (await company.events())[-1] == (ANA, "redirect denied")


async def test_a_freeze_needs_a_reason(company: Company, call: Call) -> None:
    await company.say(ADA, "/calls freeze")
    told = company.last(ADA).text
    await company.say(BEN, f"/calls hangup {call.sid}")

    assert "Say why: everybody is told. Example: /calls freeze toll fraud" in told
    assert not call.is_live


async def test_a_freeze_is_announced_where_the_bot_is_not_in(company: Company) -> None:
    await company.say(ADA, "/calls freeze toll fraud", where=FRAUD)

    assert "*All changes are frozen*" in shown(company.posted(where=FRAUD)[0])


async def test_a_freeze_in_a_shared_channel_keeps_numbers_of_the_reason_back(
    company: Company,
) -> None:
    await company.say(ADA, "/calls freeze fraud from +44 20 7946 0999", where=SHARED)

    (announcement,) = company.posted(where=SHARED)
    assert "fraud from •••" in shown(announcement)
    assert "7946" not in shown(announcement)


async def test_slacks_second_delivery_of_a_freeze_is_one_freeze(company: Company) -> None:
    delivery = await company.say(ADA, "/calls freeze toll fraud")

    await company.slack.redeliver(delivery)
    await company.at_rest()

    assert len(await company.log()) == 1
    assert len(company.posted()) == 1


@pytest.mark.parametrize(
    ("repeated", "since", "is_frozen"),
    [("freeze toll fraud", "unfreeze", False), ("unfreeze", "freeze another fraud", True)],
)
async def test_slacks_second_delivery_does_not_turn_round_what_was_done_since(
    company: Company, repeated: str, since: str, *, is_frozen: bool
) -> None:
    """A freeze that another admin lifted stays lifted, and one that was begun since holds."""
    if is_frozen:
        await company.say(ADA, "/calls freeze toll fraud")
    delivery = await company.say(ADA, f"/calls {repeated}")
    await company.say(ADA, f"/calls {since}")
    before = len(await company.log())

    again = await company.slack.redeliver(delivery)
    await company.at_rest()

    assert "it was answered when it first came: nothing was changed" in again.body
    assert (await company.bot.outside.log.current_freeze() is not None) == is_frozen
    assert len(await company.log()) == before
