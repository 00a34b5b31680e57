"""What the log says of its own gaps: when it was down, clocks that were set, outcomes unknown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.application.deadlines import Deadlines
from bot.application.ports import Clock
from bot.database.engine import open_database
from bot.database.ledger import SqlLedger
from bot.domain.audit import MAIN_CHAIN
from tests.contract.database.drafts import append, draft
from tests.scenario.company import ANA, BEN, SUPPORT_LINE, Company, Logged, company
from tests.scenario.reading import shown
from tests.scenario.trouble import log_taken, until

HASTY = Deadlines(
    twilio_s=1.2,
    finish_s=0.2,
    hang_up_try_s=0.5,
    look_s=0.3,
    claim_lease_s=1.5,
    second_look_after_s=0.1,
    settle_every_s=0.2,
)
ON_SQLITE = pytest.mark.parametrize("make_database", ["sqlite"], indirect=True)


class MachineClock:
    """The clock of this machine, which somebody sets."""

    def __init__(self) -> None:
        self.set_by = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.set_by


@pytest.fixture
def clock() -> MachineClock:
    return MachineClock()


@pytest.fixture
async def here(database_url: str, clock: MachineClock) -> AsyncIterator[Company]:
    """The company at work, in a hurry."""
    async with company(database_url, deadlines=HASTY, clock=clock) as at_work:
        yield at_work


async def entries_of(here: Company, event: str) -> list[Logged]:
    return [logged for logged in await here.log() if logged.entry.event == event]


async def test_an_outage_is_told_afterwards_with_how_many_were_turned_away(
    here: Company, database_url: str
) -> None:
    call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
    before = datetime.now(UTC)
    async with log_taken(database_url):
        for who in (ANA, BEN):
            await here.say(who, f"/calls hangup {call.sid}")
    await here.say(ANA, f"/calls hangup {call.sid}")

    await here.bot.keeping.watch.write_down()

    [told] = await entries_of(here, "log_down")
    details = told.entry.details
    assert details["requests_refused"] == 2
    assert before <= datetime.fromisoformat(details["from"])
    assert details["from"] < details["to"] <= datetime.now(UTC).isoformat()
    await here.say(ANA, "/calls audit")
    assert "Hookflash: the log took no entries (2 requests refused)*, <!date" in shown(
        here.last(ANA)
    )


@ON_SQLITE
@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(hours=-1)], ids=["on", "back"])
async def test_a_clock_that_is_set_during_a_redirect_does_not_take_it_from_its_owner(
    by: timedelta, here: Company, clock: MachineClock
) -> None:
    """Nobody settles it meanwhile as one whose owner is lost, and the outcome is what Twilio says.

    The entries stand in their order, whatever their times say, and the log tells of the clock.
    """
    call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
    slow = here.twilio.faults.next("slow", match="POST /", seconds=60.0)
    asking = asyncio.create_task(here.say(ANA, f"/calls redirect {call.sid} hold-music"))
    await until(lambda: len(here.changes_sent()) == 1)
    clock.set_by = by
    await here.bot.settler.settle_abandoned()
    slow.let_go()
    await asking
    await here.bot.keeping._timekeeper.look()

    log = [logged.entry for logged in await here.log()]
    assert [entry.event for entry in log] == ["requested", "succeeded", "clock_set"]
    assert len(here.changes_sent()) == 1
    apart = log[1].recorded_at - log[0].recorded_at
    assert abs(apart - by) < timedelta(seconds=10)
    assert log[2].details["by_s"] == by.total_seconds()
    assert (await here.bot.outside.log.verify()).fault is None


@ON_SQLITE
async def test_after_a_clock_was_set_back_since_goes_by_what_the_clock_said(
    here: Company, clock: MachineClock
) -> None:
    """What was recorded by a clock that was behind is found by a wider look, and by its number."""
    call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
    clock.set_by = timedelta(hours=-3)
    await here.say(ANA, f"/calls hangup {call.sid}")
    clock.set_by = timedelta()

    await here.say(ANA, "/calls audit since:2h action:hang_up")
    narrow = shown(here.last(ANA))
    await here.say(ANA, "/calls audit since:4h action:hang_up")
    wide = shown(here.last(ANA))

    assert "Nothing in the log fits" in narrow
    assert call.sid in wide


@ON_SQLITE
async def test_what_nobody_knows_is_found_and_said(here: Company) -> None:
    call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
    here.twilio.faults.standing("silent", match="POST /")
    await here.say(ANA, f"/calls redirect {call.sid} hold-music")
    here.twilio.faults.clear()

    await here.say(ANA, "/calls audit outcome:unknown")

    page = shown(here.last(ANA))
    assert "not known (Twilio gave no answer)" in page
    assert call.sid in page


async def test_a_bot_that_is_told_to_deletes_old_values_by_itself(database_url: str) -> None:
    """What is a year old loses its numbers, what is of today keeps them, and the log holds."""
    number = "+14155550123"
    database = open_database(database_url)
    for age in (timedelta(days=365), timedelta(0)):
        ledger = SqlLedger(database.writer, chain_id=MAIN_CHAIN, clock=clock_behind(age))
        await append(ledger, draft(personal={"from": number}))
        await ledger.close()
    await database.close()

    async with company(database_url, HOOKFLASH_REDACT_AFTER="180d") as here:
        await until(lambda: has_redacted(here))
        log = await here.log()
        verdict = await here.bot.outside.log.verify()

    assert [logged.personal.get("from", "") for logged in log] == ["", number, ""]
    assert (log[2].entry.surface, log[2].entry.actor_user_id) == ("machine", "")
    assert verdict.fault is None


def clock_behind(age: timedelta) -> Clock:
    return lambda: datetime.now(UTC) - age


async def has_redacted(here: Company) -> bool:
    return bool(await entries_of(here, "redacted"))
