"""The database slow, locked, gone or restarted, and a process killed between its statements."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from bot.application.ports import LedgerTransaction
from bot.database import engine
from bot.database.audit_reader import SqlAuditReader
from bot.database.engine import Database, open_database
from bot.database.ledger import SqlLedger
from bot.domain.audit import EMPTY_HEAD, MAIN_CHAIN
from bot.domain.errors import LogUnavailableError
from tests.contract.database.drafts import append, draft
from tests.fixtures_database import administration, now

# Appends, says so, and waits inside its transaction to be killed.
KILLED_INSIDE = """
import asyncio, sys, time
from bot.database.engine import Database, open_database
from bot.database.ledger import SqlLedger
from bot.domain.audit import MAIN_CHAIN
from tests.contract.database.drafts import append, draft
from tests.fixtures_database import now

async def work(tx):
    await tx.append(draft())
    print("inside", flush=True)
    time.sleep(60)

async def main():
    ledger = SqlLedger(open_database(sys.argv[1]).writer, chain_id=MAIN_CHAIN, clock=now)
    await append(ledger, draft())
    await ledger.write(work)

asyncio.run(main())
"""


@contextmanager
def lock_held(database_url: str) -> Iterator[None]:
    """Somebody else is inside a write that does not end."""
    with administration(database_url) as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("BEGIN IMMEDIATE"))
        else:
            connection.execute(text("BEGIN"))
            connection.execute(text("LOCK TABLE audit_heads IN EXCLUSIVE MODE"))
        yield
        connection.execute(text("ROLLBACK"))


async def pause_until_taken(paused: Any, ledger: SqlLedger) -> None:
    """Hold the chain's end in a message that goes on only once *ledger* has taken an entry."""
    with paused.pipeline():
        paused.execute("SELECT * FROM audit_heads FOR UPDATE")
        while await takes_no_entry(ledger):
            pass
        paused.execute("SELECT 1").fetchone()


async def takes_no_entry(ledger: SqlLedger) -> bool:
    """Whether an entry is refused, after some seconds."""
    try:
        await append(ledger, draft())
    except LogUnavailableError:
        return True
    return False


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://hookflash@127.0.0.1:1/hookflash?connect_timeout=1",
        "postgresql:///hookflash?host=/nowhere",
        "sqlite:////nowhere/hookflash.db",
    ],
)
async def test_a_database_that_is_not_there_is_told_at_once(url: str) -> None:
    database = open_database(url)
    reader = SqlAuditReader(database.reader, chain_id=MAIN_CHAIN)

    with pytest.raises(LogUnavailableError):
        await append(SqlLedger(database.writer, chain_id=MAIN_CHAIN, clock=now), draft())
    with pytest.raises(LogUnavailableError):
        await reader.head()

    assert not await reader.is_answering()
    await database.close()


async def test_a_lock_that_is_not_given_back_fails_the_write_and_not_the_reads(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_SQLITE_PRAGMAS", ("PRAGMA busy_timeout = 1000",))
    monkeypatch.setattr(engine, "_POSTGRES_WRITER_SETTINGS", ("SET statement_timeout = 1000",))
    database = open_database(database_url)
    ledger = SqlLedger(database.writer, chain_id=MAIN_CHAIN, clock=now)
    reader = SqlAuditReader(database.reader, chain_id=MAIN_CHAIN)

    with lock_held(database_url):
        with pytest.raises(LogUnavailableError):
            await append(ledger, draft())
        assert await reader.is_answering()

    [entry] = await append(ledger, draft())
    assert entry.seq == 1
    await database.close()


@pytest.mark.parametrize(
    "make_database", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
async def test_who_is_paused_in_the_middle_of_a_message_is_not_waited_for_long(
    ledger: SqlLedger, reader: SqlAuditReader, database_url: str
) -> None:
    """It holds the end of the chain, and to the server it is not idle."""
    elsewhere = open_database(database_url)
    await append(ledger, draft())
    with elsewhere.writer.engine.connect() as connection:
        with pytest.raises(psycopg.Error):
            await pause_until_taken(connection.connection.driver_connection, ledger)
        connection.invalidate()
    await elsewhere.close()

    assert [entry.seq async for entry, _ in reader.entries()] == [1, 2]


async def test_who_cannot_wait_any_longer_is_free_while_the_writer_is_stuck(
    ledger: SqlLedger, reader: SqlAuditReader, database_url: str
) -> None:
    with lock_held(database_url), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await append(ledger, draft(request_id="given up"))

    [entry] = await append(ledger, draft())

    assert entry.seq == 1
    assert (await reader.verify()).fault is None


@pytest.mark.parametrize("make_database", ["postgresql"], indirect=True)
async def test_a_connection_lost_inside_a_transaction_loses_that_transaction_only(
    ledger: SqlLedger, reader: SqlAuditReader, database_url: str
) -> None:
    await append(ledger, draft())

    async def lose(tx: LedgerTransaction) -> None:
        await tx.append(draft())
        end_all_connections(database_url)
        await tx.append(draft())

    with pytest.raises(LogUnavailableError):
        await ledger.write(lose)

    [entry] = await append(ledger, draft())
    assert entry.seq == 2
    assert (await reader.verify()).fault is None


@pytest.mark.parametrize("make_database", ["postgresql"], indirect=True)
async def test_a_database_that_was_restarted_is_used_again_without_a_fault(
    ledger: SqlLedger, reader: SqlAuditReader, database_url: str
) -> None:
    await append(ledger, draft())
    await reader.head()

    end_all_connections(database_url)

    [entry] = await append(ledger, draft())
    assert await reader.is_answering()
    assert entry.seq == 2


async def test_a_process_killed_inside_its_transaction_leaves_no_trace_of_it(
    database_url: str, ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED_INSIDE, database_url, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"inside\n"
    process.send_signal(signal.SIGKILL)
    await process.wait()

    [entry] = await append(ledger, draft())

    assert entry.seq == 2
    verdict = await reader.verify()
    assert (verdict.fault, verdict.end.seq) == (None, 2)


async def test_a_database_without_tables_does_not_answer(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/empty.db")
    reader = SqlAuditReader(database.reader, chain_id=MAIN_CHAIN)

    assert not await reader.is_answering()

    await database.close()


async def test_readers_cannot_write(reader: SqlAuditReader, database_url: str) -> None:
    database = open_database(database_url)

    with pytest.raises(LogUnavailableError):
        await append(SqlLedger(database.reader, chain_id=MAIN_CHAIN, clock=now), draft())

    assert await reader.head() == EMPTY_HEAD
    await database.close()


def end_all_connections(database_url: str) -> None:
    """What a restart of PostgreSQL does to its clients."""
    with administration(database_url) as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


@pytest.mark.postgres
@pytest.mark.parametrize("make_database", ["postgresql"], indirect=True)
async def test_a_reader_leaves_nothing_in_its_session_that_hinders_a_writer(
    database: Database,
) -> None:
    """A pooler that gives a connection for one transaction gives the next to somebody else."""

    def told() -> tuple[object, ...]:
        with database.reader.engine.connect() as connection:
            names = ("transaction_read_only", "transaction_isolation")
            defaults = (f"default_{name}" for name in names)
            return tuple(connection.scalar(text(f"SHOW {one}")) for one in (*names, *defaults))

    assert await database.reader.run(told) == ("on", "repeatable read", "off", "read committed")
