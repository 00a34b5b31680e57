"""The triggers: what the database itself refuses, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from bot.database.ledger import SqlLedger
from bot.database.triggers import PROTECTED_TABLES
from bot.domain.audit import AuditEntry, EntryDraft, Event
from tests.contract.database.drafts import append, draft
from tests.fixtures_database import administration

ENTRY = (
    "('main', 1, 1, '2026-01-01T00:00:00.000000Z', 'r', 'denied', 'list', 'T', 'U', 'C', "
    "'command', 'AC', 'CA', '', '{}', 'p', 'h')"
)
CHECKPOINT = "('main', 1, 'h', '2026-01-01T00:00:00.000000Z', 'k', '', 's')"
PERSONAL = "(chain_id, seq, field, salt, value) VALUES ('main', 1, 'from', '', '+1')"
FAR_AHEAD, BEFORE_THE_FIRST = (ENTRY.replace("1, 1", f"{seq}, 1", 1) for seq in (1_000_000, 0))
ROWS = {
    "<far ahead>": FAR_AHEAD,
    "<before the first>": BEFORE_THE_FIRST,
    "<entry>": ENTRY,
    "<personal>": PERSONAL,
    "<checkpoint>": CHECKPOINT,
}
BOTH = {
    "update an entry": "UPDATE audit_entries SET event = 'denied'",
    "delete an entry": "DELETE FROM audit_entries WHERE seq = 1",
    "insert over an entry": "INSERT INTO audit_entries VALUES <entry>",
    "upsert an entry": (
        "INSERT INTO audit_entries VALUES <entry> "
        "ON CONFLICT (chain_id, seq) DO UPDATE SET event = 'denied'"
    ),
    "put in an entry far ahead": "INSERT INTO audit_entries VALUES <far ahead>",
    "put in an entry before the first": "INSERT INTO audit_entries VALUES <before the first>",
    "delete the head": "DELETE FROM audit_heads",
    "move the head back": "UPDATE audit_heads SET seq = 1",
    "change the head where it stands": "UPDATE audit_heads SET hash = 'h'",
    "give the head to another chain": "UPDATE audit_heads SET chain_id = 'x', seq = 9",
    "upsert the head": (
        "INSERT INTO audit_heads VALUES ('main', 1, 'h') "
        "ON CONFLICT (chain_id) DO UPDATE SET seq = 1"
    ),
    "delete a personal value": "DELETE FROM audit_personal WHERE seq = 1",
    "update a personal value": "UPDATE audit_personal SET value = '+1'",
    "insert over a personal value": "INSERT INTO audit_personal <personal>",
    "upsert a personal value": (
        "INSERT INTO audit_personal <personal> "
        "ON CONFLICT (chain_id, seq, field) DO UPDATE SET value = '+1'"
    ),
    "update a checkpoint": "UPDATE audit_checkpoints SET hash = 'x'",
    "delete a checkpoint": "DELETE FROM audit_checkpoints",
    "insert over a checkpoint": "INSERT INTO audit_checkpoints VALUES <checkpoint>",
    "upsert a checkpoint": (
        "INSERT INTO audit_checkpoints VALUES <checkpoint> "
        "ON CONFLICT (chain_id, seq, next_public_key) DO UPDATE SET hash = 'x'"
    ),
}
SQLITE = {
    "replace an entry": "INSERT OR REPLACE INTO audit_entries VALUES <entry>",
    "replace an entry by an update": "UPDATE OR REPLACE audit_entries SET seq = 1",
    "ignore that an entry is there": "INSERT OR IGNORE INTO audit_entries VALUES <entry>",
    "replace the head": "INSERT OR REPLACE INTO audit_heads VALUES ('main', 9, 'h')",
    "replace a personal value": "INSERT OR REPLACE INTO audit_personal <personal>",
    "replace a checkpoint": "INSERT OR REPLACE INTO audit_checkpoints VALUES <checkpoint>",
}
POSTGRES = {
    "put in an entry far ahead behind a table of the same name": (
        "CREATE TEMPORARY TABLE audit_entries (chain_id text, seq bigint); "
        "INSERT INTO audit_entries VALUES ('main', 999999); "
        "INSERT INTO public.audit_entries VALUES <far ahead>"
    ),
    "truncate the log": "TRUNCATE audit_entries",
    "truncate the heads": "TRUNCATE audit_heads",
    "truncate the personal values": "TRUNCATE audit_personal",
    "truncate the checkpoints": "TRUNCATE audit_checkpoints",
    "truncate all of it": "TRUNCATE audit_entries, audit_heads, audit_personal CASCADE",
}
DEEDS = [
    pytest.param(kind, sql, id=f"{deed} on {kind}", marks=marks)
    for kind, deeds, marks in (
        ("sqlite", BOTH | SQLITE, ()),
        ("postgresql", BOTH | POSTGRES, (pytest.mark.postgres,)),
    )
    for deed, sql in deeds.items()
]


@pytest.fixture
async def log(ledger: SqlLedger, database_url: str) -> list[AuditEntry]:
    """Two entries with a number each, and a checkpoint."""
    with administration(database_url) as connection:
        connection.execute(text(f"INSERT INTO audit_checkpoints VALUES {CHECKPOINT}"))  # noqa: S608 - ours
    return await append(ledger, *(draft(personal={"from": "+14155550123"}) for _ in range(2)))


@pytest.fixture
def owner(database_url: str) -> Iterator[Connection]:
    """The owner of the database, at its prompt."""
    with administration(database_url) as connection:
        yield connection


def everything(owner: Connection) -> list[object]:
    queries = (text(f"SELECT * FROM {table} ORDER BY 1, 2") for table in PROTECTED_TABLES)  # noqa: S608 - ours
    return list(map(tuple, chain.from_iterable(map(owner.execute, queries))))


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(("make_database", "sql"), DEEDS, indirect=["make_database"])
def test_the_database_refuses_to(sql: str, owner: Connection) -> None:
    before = everything(owner)

    for name, values in ROWS.items():
        sql = sql.replace(name, values)
    with pytest.raises(DBAPIError):
        owner.execute(text(sql))

    assert everything(owner) == before
    assert len(before) == 6


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("values", [FAR_AHEAD, BEFORE_THE_FIRST])
def test_an_entry_at_a_number_of_its_own_is_refused_for_that(
    values: str, owner: Connection
) -> None:
    with pytest.raises(DBAPIError, match="an entry follows another"):
        owner.execute(text(f"INSERT INTO audit_entries VALUES {values}"))  # noqa: S608 - ours


def redaction(first_seq: int, last_seq: int, *fields: str) -> EntryDraft:
    """What says that values of these entries are deleted."""
    details = {"first_seq": first_seq, "last_seq": last_seq, "fields": fields}
    return draft(event=Event.REDACTED, details=details)


@pytest.mark.usefixtures("log")
async def test_what_the_newest_entry_redacts_can_be_deleted(
    owner: Connection, ledger: SqlLedger
) -> None:
    await append(ledger, redaction(1, 1, "from"))

    owner.execute(text("DELETE FROM audit_personal WHERE seq = 1"))

    assert list(owner.scalars(text("SELECT seq FROM audit_personal"))) == [2]


NOT_COVERED = {
    "another entry": [redaction(1, 1, "from")],
    "another field": [redaction(1, 2, "to")],
    "no fields": [draft(event=Event.REDACTED, details={"first_seq": 1, "last_seq": 2})],
    "no range": [draft(event=Event.REDACTED, details={"fields": ["from"]})],
    "no redaction": [draft(details={"first_seq": 1, "last_seq": 2, "fields": ["from"]})],
    "not the newest": [redaction(1, 2, "from"), draft()],
    "an entry that is not before it": [redaction(4, 5, "from"), draft(), redaction(1, 1, "from")],
}


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("what", NOT_COVERED)
async def test_an_entry_allows_to_delete_nothing_but_what_it_redacts(
    what: str, owner: Connection, ledger: SqlLedger
) -> None:
    await append(ledger, *NOT_COVERED[what])

    with pytest.raises(DBAPIError, match="only what the newest entry redacts is deleted"):
        owner.execute(text("DELETE FROM audit_personal WHERE seq = 2"))

    assert list(owner.scalars(text("SELECT seq FROM audit_personal ORDER BY seq"))) == [1, 2]


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("make_database", ["postgresql"], indirect=True)
def test_a_table_of_the_same_name_does_not_stand_in_for_the_log(owner: Connection) -> None:
    """PostgreSQL finds temporary tables first, and anybody may make one."""
    owner.execute(text("CREATE TEMPORARY TABLE audit_entries AS TABLE audit_entries"))
    details = '{"first_seq": 1, "last_seq": 2, "fields": ["from"]}'
    owner.execute(
        text("UPDATE audit_entries SET seq = seq + 8, event = 'redacted', details = :details"),
        {"details": details},
    )

    with pytest.raises(DBAPIError, match="only what the newest entry redacts is deleted"):
        owner.execute(text("DELETE FROM audit_personal WHERE seq = 1"))


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("make_database", ["sqlite"], indirect=True)
def test_sqlite_has_no_rowid_by_which_an_entry_could_be_replaced(owner: Connection) -> None:
    for table in PROTECTED_TABLES:
        with pytest.raises(DBAPIError, match="no such column: rowid"):
            owner.execute(text(f"SELECT rowid FROM {table}"))  # noqa: S608 - ours


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("make_database", ["postgresql"], indirect=True)
def test_a_session_that_plays_a_replica_is_refused_too(owner: Connection) -> None:
    owner.execute(text("SET session_replication_role = replica"))

    with pytest.raises(DBAPIError, match="DELETE is refused"):
        owner.execute(text("DELETE FROM audit_entries"))
