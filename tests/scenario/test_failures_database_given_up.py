"""What the log did not confirm: it is taken back, and nobody hears "not done" of what is done."""

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
from bot.domain.changes import Change, Outcome
from bot.domain.errors import LogUnavailableError
from bot.sandbox.twilio import Call
from tests.scenario.company import (
    ADA,
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
from tests.scenario.reading import shown
from tests.scenario.trouble import (
    HASTY,
    NOT_DONE,
    NOT_KNOWN,
    ON_POSTGRES,
    ON_SQLITE,
    LateLedger,
    has_event,
    log_taken,
    outcomes,
    told,
    until,
    was_told,
)

T = TypeVar("T")

VERBS = pytest.mark.parametrize(
    ("verb", "first_words"), [("hangup {}", NOT_KNOWN), ("redirect {} hold-music", NOT_DONE)]
)
WITHDRAWN = [("requested", "", "command"), ("failed", "not_sent", "machine")]


class StandingLedger:
    """A ledger that commits, in a process that then stands still for a while, as a stopped one."""

    def __init__(self, ledger: SqlLedger, *, for_s: float) -> None:
        self._ledger = ledger
        self._for_s = for_s

    async def write(
        self,
        work: Callable[[LedgerTransaction], Awaitable[T]],
        *,
        within_s: float | None = None,
    ) -> T:
        result = await self._ledger.write(work, within_s=within_s)
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
@VERBS
async def test_what_the_log_did_not_confirm_is_taken_back_and_told(
    here: Company, call: Call, verb: str, first_words: str
) -> None:
    """The accept came to stand in the log after the wait for it was given up."""
    here.bot.changes._ledger = LateLedger(here.bot.outside.ledger, late=1)

    delivery = await here.say(ANA, f"/calls {verb.format(call.sid)}")
    await until(lambda: has_event(here, "failed"))
    await here.at_rest()

    assert first_words in delivery.body
    assert was_told(here, ANA, "The call was *not*")
    assert call.is_live
    assert here.changes_sent() == []
    assert await outcomes(here.bot) == WITHDRAWN


@ON_SQLITE
async def test_what_never_came_to_stand_in_the_log_is_told_as_not_done_in_the_end(
    here: Company, call: Call
) -> None:
    """Who heard that it is not known is not left with that."""
    here.bot.changes._ledger = LateLedger(here.bot.outside.ledger, late=1, is_undone=True)

    delivery = await here.say(ANA, f"/calls hangup {call.sid}")
    await until(lambda: was_told(here, ANA, "The call was *not* hung up"))

    assert NOT_KNOWN in delivery.body
    assert call.is_live
    assert await outcomes(here.bot) == []


@ON_SQLITE
async def test_a_redirect_that_never_came_to_stand_is_told_as_not_done_once(
    here: Company, call: Call
) -> None:
    here.bot.changes._ledger = LateLedger(here.bot.outside.ledger, late=1, is_undone=True)

    delivery = await here.say(ANA, f"/calls redirect {call.sid} hold-music")
    await here.bot.worker.record_unrecorded()
    await here.at_rest()

    assert NOT_DONE in delivery.body
    assert not was_told(here, ANA, "The call was *not*")


@ON_SQLITE
async def test_a_repeated_redirect_that_the_log_did_not_confirm_may_be_done_by_another(
    here: Company, call: Call
) -> None:
    """This process does not know the first delivery."""
    first = await here.say(ANA, f"/calls redirect {call.sid} hold-music")
    here.bot.changes._accepted.clear()
    here.bot.changes._ledger = LateLedger(here.bot.outside.ledger, late=1)

    again = await here.slack.redeliver(first)
    await here.at_rest()

    assert "*not known here* whether the call will be redirected" in again.body
    assert len(here.changes_sent()) == 1


@VERBS
async def test_what_the_log_did_not_confirm_is_taken_back_long_before_others_may_take_it_over(
    database_url: str, verb: str, first_words: str
) -> None:
    """Another replica does not know that this one has given it up, and would hang up after all."""
    patient = Deadlines(settle_every_s=0.1)
    async with company(database_url, deadlines=patient) as here:
        call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
        here.bot.changes._ledger = LateLedger(here.bot.outside.ledger, late=1)

        delivery = await here.say(ANA, f"/calls {verb.format(call.sid)}")
        await until(lambda: has_event(here, "failed"), within_s=patient.sent_lease_s / 2)
        await here.at_rest()

        assert first_words in delivery.body
        assert call.is_live
        assert (await outcomes(here.bot))[-1] == ("failed", "not_sent", "machine")


@ON_POSTGRES
async def test_what_another_replica_did_was_never_told_as_not_done(database_url: str) -> None:
    """The one that did not get an answer cannot withdraw it before its lease is over."""
    cut_off = replace(HASTY, settle_every_s=60.0)
    async with company(database_url, deadlines=cut_off) as here:
        call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
        here.bot.changes._ledger = LateLedger(here.bot.outside.ledger, late=1)
        delivery = await here.say(ANA, f"/calls hangup {call.sid}")
        environ = environ_for(here.slack, here.twilio, database_url=database_url)
        async with bot_at_work(here.slack, environ, deadlines=HASTY) as other:
            await until(lambda: was_told(here, ANA, "Hung up by"))
            await other.tasks.at_rest()
        await here.bot.worker.record_unrecorded()
        await here.at_rest()

        assert NOT_KNOWN in delivery.body
        assert not call.is_live
        assert not was_told(here, ANA, "*not* done")
        assert not was_told(here, ANA, "was *not* hung up")


@ON_SQLITE
@pytest.mark.parametrize("surface", ["command", "button"])
async def test_a_process_that_stood_still_says_that_it_does_not_know(
    database_url: str, surface: str
) -> None:
    """It meets its own deadlines all at once when it goes on, and another may have done it."""
    async with company(database_url) as here:
        call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
        await here.say(ANA, f"/calls show {call.sid}")
        here.bot.changes._ledger = StandingLedger(here.bot.outside.ledger, for_s=2.7)
        if surface == "button":
            await here.click(ANA, "Hang up")
        else:
            await here.say(ANA, f"/calls hangup {call.sid}")

        await until(lambda: was_told(here, ANA, "The call was *not* hung up"))
        await here.at_rest()

        assert was_told(here, ANA, NOT_KNOWN)
        assert not was_told(here, ANA, "*not* done")
        assert call.is_live
        assert [event for event, _, _ in await outcomes(here.bot)] == ["requested", "failed"]


async def test_a_freeze_that_the_log_did_not_take_is_told_as_not_done(
    here: Company, call: Call, database_url: str
) -> None:
    async with log_taken(database_url):
        delivery = await here.slack.command(ADA, SUPPORT, "/calls freeze toll fraud")
    await here.say(ANA, f"/calls hangup {call.sid}")

    assert NOT_DONE in delivery.body
    assert not call.is_live


@ON_SQLITE
async def test_a_process_that_stood_still_does_not_say_that_nothing_was_frozen(
    database_url: str,
) -> None:
    async with company(database_url) as here:
        here.bot.desk.freeze._ledger = StandingLedger(here.bot.outside.ledger, for_s=2.7)

        delivery = await here.say(ADA, "/calls freeze toll fraud")

        assert "It is *not known here* whether all changes are frozen" in delivery.body
        assert await here.bot.outside.log.current_freeze() is not None


@ON_SQLITE
async def test_what_the_log_did_not_confirm_is_in_nobodys_way(database_url: str) -> None:
    """It is withdrawn as soon as the log answers, long before its lease has run out."""
    async with company(database_url) as here:
        call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
        here.bot.changes._ledger = LateLedger(here.bot.outside.ledger, late=1)
        first = await here.say(ANA, f"/calls hangup {call.sid}")

        await until(lambda: has_event(here, "failed"), within_s=6)
        await here.say(BEN, f"/calls hangup {call.sid}")

        assert NOT_KNOWN in first.body
        assert not call.is_live
        assert [(who, event) for who, event in await here.events()] == [
            (ANA, "hang_up requested"),
            (ANA, "hang_up failed"),
            (BEN, "hang_up requested"),
            (BEN, "hang_up succeeded"),
        ]


@ON_SQLITE
async def test_what_the_log_did_not_confirm_is_not_done_by_the_next_process_after_a_stop(
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

    assert NOT_KNOWN in delivery.body
    assert call.is_live
    assert events == WITHDRAWN


@ON_POSTGRES
async def test_what_the_log_did_not_confirm_is_not_done_by_another_replica(
    database_url: str,
) -> None:
    """Which looks for lost owners more often."""
    slow = replace(HASTY, twilio_s=3.0, settle_every_s=1.0)
    async with company(database_url, deadlines=slow) as here:
        call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
        here.bot.changes._ledger = LateLedger(here.bot.outside.ledger, late=1)
        delivery = await here.say(ANA, f"/calls hangup {call.sid}")
        environ = environ_for(here.slack, here.twilio, database_url=database_url)
        async with bot_at_work(here.slack, environ, deadlines=HASTY) as other:
            await until(lambda: _has_outcome(here))
            await other.tasks.at_rest()

        assert NOT_KNOWN in delivery.body
        assert call.is_live
        assert await outcomes(here.bot) == WITHDRAWN


@ON_SQLITE
@pytest.mark.parametrize("fault", [TimeoutError, LogUnavailableError])
async def test_what_fails_after_the_accept_is_never_told_as_not_done(
    here: Company, call: Call, fault: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call is hung up; only to show that failed."""

    async def fail(_change: Change, _outcome: Outcome) -> None:
        raise fault

    monkeypatch.setattr(here.bot.worker._teller, "tell", fail)
    await here.say(ANA, f"/calls hangup {call.sid}")
    await here.at_rest()

    assert not call.is_live
    assert was_told(here, ANA, "Something went wrong in Hookflash")
    assert not was_told(here, ANA, "*not* done")


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


@ON_SQLITE
async def test_who_heard_that_it_is_not_known_is_told_once_in_the_end(database_url: str) -> None:
    """At shutdown two look at once for what the log did not take."""
    async with company(database_url, deadlines=replace(HASTY, settle_every_s=60.0)) as here:
        call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
        here.bot.changes._ledger = LateLedger(here.bot.outside.ledger, late=1, is_undone=True)
        await here.say(ANA, f"/calls hangup {call.sid}")

        worker = here.bot.worker
        await asyncio.gather(worker.record_unrecorded(), worker.record_unrecorded())
        await here.at_rest()

        said = [one for one in told(here, ANA) if "was *not* hung up" in shown(one)]
        assert len(said) == 1


@ON_SQLITE
async def test_what_twilio_said_at_the_last_moment_is_in_the_log_after_a_stop(
    database_url: str,
) -> None:
    """The log did not take it at first, and nobody but this process knows it."""
    async with company(database_url) as here:
        call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
        # The mark is taken, and the outcome is not.
        here.bot.worker._ledger = LateLedger(here.bot.outside.ledger, late=2, is_undone=True)
        here.twilio.faults.standing("slow", match="Calls/CA", seconds=0.5)
        await here.slack.command(ANA, SUPPORT, f"/calls redirect {call.sid} hold-music")
        await until(lambda: bool(here.changes_sent()))

        await here.bot.stop()

        assert was_told(here, ANA, "Hookflash adds it as soon as the log answers")
        assert (await outcomes(here.bot))[-1] == ("succeeded", "accepted", "machine")
