"""What people were told is not done is not done later, whatever came to stand in the log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from bot.application.deadlines import Deadlines
from bot.application.ports import LedgerTransaction
from bot.database.ledger import SqlLedger
from bot.sandbox.twilio import Call
from tests.scenario.company import (
    ANA,
    BEN,
    SUPPORT,
    SUPPORT_LINE,
    Company,
    bot_at_work,
    company,
    environ_for,
    outside_world,
)
from tests.scenario.trouble import (
    HASTY,
    NOT_DONE,
    ON_POSTGRES,
    ON_SQLITE,
    LateLedger,
    has_event,
    outcomes,
    until,
    was_told,
)

T = TypeVar("T")


class StandingLedger:
    """A ledger that commits, in a process that then stands still for a while, as a stopped one."""

    def __init__(self, ledger: SqlLedger, *, for_s: float) -> None:
        self._ledger = ledger
        self._for_s = for_s

    async def write(self, work: Callable[[LedgerTransaction], Awaitable[T]]) -> T:
        result = await self._ledger.write(work)
        time.sleep(self._for_s)  # noqa: ASYNC251 - the event loop is to stand still
        await asyncio.sleep(self._for_s)
        return result


async def _has_outcome(here: Company) -> bool:
    return len(await outcomes(here.bot)) > 1


@pytest.fixture
async def here(database_url: str) -> AsyncIterator[Company]:
    """The company at work, in a hurry."""
    async with company(database_url, deadlines=HASTY) as at_work:
        yield at_work


@pytest.fixture
def call(here: Company) -> Call:
    """The one live call."""
    return here.twilio.network.call_in_progress(to=SUPPORT_LINE)


@ON_SQLITE
async def test_a_redirect_that_was_told_as_not_sent_is_not_sent_later(
    here: Company, call: Call
) -> None:
    """The mark came to stand in the log after the wait for it was given up."""
    here.bot.worker._ledger = LateLedger(here.bot.outside.ledger, late=1)

    await here.say(ANA, f"/calls redirect {call.sid} hold-music")
    await until(lambda: has_event(here, "failed"))
    await here.at_rest()

    assert here.changes_sent() == []
    assert (await outcomes(here.bot))[-1] == ("failed", "not_sent", "machine")


@ON_SQLITE
@pytest.mark.parametrize("verb", ["hangup {}", "redirect {} hold-music"])
async def test_what_was_told_as_not_done_is_not_done_later_though_the_log_has_it(
    here: Company, call: Call, verb: str
) -> None:
    """The accept came to stand in the log after the wait for it was given up."""
    here.bot.changes._ledger = LateLedger(here.bot.outside.ledger, late=1)

    delivery = await here.say(ANA, f"/calls {verb.format(call.sid)}")
    await until(lambda: has_event(here, "failed"))
    await here.at_rest()

    assert NOT_DONE in delivery.body
    assert call.is_live
    assert here.changes_sent() == []
    assert await outcomes(here.bot) == [
        ("requested", "", "command"),
        ("failed", "not_sent", "machine"),
    ]


@pytest.mark.parametrize("verb", ["hangup {}", "redirect {} hold-music"])
async def test_what_was_told_as_not_done_is_settled_long_before_others_may_take_it_over(
    database_url: str, verb: str
) -> None:
    """Another replica does not know what was said, and would hang up after all."""
    patient = Deadlines(settle_every_s=0.1)
    async with company(database_url, deadlines=patient) as here:
        call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
        here.bot.changes._ledger = LateLedger(here.bot.outside.ledger, late=1)

        delivery = await here.say(ANA, f"/calls {verb.format(call.sid)}")
        await until(lambda: has_event(here, "failed"), within_s=patient.sent_lease_s / 2)
        await here.at_rest()

        assert NOT_DONE in delivery.body
        assert call.is_live
        assert (await outcomes(here.bot))[-1] == ("failed", "not_sent", "machine")


@ON_SQLITE
async def test_what_took_too_long_and_was_told_as_not_done_is_not_done_later(
    database_url: str,
) -> None:
    """A process that stood still meets its own deadlines all at once when it goes on."""
    async with company(database_url) as here:
        call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
        here.bot.changes._ledger = StandingLedger(here.bot.outside.ledger, for_s=2.7)
        delivery = await here.say(ANA, f"/calls hangup {call.sid}")

        await until(lambda: has_event(here, "failed"))
        await here.at_rest()

        assert "It was *not* done: it took too long" in delivery.body
        assert call.is_live
        assert await outcomes(here.bot) == [
            ("requested", "", "command"),
            ("failed", "not_sent", "machine"),
        ]


@ON_SQLITE
async def test_who_stood_still_for_a_whole_lease_does_not_say_what_another_may_have_done(
    here: Company, call: Call
) -> None:
    here.bot.changes._ledger = StandingLedger(here.bot.outside.ledger, for_s=2.7)

    delivery = await here.say(ANA, f"/calls hangup {call.sid}")

    assert "it is *not known here* what came of it" in delivery.body
    assert "not* done" not in delivery.body


@ON_SQLITE
async def test_what_was_told_as_not_done_is_in_nobodys_way_though_the_log_has_it(
    database_url: str,
) -> None:
    """It is withdrawn as soon as the log answers, long before its lease has run out."""
    async with company(database_url) as here:
        call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
        here.bot.changes._ledger = LateLedger(here.bot.outside.ledger, late=1)
        first = await here.say(ANA, f"/calls hangup {call.sid}")

        await until(lambda: has_event(here, "failed"), within_s=6)
        await here.say(BEN, f"/calls hangup {call.sid}")

        assert NOT_DONE in first.body
        assert not call.is_live
        assert [(who, event) for who, event in await here.events()] == [
            (ANA, "hang_up requested"),
            (ANA, "hang_up failed"),
            (BEN, "hang_up requested"),
            (BEN, "hang_up succeeded"),
        ]


@ON_SQLITE
async def test_what_was_told_as_not_done_is_not_done_by_the_next_process_after_a_stop(
    database_url: str,
) -> None:
    async with outside_world() as (slack, twilio):
        environ = environ_for(slack, twilio, database_url=database_url)
        call = twilio.network.call_in_progress(to=SUPPORT_LINE)
        async with bot_at_work(slack, environ, deadlines=HASTY) as stopped:
            stopped.changes._ledger = LateLedger(stopped.outside.ledger, late=1)
            delivery = await slack.command(ANA, SUPPORT, f"/calls hangup {call.sid}")

        async with bot_at_work(slack, environ, deadlines=HASTY) as bot:
            here = Company(slack, twilio, bot)
            await until(lambda: was_told(here, ANA, "was *not* hung up"))
            events = await outcomes(bot)

    assert NOT_DONE in delivery.body
    assert call.is_live
    assert events == [("requested", "", "command"), ("failed", "not_sent", "machine")]


@ON_POSTGRES
async def test_what_was_told_as_not_done_is_not_done_by_another_replica(database_url: str) -> None:
    """Which looks for lost owners more often, and knows nothing of what was said."""
    slow = replace(HASTY, twilio_s=3.0, settle_every_s=1.0)
    async with company(database_url, deadlines=slow) as here:
        call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
        here.bot.changes._ledger = LateLedger(here.bot.outside.ledger, late=1)
        delivery = await here.say(ANA, f"/calls hangup {call.sid}")
        environ = environ_for(here.slack, here.twilio, database_url=database_url)
        async with bot_at_work(here.slack, environ, deadlines=HASTY) as other:
            await until(lambda: _has_outcome(here))
            await other.tasks.at_rest()

        assert NOT_DONE in delivery.body
        assert call.is_live
        assert await outcomes(here.bot) == [
            ("requested", "", "command"),
            ("failed", "not_sent", "machine"),
        ]


@ON_SQLITE
async def test_a_hang_up_that_was_sent_is_not_told_as_not_sent_when_the_log_goes(
    here: Company, call: Call
) -> None:
    """Sent without an answer, then to be sent again while the log is gone for a moment."""
    here.twilio.faults.standing("silent", match="Calls/CA")
    await here.slack.command(ANA, SUPPORT, f"/calls hangup {call.sid}")
    await until(lambda: was_told(here, ANA, "it is not known"))
    # The first answer tells that nothing is frozen, the second would be the mark.
    here.bot.worker._ledger = LateLedger(here.bot.outside.ledger, late=2)
    here.twilio.faults.clear()

    await until(lambda: not call.is_live)
    await until(lambda: has_event(here, "succeeded"))
    await here.at_rest()

    assert not was_told(here, ANA, "was *not* hung up")
