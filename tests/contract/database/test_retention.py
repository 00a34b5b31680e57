"""Deleting old personal values: exactly those, with an entry for each, and a log that holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from sqlalchemy import text

from bot.application import retention
from bot.application.cautious_clock import CautiousClock
from bot.application.ports import LedgerTransaction
from bot.application.retention import DailyRedaction, Redacted, Retention, count_old_values
from bot.database.audit_reader import SqlAuditReader
from bot.database.engine import Database
from bot.database.ledger import SqlLedger
from bot.domain.audit import MAIN_CHAIN, Action, AuditEntry, Event, Surface
from bot.domain.errors import LogUnavailableError
from bot.domain.people import MACHINE, Actor
from tests.contract.database.drafts import append, change, draft, outcome
from tests.fixtures_database import administration

T = TypeVar("T")
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
KEEP_FOR = timedelta(days=30)
AUDITOR = Actor("", "", "ana@desk")
NUMBERS = {"from": "+14155550123", "to": "+442079460000"}


class SetClock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at

    def days_later(self, days: float) -> None:
        """Move it on, or back."""
        self.at += timedelta(days=days)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def ledger(database: Database, clock: SetClock) -> AsyncIterator[SqlLedger]:
    """The writing side, whose entries are as old as the test says."""
    writing = SqlLedger(database.writer, chain_id=MAIN_CHAIN, clock=clock)
    yield writing
    await writing.close()


async def redact(ledger: SqlLedger, clock: SetClock, *, at_once: int = 500) -> Redacted:
    """What is older than KEEP_FOR, at the terminal."""
    retention = Retention(ledger, entries_at_once=at_once)
    return await retention.redact(
        older_than=clock() - KEEP_FOR, by=AUDITOR, surface=Surface.TERMINAL
    )


async def kept(reader: SqlAuditReader) -> list[int]:
    """The entries before the redactions that still have a personal value."""
    return [
        entry.seq
        async for entry, personal in reader.entries()
        if personal and entry.event != Event.REDACTED
    ]


async def redactions(reader: SqlAuditReader) -> list[AuditEntry]:
    return [entry async for entry, _ in reader.entries() if entry.event == Event.REDACTED]


async def ranges(reader: SqlAuditReader) -> list[tuple[int, int]]:
    """First and last entry of each redaction."""
    found = await redactions(reader)
    return [(one.details["first_seq"], one.details["last_seq"]) for one in found]


async def test_what_is_older_goes_and_the_log_holds(
    ledger: SqlLedger, reader: SqlAuditReader, clock: SetClock
) -> None:
    await append(ledger, *(draft(personal=NUMBERS) for _ in range(3)))
    clock.days_later(30)
    await append(ledger, draft(personal=NUMBERS))
    clock.days_later(1)

    done = await redact(ledger, clock)

    assert done == Redacted(entries=3, values=6)
    assert await kept(reader) == [4]
    [entry] = await redactions(reader)
    assert (entry.action, entry.surface, entry.actor_user_id) == (
        Action.REDACT_AUDIT,
        Surface.TERMINAL,
        "",
    )
    told = {name: value for name, value in entry.details.items() if name != "digests"}
    assert told == {
        "first_seq": 1,
        "last_seq": 3,
        "fields": ["from", "to"],
        "entries": 3,
        "values": 6,
    }
    assert (await reader.verify()).fault is None


async def test_a_second_run_finds_nothing_and_writes_nothing(
    ledger: SqlLedger, reader: SqlAuditReader, clock: SetClock
) -> None:
    await append(ledger, draft(personal=NUMBERS))
    clock.days_later(31)
    await redact(ledger, clock)

    again = await redact(ledger, clock)

    assert again == Redacted()
    assert len(await redactions(reader)) == 1


async def test_a_count_beforehand_changes_nothing(
    ledger: SqlLedger, reader: SqlAuditReader, clock: SetClock
) -> None:
    await append(ledger, *(draft(personal=NUMBERS) for _ in range(3)))
    clock.days_later(31)

    found = await count_old_values(reader, older_than=clock() - KEEP_FOR)

    assert found == Redacted(entries=3, values=6)
    assert (await kept(reader), await redactions(reader)) == ([1, 2, 3], [])


async def test_every_short_transaction_has_its_entry_and_a_cut_between_two_holds(
    ledger: SqlLedger, reader: SqlAuditReader, clock: SetClock
) -> None:
    """The run is cut off after its second transaction, as a kill would, and finished by another."""
    await append(ledger, *(draft(personal=NUMBERS) for _ in range(5)))
    clock.days_later(31)

    class Killed(Exception):  # noqa: N818 - it stands for a kill
        """The end of the process."""

    class LedgerThatDies:
        """The ledger until the third unit of work."""

        units = 0

        async def write(
            self,
            work: Callable[[LedgerTransaction], Awaitable[T]],
            *,
            within_s: float | None = None,
        ) -> T:
            self.units += 1
            if self.units == 3:
                raise Killed
            return await ledger.write(work, within_s=within_s)

    with pytest.raises(Killed):
        await Retention(LedgerThatDies(), entries_at_once=2).redact(
            older_than=clock() - KEEP_FOR, by=AUDITOR, surface=Surface.TERMINAL
        )
    cut_off_at = await kept(reader)
    verdict_then = await reader.verify()
    finished = await redact(ledger, clock)

    assert cut_off_at == [5]
    assert verdict_then.fault is None
    assert finished == Redacted(entries=1, values=2)
    ranges = [
        (one.details["first_seq"], one.details["last_seq"]) for one in await redactions(reader)
    ]
    assert ranges == [(1, 2), (3, 4), (5, 5)]
    assert (await reader.verify()).fault is None


async def test_entries_of_one_run_share_their_request(
    ledger: SqlLedger, reader: SqlAuditReader, clock: SetClock
) -> None:
    await append(ledger, *(draft(personal=NUMBERS) for _ in range(5)))
    clock.days_later(31)

    await redact(ledger, clock, at_once=2)

    found = await redactions(reader)
    assert len(found) == 3
    assert len({one.request_id for one in found}) == 1


async def test_a_request_of_a_long_run_does_not_grow_with_it(
    ledger: SqlLedger,
    reader: SqlAuditReader,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page of the log reads each request whole."""
    monkeypatch.setattr(retention, "MOST_OF_ONE_REQUEST", 2)
    await append(ledger, *(draft(personal=NUMBERS) for _ in range(5)))
    clock.days_later(31)

    await redact(ledger, clock, at_once=1)

    of_requests = Counter(one.request_id for one in await redactions(reader))
    assert sorted(of_requests.values()) == [1, 2, 2]


async def test_the_freeze_in_force_keeps_its_name_and_reason(
    ledger: SqlLedger, reader: SqlAuditReader, clock: SetClock
) -> None:
    told = {"actor_name": "ada", "reason": "fraud"}
    freeze = draft(action=Action.FREEZE, event=Event.SUCCEEDED, personal=told)
    await append(ledger, draft(personal=NUMBERS), freeze, draft(personal=NUMBERS))
    clock.days_later(400)

    await redact(ledger, clock)
    in_force = await reader.current_freeze()
    await append(ledger, draft(action=Action.UNFREEZE, event=Event.SUCCEEDED))
    after_it_was_lifted = await redact(ledger, clock)

    assert in_force is not None
    assert (in_force.by.name, in_force.reason) == ("ada", "fraud")
    ranges = [
        (one.details["first_seq"], one.details["last_seq"]) for one in await redactions(reader)
    ]
    assert ranges == [(1, 1), (3, 3), (2, 2)]
    assert after_it_was_lifted == Redacted(entries=1, values=2)
    assert (await reader.verify()).fault is None


async def test_an_open_change_keeps_what_it_needs_and_a_closed_one_is_emptied(
    ledger: SqlLedger, reader: SqlAuditReader, clock: SetClock, database_url: str
) -> None:
    waiting = change(request_id="waiting", reason="open", call_sid="CA" + "3" * 32)
    ended = change(request_id="ended", reason="closed")

    async def begin(tx: LedgerTransaction) -> None:
        for one in (waiting, ended):
            await tx.insert_change(one)
            await tx.append(draft(request_id=one.request.request_id, personal={"reason": "noise"}))
        await tx.close_change(ended, outcome())

    await ledger.write(begin)
    clock.days_later(31)

    await redact(ledger, clock)

    assert await kept(reader) == [1]
    with administration(database_url) as connection:
        rows = connection.execute(
            text("SELECT request_id, reason, actor_name FROM call_changes ORDER BY request_id")
        ).all()
    assert list(map(tuple, rows)) == [("ended", "", ""), ("waiting", "open", "ana")]


async def test_a_clock_that_was_wrong_costs_no_young_value_but_its_own(
    ledger: SqlLedger, reader: SqlAuditReader, clock: SetClock
) -> None:
    """An entry goes by its own time. One from the future keeps its values until then."""
    await append(ledger, draft(personal=NUMBERS))
    clock.days_later(60)
    await append(ledger, draft(personal=NUMBERS))
    clock.days_later(-60)
    await append(ledger, draft(personal=NUMBERS))
    clock.days_later(31)

    await redact(ledger, clock)
    at_first = await kept(reader)
    clock.days_later(60)
    await redact(ledger, clock)

    assert at_first == [2]
    assert await kept(reader) == []
    assert (await reader.verify()).fault is None


async def test_one_replica_a_day_redacts(
    database: Database, ledger: SqlLedger, reader: SqlAuditReader, clock: SetClock
) -> None:
    other = SqlLedger(database.writer, chain_id=MAIN_CHAIN, clock=clock)
    daily = [
        DailyRedaction(Retention(writing), keep_for=KEEP_FOR, clock=clock)
        for writing in (ledger, other)
    ]
    for _ in range(40):
        await append(ledger, draft(personal=NUMBERS))
        clock.days_later(1 / 24)
    clock.days_later(30)

    done = [await one.redact_if_due() for one in (*daily, *daily)]
    clock.days_later(1)
    next_day = [await one.redact_if_due() for one in reversed(daily)]

    assert [one.entries for one in done] == [40, 0, 0, 0]
    assert next_day == [Redacted(), Redacted()]
    assert [one.surface for one in await redactions(reader)] == [Surface.MACHINE]
    await other.close()


async def test_the_daily_run_is_due_again_after_a_day(
    ledger: SqlLedger, reader: SqlAuditReader, clock: SetClock
) -> None:
    daily = DailyRedaction(Retention(ledger), keep_for=KEEP_FOR, clock=clock)
    entries = []
    for _ in range(3):
        await append(ledger, draft(personal=NUMBERS))
        clock.days_later(0.5)
    clock.days_later(KEEP_FOR.days - 1.25)
    for _ in range(4):
        entries.append((await daily.redact_if_due()).entries)
        clock.days_later(0.5)

    assert entries == [1, 0, 2, 0]
    assert (await reader.verify()).fault is None


async def test_a_clock_that_is_set_ahead_costs_no_young_value(
    ledger: SqlLedger, reader: SqlAuditReader, clock: SetClock
) -> None:
    """What is deleted nobody brings back, and a clock may be wrong for a minute."""
    cautious = CautiousClock(clock, clock, elapsed=float)  # the machine runs no longer meanwhile
    daily = DailyRedaction(Retention(ledger), keep_for=KEEP_FOR, clock=cautious)
    await append(ledger, draft(personal=NUMBERS))

    clock.days_later(400)
    done = await daily.redact_if_due()

    assert done == Redacted()
    assert await kept(reader) == [1]


async def test_others_write_between_the_transactions_of_a_run(
    ledger: SqlLedger, reader: SqlAuditReader, clock: SetClock
) -> None:
    await append(ledger, *(draft(personal=NUMBERS) for _ in range(6)))
    clock.days_later(31)

    class Interrupted:
        """The ledger, with somebody who writes after each unit of work."""

        async def write(
            self,
            work: Callable[[LedgerTransaction], Awaitable[T]],
            *,
            within_s: float | None = None,
        ) -> T:
            result = await ledger.write(work, within_s=within_s)
            await append(ledger, draft(personal=NUMBERS))
            return result

    await Retention(Interrupted(), entries_at_once=2).redact(
        older_than=clock() - KEEP_FOR, by=MACHINE, surface=Surface.MACHINE
    )

    events = [entry.event async for entry, _ in reader.entries(after_seq=6)]
    assert events[:6] == ["redacted", "requested"] * 3
    assert (await reader.verify()).fault is None


async def test_nothing_is_deleted_where_the_entry_cannot_be_written(
    database: Database, ledger: SqlLedger, reader: SqlAuditReader, clock: SetClock
) -> None:
    await append(ledger, draft(personal=NUMBERS))
    clock.days_later(31)
    read_only = SqlLedger(database.reader, chain_id=MAIN_CHAIN, clock=clock)

    with pytest.raises(LogUnavailableError):
        await redact(read_only, clock)

    assert await kept(reader) == [1]
    await read_only.close()
