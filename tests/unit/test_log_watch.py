"""The record of outages of the log: when, how long, and how many were turned away meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from bot.application.log_watch import LogWatch
from bot.application.ports import Ledger, LedgerTransaction
from bot.domain.errors import LogUnavailableError, NotPermittedError
from bot.domain.people import Role
from tests.contract.database.drafts import draft
from tests.fakes.clocks import Clocks
from tests.fakes.ledger import FakeLedger


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger()


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def watch(ledger: FakeLedger, clocks: Clocks) -> LogWatch:
    return LogWatch(ledger, replica="one", clock=clocks.now, elapsed=clocks.elapsed)


async def ask(ledger: Ledger) -> None:
    async def work(_tx: LedgerTransaction) -> None:
        pass

    await ledger.write(work)


async def ask_in_vain(ledger: Ledger, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(LogUnavailableError):
            await ask(ledger)


async def test_an_outage_is_written_down_with_its_times_and_who_was_turned_away(
    watch: LogWatch, ledger: FakeLedger, clocks: Clocks
) -> None:
    await ask(watch.for_people)
    ledger.is_down = True
    clocks.passes(60)
    await ask_in_vain(watch.for_people, times=3)
    await ask_in_vain(watch.for_machine, times=5)
    clocks.passes(60)
    ledger.is_down = False
    await watch.look()

    await watch.write_down()
    await watch.write_down()

    details = {
        "replica": "one",
        "from": "2026-01-31T12:01:00.000000Z",
        "to": "2026-01-31T12:02:00.000000Z",
        "requests_refused": 3,
    }
    assert ledger.told == [("log_down", details)]


async def test_a_log_that_was_never_down_leaves_no_entry(
    watch: LogWatch, ledger: FakeLedger
) -> None:
    await ask(watch.for_people)

    await watch.write_down()

    assert ledger.told == []


async def test_a_log_that_comes_and_goes_is_one_outage(
    watch: LogWatch, ledger: FakeLedger, clocks: Clocks
) -> None:
    for is_down in (True, False, True, False):
        ledger.is_down = is_down
        clocks.passes(5)
        if is_down:
            await ask_in_vain(watch.for_people)
        else:
            await watch.look()

    await watch.write_down()

    [(_event, details)] = ledger.told
    assert (details["from"], details["to"], details["requests_refused"]) == (
        "2026-01-31T12:00:05.000000Z",
        "2026-01-31T12:00:20.000000Z",
        2,
    )


async def test_an_outage_that_cannot_be_written_down_yet_is_kept(
    watch: LogWatch, ledger: FakeLedger, clocks: Clocks
) -> None:
    ledger.is_down = True
    await ask_in_vain(watch.for_people)
    ledger.is_down = False
    await watch.look()
    ledger.is_down = True
    await watch.write_down()
    clocks.passes(30)
    ledger.is_down = False

    await watch.write_down()

    [(_event, details)] = ledger.told
    assert (details["from"], details["to"]) == (
        "2026-01-31T12:00:00.000000Z",
        "2026-01-31T12:00:30.000000Z",
    )


async def test_an_outage_that_the_log_took_without_saying_so_is_written_once(
    watch: LogWatch, ledger: FakeLedger, clocks: Clocks
) -> None:
    """From that moment on it is another outage, which tells of nothing that the first one told."""
    ledger.is_down = True
    await ask_in_vain(watch.for_people, times=3)
    clocks.passes(60)
    ledger.is_down = False
    await watch.look()
    ledger.is_silent = True
    await watch.write_down()
    ledger.is_down, ledger.is_silent = True, False
    await ask_in_vain(watch.for_people, times=2)
    clocks.passes(60)
    ledger.is_down = False

    for _ in range(2):
        await watch.write_down()

    told = [(d["from"], d["to"], d["requests_refused"]) for _event, d in ledger.told]
    assert told == [
        ("2026-01-31T12:00:00.000000Z", "2026-01-31T12:01:00.000000Z", 3),
        ("2026-01-31T12:01:00.000000Z", "2026-01-31T12:02:00.000000Z", 2),
    ]


async def test_what_is_not_taken_while_an_outage_is_written_down_is_another_one(
    watch: LogWatch, ledger: FakeLedger, clocks: Clocks
) -> None:
    ledger.is_down = True
    await ask_in_vain(watch.for_people, times=3)
    ledger.is_down = False
    await watch.look()
    clocks.passes(60)
    ledger.after_each = lambda: watch.missed(clocks.now(), is_for_people=True)
    await watch.write_down()
    ledger.after_each = None
    clocks.passes(60)

    await watch.write_down()

    told = [(d["from"], d["to"], d["requests_refused"]) for _event, d in ledger.told]
    assert told == [
        ("2026-01-31T12:00:00.000000Z", "2026-01-31T12:00:00.000000Z", 3),
        ("2026-01-31T12:01:00.000000Z", "2026-01-31T12:02:00.000000Z", 1),
    ]


async def test_an_outage_that_lasts_is_not_written_down(
    watch: LogWatch, ledger: FakeLedger
) -> None:
    ledger.is_down = True
    await ask_in_vain(watch.for_people)

    await watch.write_down()
    ledger.is_down = False

    assert ledger.told == []
    assert watch.is_down


async def test_what_only_reads_ends_no_outage_while_there_is_no_room_for_an_entry(
    watch: LogWatch, ledger: FakeLedger, clocks: Clocks
) -> None:
    ledger.is_full = True
    with pytest.raises(LogUnavailableError):
        await watch.for_people.write(lambda tx: tx.append(draft()))
    answers = []
    for _ in range(3):
        clocks.passes(20)
        await ask(watch.for_machine)
        await watch.look()
        answers.append(await watch.takes_entries())
    ledger.is_full = False
    answers.append(await watch.takes_entries())

    await watch.write_down()

    [(_event, details)] = ledger.told
    assert answers == [False, False, False, True]
    assert (details["from"], details["to"], details["requests_refused"]) == (
        "2026-01-31T12:00:00.000000Z",
        "2026-01-31T12:01:00.000000Z",
        1,
    )


async def test_a_log_without_room_is_found_within_a_minute_though_nobody_asks_for_anything(
    watch: LogWatch, ledger: FakeLedger, clocks: Clocks
) -> None:
    ledger.is_full = True

    answers = []
    for _ in range(3):
        await watch.look()
        answers.append(await watch.takes_entries())
        clocks.passes(30)

    assert answers == [True, True, False]
    assert ledger.told == []


async def test_who_is_told_to_stop_is_no_outage(watch: LogWatch, ledger: FakeLedger) -> None:
    async def hangs(_tx: LedgerTransaction) -> None:
        await asyncio.sleep(60)

    waiting = asyncio.create_task(watch.for_people.write(hangs))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    await watch.write_down()

    assert ledger.told == []


async def test_a_refusal_is_no_outage(watch: LogWatch, ledger: FakeLedger) -> None:
    async def refuse(_tx: LedgerTransaction) -> None:
        raise NotPermittedError(needed=Role.ADMIN, held=Role.VIEWER, ask=())

    with pytest.raises(NotPermittedError):
        await watch.for_people.write(refuse)

    await watch.write_down()

    assert ledger.told == []
