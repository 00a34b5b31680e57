"""A commit that fails: undone for certain, or in doubt."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.application.ports import LedgerTransaction
from bot.database.audit_reader import SqlAuditReader
from bot.database.faults import as_commit_unconfirmed
from bot.database.ledger import SqlLedger
from bot.domain.errors import CommitUnconfirmedError, LogUnavailableError
from tests.contract.database.drafts import append, draft
from tests.fixtures_database import administration
from tests.scenario.trouble import ON_POSTGRES, drop_connections

AT_COMMIT = """
CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    {does}
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON audit_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit()
"""


def do_at_commit(database_url: str, does: str) -> None:
    """Let the server do this at the commit of each new entry."""
    with administration(database_url) as connection:
        connection.execute(text(AT_COMMIT.format(does=does)))


class NotTodayError(Exception):
    """What a unit of work raises to refuse."""


class DriverFault(Exception):  # noqa: N818 - the base class says so
    """What a driver raises, with the code that it was given."""

    def __init__(self, *, sqlstate: str | None = None, sqlite: str = "") -> None:
        super().__init__("the commit failed")
        if sqlite:
            self.sqlite_errorname = sqlite
        else:
            self.sqlstate = sqlstate


@ON_POSTGRES
async def test_a_server_that_refuses_a_commit_has_taken_nothing(
    ledger: SqlLedger, reader: SqlAuditReader, database_url: str
) -> None:
    do_at_commit(database_url, "RAISE EXCEPTION 'not today';")

    with pytest.raises(LogUnavailableError) as told:
        await append(ledger, draft())

    assert not isinstance(told.value, CommitUnconfirmedError)
    assert (await reader.head()).seq == 0


@ON_POSTGRES
async def test_a_connection_that_is_lost_during_a_commit_leaves_doubt(
    ledger: SqlLedger, database_url: str
) -> None:
    do_at_commit(database_url, "PERFORM pg_sleep(1);")
    writing = asyncio.create_task(append(ledger, draft()))
    await asyncio.sleep(0.5)
    await asyncio.to_thread(drop_connections, database_url)

    with pytest.raises(CommitUnconfirmedError):
        await writing


@ON_POSTGRES
async def test_whose_work_was_refused_is_in_no_doubt_about_a_commit_with_others(
    ledger: SqlLedger, database_url: str
) -> None:
    """What it was refused for may have been undone with them, but it left nothing to commit."""
    do_at_commit(database_url, "PERFORM pg_sleep(1);")

    async def refuse(_tx: LedgerTransaction) -> None:
        raise NotTodayError

    writing = asyncio.gather(append(ledger, draft()), ledger.write(refuse), return_exceptions=True)
    await asyncio.sleep(0.5)
    await asyncio.to_thread(drop_connections, database_url)
    of_writer, of_refused = await writing

    assert isinstance(of_writer, CommitUnconfirmedError)
    assert type(of_refused) is LogUnavailableError


@pytest.mark.parametrize(
    "fault",
    [
        DriverFault(sqlstate=None),
        DriverFault(sqlstate="08006"),
        DriverFault(sqlstate="25P04"),
        DriverFault(sqlstate="57014"),
        DriverFault(sqlstate="57P01"),
        DriverFault(sqlstate="58030"),
        DriverFault(sqlstate="XX000"),
        DriverFault(sqlite="SQLITE_IOERR_FSYNC"),
        sqlite3.OperationalError("said without a code"),
    ],
)
def test_an_answer_after_which_the_commit_may_stand_leaves_doubt(fault: Exception) -> None:
    with pytest.raises(CommitUnconfirmedError), as_commit_unconfirmed():
        raise DBAPIError("COMMIT", None, fault)


@pytest.mark.parametrize(
    "fault",
    [
        DriverFault(sqlstate="23505"),
        DriverFault(sqlstate="40001"),
        DriverFault(sqlstate="53100"),
        DriverFault(sqlite="SQLITE_FULL"),
        DriverFault(sqlite="SQLITE_BUSY_SNAPSHOT"),
    ],
)
def test_an_answer_that_undoes_the_commit_leaves_none(fault: Exception) -> None:
    with pytest.raises(DBAPIError), as_commit_unconfirmed():
        raise DBAPIError("COMMIT", None, fault)
