"""What an owner of the database does once the triggers are off, and which entry the check names."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from bot.database.audit_reader import SqlAuditReader
from bot.database.ledger import SqlLedger
from bot.domain.audit import Event
from tests.contract.database.conftest import Command
from tests.contract.database.drafts import append, draft, drop_triggers
from tests.fixtures_database import administration

COPIED = (
    "schema_version, recorded_at, request_id, event, action, actor_team_id, actor_user_id, "
    "channel_id, surface, account_sid, call_sid, subject_sid, details, prev_hash, hash"
)
COPY = (
    "INSERT INTO audit_entries SELECT chain_id, <seq>, <columns> FROM audit_entries WHERE seq = 6"
)
REHEAD = (
    "UPDATE audit_heads SET seq = <seq>, hash = (SELECT hash FROM audit_entries WHERE seq = <seq>)"
)
OTHER_COMMANDS = (
    ("list",),
    ("show", "3"),
    ("export",),
    ("export", "--proof", os.devnull),
)
PERSONAL = "INSERT INTO audit_personal (chain_id, seq, field, salt, value) VALUES"


def at(seq: int, sql: str) -> str:
    """The statement for this place in the chain."""
    return sql.replace("<seq>", str(seq)).replace("<columns>", COPIED)


# What is done, in SQL; the entry that is named; and what is said of it.
TAMPERINGS = {
    "who did it": ("UPDATE audit_entries SET actor_user_id = 'U0BEN' WHERE seq = 3", 3, "changed"),
    "what came of it": ("UPDATE audit_entries SET event = 'failed' WHERE seq = 3", 3, "changed"),
    "details": ("UPDATE audit_entries SET details = '{}' WHERE seq = 3", 3, "changed"),
    "details that are no JSON": (
        "UPDATE audit_entries SET details = 'x' WHERE seq = 3",
        3,
        "changed",
    ),
    "details with a number out of range": (
        "UPDATE audit_entries SET details = '{\"n\": 9007199254740993}' WHERE seq = 3",
        3,
        "changed",
    ),
    "when": (
        "UPDATE audit_entries SET recorded_at = '2020-01-01T00:00:00.000000Z' WHERE seq = 3",
        3,
        "changed",
    ),
    "its hash": ("UPDATE audit_entries SET hash = 'x' WHERE seq = 3", 3, "changed"),
    "its version": ("UPDATE audit_entries SET schema_version = 9 WHERE seq = 3", 3, "version 9"),
    "first removed": ("DELETE FROM audit_entries WHERE seq = 1", 1, "missing: it was removed"),
    "one removed": ("DELETE FROM audit_entries WHERE seq = 3", 3, "missing: it was removed"),
    "several removed": ("DELETE FROM audit_entries WHERE seq IN (2, 3, 4)", 2, "with all up to 4"),
    "last removed": ("DELETE FROM audit_entries WHERE seq = 6", 6, "cut off"),
    "last two removed": ("DELETE FROM audit_entries WHERE seq > 4", 5, "cut off"),
    "all removed": ("DELETE FROM audit_entries", 1, "cut off"),
    "removed and numbered anew": (
        "DELETE FROM audit_entries WHERE seq = 3; UPDATE audit_entries SET seq = 3 WHERE seq = 4",
        3,
        "changed",
    ),
    "two changed places": (
        (
            "UPDATE audit_entries SET seq = 100 WHERE seq = 3; "
            "UPDATE audit_entries SET seq = 3 WHERE seq = 4; "
            "UPDATE audit_entries SET seq = 4 WHERE seq = 100"
        ),
        3,
        "changed",
    ),
    "put in at the end": (at(7, COPY), 7, "changed"),
    "put in before the first": (at(-5, COPY), 1, "numbered -5"),
    "put in with the head": (
        at(7, f"{COPY}; {REHEAD}"),
        7,
        "changed",
    ),
    "the head alone moved on": ("UPDATE audit_heads SET seq = 9", 7, "cut off"),
    "the head alone moved back": (at(4, REHEAD), 5, "past the head"),
    "the head alone rewritten": ("UPDATE audit_heads SET hash = 'x'", 6, "head"),
    "the head removed": ("DELETE FROM audit_heads", 1, "past the head"),
    "a number changed": (
        "UPDATE audit_personal SET value = '+1' WHERE seq = 3",
        3,
        "'from' that was changed",
    ),
    "a salt changed": (
        "UPDATE audit_personal SET salt = CAST('x' AS {bytes}) WHERE seq = 3",
        3,
        "'from' that was changed",
    ),
    "a number removed": ("DELETE FROM audit_personal WHERE seq = 3", 3, "lost its 'from'"),
    "a name put in": (
        f"{PERSONAL} ('main', 3, 'actor_name', CAST('x' AS {{bytes}}), 'eve')",
        3,
        "given a 'actor_name'",
    ),
}


@pytest.fixture
async def intact(ledger: SqlLedger, reader: SqlAuditReader) -> None:
    """A log of six entries that holds."""
    await append(ledger, *(draft(personal={"from": f"+1415555012{n}"}) for n in range(6)))
    assert (await reader.verify()).fault is None


@pytest.fixture
def skilled_owner(database_url: str, intact: None) -> Iterator[Connection]:  # noqa: ARG001 - the order counts
    """The owner of the database, who has taken the triggers off."""
    with administration(database_url) as connection:
        drop_triggers(connection, "audit_entries", "audit_heads", "audit_personal")
        yield connection


@pytest.mark.parametrize("what", TAMPERINGS)
async def test_tampering_is_found_and_its_first_entry_named(
    what: str, skilled_owner: Connection, reader: SqlAuditReader
) -> None:
    statements, seq, words = TAMPERINGS[what]
    bytes_type = "BLOB" if skilled_owner.dialect.name == "sqlite" else "BYTEA"
    for statement in statements.replace("{bytes}", bytes_type).split("; "):
        skilled_owner.exec_driver_sql(statement)

    verdict = await reader.verify()

    assert verdict.fault is not None
    assert verdict.fault.seq == seq
    assert words in str(verdict.fault)


@pytest.mark.parametrize("make_database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("audit_entries", "recorded_at", "'yesterday'"),
        ("audit_entries", "schema_version", "'one'"),
        ("audit_entries", "details", "x'ff'"),
        ("audit_entries", "event", "x'ff'"),
        ("audit_entries", "event", "CAST(x'ff' AS TEXT)"),
        ("audit_entries", "details", "CAST(x'7b22ff227d' AS TEXT)"),
        ("audit_entries", "hash", "CAST(x'ff' AS TEXT)"),
        ("audit_entries", "hash", "5"),
        ("audit_personal", "field", "5"),
        ("audit_personal", "salt", "'text'"),
        ("audit_personal", "salt", "5"),
        ("audit_personal", "value", "x'ff'"),
        ("audit_personal", "value", "CAST(x'ff' AS TEXT)"),
    ],
)
async def test_a_value_of_a_wrong_kind_is_named_and_stops_nothing(
    table: str, column: str, value: str, skilled_owner: Connection, reader: SqlAuditReader
) -> None:
    """SQLite keeps any kind of value in any column."""
    skilled_owner.execute(text(f"UPDATE {table} SET {column} = {value} WHERE seq = 3"))  # noqa: S608 - ours

    verdict = await reader.verify()

    assert verdict.fault is not None
    assert verdict.fault.seq == 3


async def test_a_redaction_explains_what_it_names_and_nothing_else(
    ledger: SqlLedger, reader: SqlAuditReader, skilled_owner: Connection
) -> None:
    skilled_owner.execute(text("DELETE FROM audit_personal WHERE seq IN (2, 3)"))
    details = {"first_seq": 1, "last_seq": 3, "fields": ["from"]}
    await append(ledger, draft(event=Event.REDACTED, details=details))
    assert (await reader.verify()).fault is None

    skilled_owner.execute(text("DELETE FROM audit_personal WHERE seq = 4"))

    fault = (await reader.verify()).fault
    assert fault is not None
    assert fault.seq == 4


@pytest.mark.parametrize("make_database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("audit_entries", "event", "x'ff'"),
        ("audit_entries", "request_id", "x'ff'"),
        ("audit_entries", "recorded_at", "x'ff'"),
        ("audit_entries", "recorded_at", "'0001-01-01T00:00:00+14:00'"),
        ("audit_entries", "hash", "x'ff'"),
        ("audit_personal", "salt", "'text'"),
        ("audit_personal", "value", "x'ff'"),
        ("audit_heads", "seq", "x'ff'"),
        ("audit_heads", "hash", "x'ff'"),
    ],
)
async def test_no_value_of_a_wrong_kind_ends_a_command_with_a_traceback(
    table: str, column: str, value: str, skilled_owner: Connection, command: Command
) -> None:
    where = "" if table == "audit_heads" else " WHERE seq = 3"
    skilled_owner.execute(text(f"UPDATE {table} SET {column} = {value}{where}"))  # noqa: S608 - ours

    verified = await command("audit", "verify")
    others = [await command("audit", *words, "--unrecorded") for words in OTHER_COMMANDS]

    assert verified.exit_code == 1
    assert isinstance(verified.exception, SystemExit)
    assert [answer.exit_code for answer in others] == [0] * len(OTHER_COMMANDS)
