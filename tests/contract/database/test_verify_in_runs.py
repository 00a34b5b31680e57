"""A long log is checked in runs, in several processes, and comes to what one look comes to."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from bot.database.ledger import SqlLedger
from bot.verification import database as verification
from bot.verification import pool
from bot.verification.database import verify_database
from tests.contract.database.drafts import append, draft, drop_triggers
from tests.contract.database.test_tampering import TAMPERINGS
from tests.fixtures_database import administration

ON_SQLITE = pytest.mark.parametrize("make_database", ["sqlite"], indirect=True)


@pytest.fixture
async def six(ledger: SqlLedger) -> None:
    """A log of six entries."""
    await append(ledger, *(draft(personal={"from": f"+1415555012{n}"}) for n in range(6)))


def tamper(database_url: str, what: str) -> None:
    statements, _seq, _words = TAMPERINGS[what]
    with administration(database_url) as connection:
        drop_triggers(connection, "audit_entries", "audit_heads", "audit_personal")
        bytes_type = "BLOB" if connection.dialect.name == "sqlite" else "BYTEA"
        for statement in statements.replace("{bytes}", bytes_type).split("; "):
            connection.exec_driver_sql(statement)


@pytest.mark.usefixtures("six")
@pytest.mark.parametrize("length", [1, 2, 4])
def test_an_intact_log_holds_in_runs_of_any_length(
    length: int, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "ENTRIES_OF_A_RUN", length)
    monkeypatch.setattr(pool, "FEW_PIECES", 100)

    report = verify_database(database_url)

    assert report.holds
    assert report.verdict.end.seq == 6


@ON_SQLITE
@pytest.mark.usefixtures("six")
@pytest.mark.parametrize("what", TAMPERINGS)
def test_tampering_is_named_alike_in_runs(
    what: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tamper(database_url, what)
    _statements, seq, words = TAMPERINGS[what]
    monkeypatch.setattr(verification, "ENTRIES_OF_A_RUN", 2)
    monkeypatch.setattr(pool, "FEW_PIECES", 100)

    fault = verify_database(database_url).verdict.fault

    assert fault is not None
    assert fault.seq == seq
    assert words in str(fault)


@ON_SQLITE
@pytest.mark.usefixtures("six")
def test_other_processes_come_to_the_same(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "ENTRIES_OF_A_RUN", 1)
    monkeypatch.setattr(pool, "FEW_PIECES", 0)
    intact = verify_database(database_url)
    with administration(database_url) as connection:
        drop_triggers(connection, "audit_entries")
        connection.execute(text("UPDATE audit_entries SET event = 'failed' WHERE seq IN (3, 5)"))

    forged = verify_database(database_url)

    assert intact.holds
    assert forged.verdict.fault is not None
    assert forged.verdict.fault.seq == 3


@ON_SQLITE
@pytest.mark.usefixtures("six")
def test_a_text_that_is_none_is_named_by_its_entry(database_url: str) -> None:
    """SQLite keeps bytes as text that are no UTF-8, at which its driver gives up."""
    with administration(database_url) as connection:
        drop_triggers(connection, "audit_entries")
        connection.execute(
            text("UPDATE audit_entries SET event = CAST(x'ed' AS TEXT) WHERE seq = 3")
        )

    fault = verify_database(database_url).verdict.fault

    assert fault is not None
    assert str(fault) == "Entry 3 was changed after it was recorded."
