"""A database that does not answer: nothing is changed without a record, and that is said."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import pytest
from sqlalchemy import event

from bot.application.deadlines import Deadlines
from bot.application.ports import LedgerTransaction
from bot.database.engine import open_database
from bot.database.ledger import SqlLedger
from bot.domain.errors import LogUnavailableError
from bot.sandbox.twilio import Call
from tests.scenario.company import (
    ANA,
    BEN,
    SUPPORT,
    SUPPORT_LINE,
    VERA,
    Company,
    bot_at_work,
    company,
    environ_for,
    outside_world,
)
from tests.scenario.reading import shown
from tests.scenario.standing_still import MAY_STOP_SERVER, postgres_hanging
from tests.scenario.trouble import (
    ON_POSTGRES,
    ON_SQLITE,
    drop_connections,
    log_taken,
    outcomes,
    postgres_gone,
    readiness,
    told,
    until,
    was_told,
)

T = TypeVar("T")
# What is left open is settled soon after the log is back.
HASTY = Deadlines(
    twilio_s=2.0,
    finish_s=0.2,
    hang_up_try_s=0.5,
    look_s=0.3,
    claim_lease_s=1.5,
    second_look_after_s=0.1,
    settle_every_s=0.2,
)
UPDATE = "POST /"
# Longer than any test waits: what is held up is let go when its moment has come.
HELD_UP_S = 60.0
NOT_DONE = "It was *not* done: the log does not answer"


@pytest.fixture
async def here(database_url: str) -> AsyncIterator[Company]:
    """The company at work, in a hurry."""
    async with company(database_url, deadlines=HASTY) as at_work:
        yield at_work


@pytest.fixture
def call(here: Company) -> Call:
    """The one live call."""
    return here.twilio.network.call_in_progress(to=SUPPORT_LINE)


async def log_holds(here: Company) -> bool:
    """Whether nobody has tampered with the log, as its own check sees it."""
    return (await here.bot.outside.log.verify()).fault is None


async def test_a_change_that_cannot_be_recorded_is_not_sent(
    here: Company, call: Call, database_url: str
) -> None:
    """The person hears in time that it was not done, and nothing of it is left behind."""
    async with log_taken(database_url):
        delivery = await here.say(ANA, f"/calls hangup {call.sid}")
    changes = here.changes_sent()

    await here.say(BEN, f"/calls hangup {call.sid}")

    assert delivery.is_ok
    assert NOT_DONE in delivery.body
    assert changes == []
    assert [(who, event) for who, event in await here.events()] == [
        (BEN, "hang_up requested"),
        (BEN, "hang_up succeeded"),
    ]
    assert await log_holds(here)


@ON_SQLITE
async def test_a_click_that_cannot_be_recorded_is_answered_where_the_person_looks(
    here: Company, call: Call, database_url: str
) -> None:
    await here.say(ANA, "/calls")

    async with log_taken(database_url):
        delivery = await here.click(ANA, "Hang up", call=call)

    assert delivery.is_ok
    assert NOT_DONE in shown(here.last(ANA))
    assert call.is_live


async def test_while_the_log_is_down_lists_work_and_say_so_and_the_bot_is_not_ready(
    here: Company, call: Call, database_url: str
) -> None:
    await here.say(VERA, "/calls")
    ready_before = await readiness(here)

    async with log_taken(database_url):
        await here.say(VERA, "/calls")
        ready_meanwhile = await readiness(here)
    listed = here.last(VERA)

    assert call.sid in str(listed.blocks)
    assert "the log does not answer" in shown(listed).lower()
    assert (ready_before, ready_meanwhile, await readiness(here)) == (200, 503, 200)


async def test_a_change_whose_mark_cannot_be_recorded_is_not_sent_and_told_as_not_done(
    here: Company, call: Call, database_url: str
) -> None:
    """Between its accept and its being sent the log goes: it is settled once the log is back."""
    slow = here.twilio.faults.next("slow", match=call.sid, seconds=HELD_UP_S)
    deed = asyncio.create_task(here.say(ANA, f"/calls redirect {call.sid} own-flow"))
    await until(lambda: any(call.sid in one.path for one in here.twilio.requests))

    async with log_taken(database_url):
        slow.let_go()
        await deed
        first_words = told(here, ANA)[0].text
    await until(lambda: _has_event(here, "failed"))
    await here.at_rest()

    assert "was *not* redirected" in first_words
    assert "The log did not answer" in first_words
    assert here.changes_sent() == []
    assert await outcomes(here.bot) == [
        ("requested", "", "command"),
        ("failed", "not_sent", "machine"),
    ]
    assert await log_holds(here)


async def test_an_outcome_that_cannot_be_recorded_is_told_and_recorded_later(
    here: Company, call: Call, database_url: str
) -> None:
    """A redirect's outcome is known to this process alone: nothing could be learnt by looking."""
    slow = here.twilio.faults.next("slow", match=UPDATE, seconds=HELD_UP_S)
    deed = asyncio.create_task(here.say(ANA, f"/calls redirect {call.sid} hold-music"))
    await until(lambda: len(here.changes_sent()) == 1)

    async with log_taken(database_url):
        slow.let_go()
        await deed
        first_words = told(here, ANA)[0].text
    await until(lambda: _has_event(here, "succeeded"))
    await here.at_rest()

    assert "Twilio took it" in first_words
    assert "is not in the log yet" in first_words
    assert "is not in the log yet" not in told(here, ANA)[0].text
    assert await outcomes(here.bot) == [
        ("requested", "", "command"),
        ("succeeded", "accepted", "machine"),
    ]
    assert len(here.twilio.updates(call.sid)) == 1
    assert await log_holds(here)


@ON_SQLITE
async def test_a_redirect_that_was_told_as_not_sent_is_not_sent_later(
    here: Company, call: Call
) -> None:
    """The mark came to stand in the log after the wait for it was given up."""
    here.bot.worker._ledger = LateLedger(here.bot.outside.ledger, late=1)

    await here.say(ANA, f"/calls redirect {call.sid} hold-music")
    await until(lambda: _has_event(here, "failed"))
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
    await until(lambda: _has_event(here, "failed"))
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
        await until(lambda: _has_event(here, "failed"), within_s=patient.sent_lease_s / 2)
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

        await until(lambda: _has_event(here, "failed"))
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

        await until(lambda: _has_event(here, "failed"), within_s=6)
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
    await until(lambda: _has_event(here, "succeeded"))
    await here.at_rest()

    assert not was_told(here, ANA, "was *not* hung up")


@ON_POSTGRES
async def test_connections_that_the_server_drops_are_replaced(
    here: Company, call: Call, database_url: str
) -> None:
    drop_connections(database_url)

    await here.say(ANA, f"/calls hangup {call.sid}")

    assert [event for event, _, _ in await outcomes(here.bot)] == ["requested", "succeeded"]


@ON_POSTGRES
@MAY_STOP_SERVER
@pytest.mark.parametrize("comes_anew", [False, True])
async def test_a_server_that_hangs_is_waited_for_no_longer_than_slack_waits(
    here: Company, call: Call, database_url: str, *, comes_anew: bool
) -> None:
    """What it took in while it hung is rolled back when it goes on."""
    with postgres_hanging(database_url):
        if comes_anew:
            here.bot.outside._database.writer.engine.dispose()
        delivery = await here.say(ANA, f"/calls hangup {call.sid}")
        ready_meanwhile = await readiness(here)

    await here.say(BEN, f"/calls hangup {call.sid}")

    assert NOT_DONE in delivery.body
    assert ready_meanwhile == 503
    assert [who for who, _ in await here.events()] == [BEN, BEN]
    assert await log_holds(here)


@ON_POSTGRES
async def test_a_server_that_is_gone_is_told_at_once_and_used_again_when_it_is_back(
    here: Company, call: Call, database_url: str
) -> None:
    with postgres_gone(database_url):
        delivery = await here.say(ANA, f"/calls hangup {call.sid}")
        ready_meanwhile = await readiness(here)
        changes = here.changes_sent()

    await here.say(ANA, f"/calls hangup {call.sid}")

    assert NOT_DONE in delivery.body
    assert changes == []
    assert ready_meanwhile == 503
    assert not call.is_live
    assert await readiness(here) == 200


class LateLedger:
    """A ledger that commits, and answers too late for who waits for its `late`th answer."""

    def __init__(self, ledger: SqlLedger, *, late: int) -> None:
        self._ledger = ledger
        self._until_late = late

    async def write(self, work: Callable[[LedgerTransaction], Awaitable[T]]) -> T:
        result = await self._ledger.write(work)
        self._until_late -= 1
        if self._until_late == 0:
            raise LogUnavailableError("no answer in time")
        return result


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


async def _has_event(here: Company, event: str) -> bool:
    return event in [happened for happened, _, _ in await outcomes(here.bot)]


async def test_closing_waits_for_a_question_under_way_and_leaves_no_connection(
    database_url: str,
) -> None:
    """A process that stops must not leave a connection behind that is still at work."""
    database = open_database(database_url)
    opened, closed = [], []
    event.listen(database.reader.engine, "connect", lambda *_: opened.append(True))
    event.listen(database.reader.engine, "close", lambda *_: closed.append(True))

    def ask_slowly() -> None:
        with database.reader.engine.connect():
            time.sleep(0.3)

    question = asyncio.create_task(database.reader.run(ask_slowly))
    await until(lambda: opened != [])

    await database.close()

    assert question.done()
    assert len(closed) == len(opened) == 1
