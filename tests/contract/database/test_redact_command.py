"""`hookflash audit redact`, as its user meets it."""

from __future__ import annotations

import getpass
from datetime import timedelta

import pytest

from bot.application.ports import Clock
from bot.database.audit_reader import SqlAuditReader
from bot.database.engine import Database
from bot.database.ledger import SqlLedger
from bot.domain.audit import MAIN_CHAIN
from tests.contract.database.conftest import Command, Hookflash
from tests.contract.database.drafts import append, draft
from tests.fixtures_database import now, role_with

NUMBER = "+14155550123"
pytestmark = pytest.mark.usefixtures("log")


@pytest.fixture
async def log(database: Database) -> None:
    """Two entries of 200 days ago and one of today, each with a number."""
    for age, entries in ((timedelta(days=200), 2), (timedelta(0), 1)):
        ledger = SqlLedger(database.writer, chain_id=MAIN_CHAIN, clock=clock_behind(age))
        await append(ledger, *(draft(personal={"from": NUMBER}) for _ in range(entries)))
        await ledger.close()


def clock_behind(age: timedelta) -> Clock:
    return lambda: now() - age


async def kept(reader: SqlAuditReader) -> list[int]:
    return [entry.seq async for entry, personal in reader.entries() if personal]


async def test_it_deletes_after_a_yes_and_says_how_much(
    command: Command, reader: SqlAuditReader
) -> None:
    answer = await command("audit", "redact", "--older-than", "180d", input="y\n")

    assert answer.exit_code == 0
    assert "2 entries from before " in answer.stderr
    assert "2 personal values of 2 entries were deleted." in answer.stderr
    assert await kept(reader) == [3, 4]
    [(entry, personal)] = [one async for one in reader.entries(after_seq=3)]
    assert (entry.event, entry.action, entry.surface) == ("redacted", "redact_audit", "terminal")
    assert personal[0].value.startswith(f"{getpass.getuser()}@")
    assert (await command("audit", "verify")).exit_code == 0


@pytest.mark.parametrize("answered", ["n\n", ""])
async def test_without_a_yes_nothing_is_deleted(
    answered: str, command: Command, reader: SqlAuditReader
) -> None:
    answer = await command("audit", "redact", "--older-than", "180d", input=answered)

    assert answer.exit_code == 1
    assert await kept(reader) == [1, 2, 3]


async def test_a_dry_run_counts_and_changes_nothing(
    command: Command, reader: SqlAuditReader
) -> None:
    answer = await command("audit", "redact", "--older-than", "180d", "--dry-run")

    assert answer.exit_code == 0
    assert "2 entries from before " in answer.stdout
    assert await kept(reader) == [1, 2, 3]


async def test_nothing_to_delete_is_no_fault_and_no_question(command: Command) -> None:
    answer = await command("audit", "redact", "--older-than", "300d")

    assert answer.exit_code == 0
    assert "0 entries from before " in answer.stderr


@pytest.mark.parametrize("age", ["0d", "180", "6 months", "-1d", "99999d"])
def test_an_age_that_is_none_is_a_wrong_command_line(age: str, hookflash: Hookflash) -> None:
    answer = hookflash("audit", "redact", f"--older-than={age}", "--yes")

    assert answer.exit_code == 2
    assert "is no number of days from 1d to 36500d" in answer.stderr


async def test_values_that_are_redacted_are_missing_from_the_export_and_it_still_tells_the_rest(
    command: Command,
) -> None:
    await command("audit", "redact", "--older-than", "180d", "--yes")

    lines = (await command("audit", "export")).stdout.splitlines()

    assert [NUMBER in line for line in lines] == [False, False, True, False]


@pytest.mark.parametrize("make_database", ["postgresql"], indirect=True)
async def test_a_role_without_the_right_is_told_which_is_missing(
    command: Command,
    reader: SqlAuditReader,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rights = ("SELECT, INSERT ON ALL TABLES IN SCHEMA public", "UPDATE ON audit_heads")
    with role_with(database_url, *rights, "UPDATE ON call_changes") as role_url:
        monkeypatch.setenv("DATABASE_URL", role_url)
        answer = await command("audit", "redact", "--older-than", "180d", "--yes")

    assert await kept(reader) == [1, 2, 3]
    assert answer.exit_code == 1
    assert "permission denied for table audit_personal" in answer.stderr
