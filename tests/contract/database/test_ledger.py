"""The writing side: what is durable, what leaves no trace, and what units of work share."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event

from bot.application.ports import LedgerTransaction
from bot.database.audit_reader import SqlAuditReader
from bot.database.engine import Database, open_database
from bot.database.ledger import SqlLedger
from bot.domain.audit import EMPTY_HEAD, MAIN_CHAIN, AuditEntry
from bot.domain.errors import CommitUnconfirmedError, LogUnavailableError
from tests.contract.database.drafts import ACCOUNT, CALL, append, change, draft, outcome
from tests.fixtures_database import now

# Long enough for a first transaction to get to its commit on a machine that others load.
BRIEFLY_S = 0.5


class NotTodayError(Exception):
    """What a unit of work raises to refuse."""


class Gate:
    """Holds the writer inside a unit of work until it is opened, so that others have to wait."""

    def __init__(self) -> None:
        self._entered = threading.Event()
        self._opened = threading.Event()

    async def work(self, _tx: LedgerTransaction) -> None:
        self._entered.set()
        assert self._opened.wait(10)

    async def is_entered(self) -> None:
        assert await asyncio.to_thread(self._entered.wait, 10)

    def open(self) -> None:
        self._opened.set()


@pytest.fixture
async def busy(ledger: SqlLedger) -> AsyncIterator[Gate]:
    """A ledger whose writer is busy until the gate is opened."""
    gate = Gate()
    holding = asyncio.create_task(ledger.write(gate.work))
    await gate.is_entered()
    yield gate
    gate.open()
    await holding


async def seqs(reader: SqlAuditReader) -> list[int]:
    return [entry.seq async for entry, _personal in reader.entries()]


async def test_entries_are_numbered_without_gaps_and_the_chain_holds(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    one, two = await append(ledger, draft(), draft())
    [three] = await append(ledger, draft(personal={"from": "+14155550123"}))

    assert [one.seq, two.seq, three.seq] == [1, 2, 3]
    assert three.prev_hash == two.hash
    verdict = await reader.verify()
    assert verdict.fault is None
    assert verdict.end == await reader.head()


async def test_what_was_rehearsed_leaves_nothing_and_is_in_nobodys_way(
    busy: Gate, ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    """Neither alone nor between entries that share its transaction."""
    work = [append(ledger, draft()), ledger.write(rehearse), append(ledger, draft())]
    together = [asyncio.create_task(one) for one in work]
    await asyncio.sleep(0)
    busy.open()
    await asyncio.gather(*together)
    await ledger.write(rehearse)

    await append(ledger, draft())

    assert await seqs(reader) == [1, 2, 3]
    verdict = await reader.verify()
    assert (verdict.fault, verdict.end) == (None, await reader.head())


async def rehearse(tx: LedgerTransaction) -> None:
    await tx.rehearse(draft(personal={"reason": "rehearsed"}))


async def test_what_is_stored_is_what_was_returned(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    details = {"twilio": {"code": 21220, "request_id": "RQ1"}, "list": [1, None, True]}
    [stored] = await append(ledger, draft(details=details, personal={"reason": "Lärm 🎺"}))

    [(entry, [reason])] = [sealed async for sealed in reader.entries()]

    assert entry == stored
    assert (reason.field, reason.value) == ("reason", "Lärm 🎺")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(), max_size=60), number=st.integers() | st.floats())
async def test_any_text_and_number_can_be_recorded_and_checked(
    ledger: SqlLedger, reader: SqlAuditReader, text: str, number: float
) -> None:
    """NUL, lone surrogates, right-to-left marks: nobody can type what stops the log."""
    await append(
        ledger,
        draft(
            request_id=text,
            channel_id=text,
            details={text: number, "list": [text]},
            personal={"reason": text, "from": text},
        ),
    )

    assert (await reader.verify()).fault is None


async def test_fifty_at_once_are_all_durable_in_one_gapless_chain(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    written = await asyncio.gather(*(append(ledger, draft(), draft()) for _ in range(50)))

    assert sorted(entry.seq for pair in written for entry in pair) == list(range(1, 101))
    assert all(second.prev_hash == first.hash for first, second in written)
    assert (await reader.verify()).fault is None


async def test_what_a_unit_raises_comes_out_and_leaves_no_trace(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    async def refuse(tx: LedgerTransaction) -> None:
        await tx.append(draft())
        await tx.insert_change(change(change_id="gone"))
        raise NotTodayError

    with pytest.raises(NotTodayError):
        await ledger.write(refuse)

    assert await reader.head() == EMPTY_HEAD
    assert await seqs(reader) == []
    assert await ledger.write(lambda tx: tx.open_change("AC", "CA")) is None


async def test_what_came_right_before_the_end_is_written_still(
    ledger: SqlLedger, database: Database
) -> None:
    """Also where the writer had not begun with it."""
    writing = asyncio.create_task(append(ledger, draft()))
    await asyncio.sleep(0)

    await ledger.close()
    await database.close()

    async with asyncio.timeout(10):
        [entry] = await writing
    assert entry.seq == 1


async def test_who_comes_in_the_same_moment_shares_one_commit(
    ledger: SqlLedger, database: Database, reader: SqlAuditReader
) -> None:
    """The writer does not run off with the first of them while the others are looked at."""
    await append(ledger, draft())
    commits: list[Connection] = []
    event.listen(database.writer.engine, "commit", commits.append)

    async def look_and_append() -> None:
        time.sleep(0.005)  # noqa: ASYNC251 - what takes the loop's time, such as parsing
        await append(ledger, draft())

    await asyncio.gather(*(look_and_append() for _ in range(20)))

    assert len(commits) == 1
    assert len(await seqs(reader)) == 21


@pytest.mark.parametrize("writes_first", [True, False])
async def test_a_unit_that_refuses_takes_nothing_from_those_it_shares_a_commit_with(
    ledger: SqlLedger, reader: SqlAuditReader, busy: Gate, *, writes_first: bool
) -> None:
    async def refuse(tx: LedgerTransaction) -> None:
        if writes_first:
            await tx.append(draft())
        raise NotTodayError

    together = asyncio.gather(
        append(ledger, draft()),
        ledger.write(refuse),
        append(ledger, draft()),
        return_exceptions=True,
    )
    await asyncio.sleep(0)
    busy.open()
    first, refused, last = await together

    assert isinstance(refused, NotTodayError)
    assert isinstance(first, list)
    assert isinstance(last, list)
    assert [entry.seq for entry in (*first, *last)] == [1, 2]
    assert await seqs(reader) == [1, 2]
    assert (await reader.verify()).fault is None


async def test_a_unit_sees_what_those_before_it_in_the_same_commit_have_done(
    ledger: SqlLedger, reader: SqlAuditReader, busy: Gate
) -> None:
    """Nobody waits for an answer that is nearly always the same, and another one still counts."""

    async def accept(tx: LedgerTransaction) -> AuditEntry | None:
        if await tx.is_hindered("r1", ACCOUNT, CALL):
            return None
        await tx.insert_change(change())
        return await tx.append(draft())

    async def close(tx: LedgerTransaction) -> bool:
        return await tx.close_change(change(), outcome())

    together = asyncio.gather(
        append(ledger, draft()), ledger.write(accept), ledger.write(accept), ledger.write(close)
    )
    await asyncio.sleep(0)
    busy.open()
    _other, accepted, repeated, is_closed = await together

    assert accepted is not None
    assert (repeated, is_closed) == (None, False)
    assert await seqs(reader) == [1, 2]
    assert (await reader.verify()).fault is None


async def test_who_would_refuse_on_other_grounds_still_learns_what_was_asked(
    ledger: SqlLedger,
) -> None:
    """The answer comes after the refusal, and undoes it."""

    async def refuse(tx: LedgerTransaction) -> str:
        if await tx.is_hindered("r1", ACCOUNT, CALL):
            return "there is another change"
        raise NotTodayError

    with pytest.raises(NotTodayError):
        await ledger.write(refuse)
    await ledger.write(lambda tx: tx.insert_change(change()))

    assert await ledger.write(refuse) == "there is another change"


async def test_a_statement_that_fails_fails_its_own_unit_only(
    ledger: SqlLedger, reader: SqlAuditReader, busy: Gate
) -> None:
    """Two changes for one slot without asking whether it is free: the database refuses one."""

    async def take_slot(tx: LedgerTransaction) -> AuditEntry:
        entry = await tx.append(draft())
        await tx.insert_change(change())
        return entry

    together = asyncio.gather(*(ledger.write(take_slot) for _ in range(3)), return_exceptions=True)
    await asyncio.sleep(0)
    busy.open()
    first, *others = await together

    assert isinstance(first, AuditEntry)
    assert [isinstance(other, LogUnavailableError) for other in others] == [True, True]
    assert await seqs(reader) == [1]


async def test_who_gives_up_before_the_commit_leaves_no_trace(
    ledger: SqlLedger, reader: SqlAuditReader, busy: Gate
) -> None:
    given_up = asyncio.create_task(append(ledger, draft(request_id="given up")))
    others = [asyncio.create_task(append(ledger, draft())) for _ in range(2)]
    await asyncio.sleep(0)
    given_up.cancel()
    busy.open()

    written = await asyncio.gather(*others)

    assert [entry.seq for [entry] in written] == [1, 2]
    assert given_up.cancelled()
    requests = {entry.request_id async for entry, _personal in reader.entries()}
    assert "given up" not in requests


async def test_who_gives_up_while_the_units_run_is_left_out_and_the_others_run_again(
    ledger: SqlLedger, reader: SqlAuditReader, busy: Gate
) -> None:
    inside = Gate()

    async def slow(tx: LedgerTransaction) -> None:
        await tx.append(draft(request_id="given up"))
        await inside.work(tx)

    given_up = asyncio.create_task(ledger.write(slow))
    other = asyncio.create_task(append(ledger, draft()))
    await asyncio.sleep(0)
    busy.open()
    await inside.is_entered()
    given_up.cancel()
    await asyncio.sleep(0)
    inside.open()

    [entry] = await other

    assert entry.seq == 1
    assert [found.request_id async for found, _ in reader.entries()] == [entry.request_id]
    assert (await reader.verify()).fault is None


async def test_whose_time_is_over_before_the_commit_leaves_no_trace(
    ledger: SqlLedger, reader: SqlAuditReader, busy: Gate
) -> None:
    with pytest.raises(LogUnavailableError) as told:
        await ledger.write(lambda tx: tx.append(draft()), within_s=0.05)
    busy.open()
    await append(ledger, draft(request_id="later"))

    assert not isinstance(told.value, CommitUnconfirmedError)
    assert [entry.request_id async for entry, _personal in reader.entries()] == ["later"]


@dataclass
class StuckCommit:
    """A commit that does not end before it is let go."""

    is_on_its_way: threading.Event = field(default_factory=threading.Event)
    may_end: threading.Event = field(default_factory=threading.Event)

    def wait(self, _connection: Connection) -> None:
        self.is_on_its_way.set()
        self.may_end.wait(10)


@pytest.fixture
def stuck(database: Database) -> StuckCommit:
    """What the next commits are held up by."""
    commit = StuckCommit()
    event.listen(database.writer.engine, "commit", commit.wait)
    return commit


async def test_whose_time_is_over_while_the_commit_is_on_its_way_learns_that_it_was_done(
    ledger: SqlLedger, reader: SqlAuditReader, stuck: StuckCommit
) -> None:
    """To say "not done" of what is durable a moment later would be wrong."""
    writing = asyncio.create_task(ledger.write(lambda tx: tx.append(draft()), within_s=BRIEFLY_S))
    assert await asyncio.to_thread(stuck.is_on_its_way.wait, 10)
    await asyncio.sleep(BRIEFLY_S + 0.1)
    stuck.may_end.set()

    entry = await writing

    assert await seqs(reader) == [entry.seq]


async def test_a_commit_that_does_not_end_is_told_as_unconfirmed(
    ledger: SqlLedger, reader: SqlAuditReader, stuck: StuckCommit
) -> None:
    with pytest.raises(CommitUnconfirmedError):
        await ledger.write(lambda tx: tx.append(draft()), within_s=BRIEFLY_S)
    stuck.may_end.set()
    await append(ledger, draft())

    assert await seqs(reader) == [1, 2]


async def test_who_is_cancelled_while_the_commit_is_on_its_way_is_not_held_up_by_it(
    ledger: SqlLedger, reader: SqlAuditReader, stuck: StuckCommit
) -> None:
    writing = asyncio.create_task(append(ledger, draft()))
    assert await asyncio.to_thread(stuck.is_on_its_way.wait, 10)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    stuck.may_end.set()
    await append(ledger, draft())

    assert await seqs(reader) == [1, 2]


async def test_whose_time_is_over_just_after_the_commit_learns_that_it_was_done(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    """The writer had told so, and the one who waited had not looked yet."""
    writing = asyncio.create_task(ledger.write(lambda tx: tx.append(draft()), within_s=0.001))
    while ledger._run is None:  # noqa: ASYNC110 - until the writer is about to begin
        await asyncio.sleep(0)
    while ledger._run is not None:
        time.sleep(0.01)  # noqa: ASYNC251 - the loop is held up until the writer has told

    entry = await writing

    assert await seqs(reader) == [entry.seq]


async def test_work_may_await_nothing_but_its_transaction(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    waiting = asyncio.get_running_loop().create_future()

    async def wait(tx: LedgerTransaction) -> None:
        await tx.append(draft())
        await waiting

    with pytest.raises(RuntimeError, match="nothing but its transaction"):
        await ledger.write(wait)

    assert await seqs(reader) == []


async def test_a_closed_ledger_finishes_what_it_took_and_takes_no_more(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    writing = asyncio.create_task(append(ledger, draft()))
    await asyncio.sleep(0)
    await ledger.close()

    [entry] = await writing
    with pytest.raises(LogUnavailableError):
        await append(ledger, draft())

    assert await seqs(reader) == [entry.seq]


async def test_two_processes_append_to_one_gapless_chain(
    ledger: SqlLedger, reader: SqlAuditReader, database_url: str
) -> None:
    elsewhere = open_database(database_url)
    other = SqlLedger(elsewhere.writer, chain_id=MAIN_CHAIN, clock=now)

    writing = [append(one, draft()) for one in (ledger, other) for _ in range(20)]
    written = await asyncio.gather(*writing)
    await elsewhere.close()

    assert sorted(entry.seq for [entry] in written) == list(range(1, 41))
    assert (await reader.verify()).fault is None


async def test_chains_in_one_database_do_not_touch(
    ledger: SqlLedger, reader: SqlAuditReader, database: Database
) -> None:
    other = SqlLedger(database.writer, chain_id="other", clock=now)
    await append(ledger, draft())

    [entry] = await append(other, draft())

    assert (entry.chain_id, entry.seq) == ("other", 1)
    assert await seqs(reader) == [1]
    other_reader = SqlAuditReader(database.reader, chain_id="other")
    assert (await other_reader.verify()).fault is None
    assert (await reader.verify()).fault is None
