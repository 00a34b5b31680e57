"""An export while old values are deleted: it can be checked, or it says that it cannot."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.application.ports import Clock
from bot.application.retention import Retention
from bot.cli.proof import Exported
from bot.database import audit_runs
from bot.database.audit_reader import SqlAuditReader
from bot.database.engine import Database
from bot.database.ledger import SqlLedger
from bot.domain.audit import MAIN_CHAIN, Event, Surface
from bot.domain.audit_export import export_record, json_line
from bot.domain.audit_log import AuditQuery
from bot.domain.errors import RedactedMeanwhileError
from bot.domain.people import MACHINE
from bot.verification.export import verify_export
from tests.contract.database.conftest import Command
from tests.contract.database.drafts import append, draft
from tests.fixtures_database import now

OLD, OLDER = timedelta(days=20), timedelta(days=40)


@pytest.fixture(autouse=True)
async def log(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four entries of two requests, 40 and 20 days old, of which an export reads two at once."""
    monkeypatch.setattr(audit_runs, "ENTRIES_AT_ONCE", 2)
    for request_id, age in (("r1", OLDER), ("r2", OLD)):
        ledger = SqlLedger(database.writer, chain_id=MAIN_CHAIN, clock=clock_behind(age))
        await append(
            ledger,
            draft(request_id=request_id, personal={"reason": "fraud", "actor_name": "ana"}),
            draft(request_id=request_id, event=Event.SUCCEEDED, personal={"to": "+442079460000"}),
        )
        await ledger.close()


def clock_behind(age: timedelta) -> Clock:
    return lambda: now() - age


async def redact(ledger: SqlLedger, *, older_than: timedelta) -> None:
    await Retention(ledger).redact(
        older_than=now() - older_than, by=MACHINE, surface=Surface.MACHINE
    )


async def lines_of(reader: SqlAuditReader, **asked: Any) -> AsyncIterator[str]:
    """The lines of an export."""
    async for one in reader.told_entries(AuditQuery(**asked)):
        yield json_line(export_record(one.entry, one.personal, one.told))


async def test_values_that_go_before_they_are_read_end_the_export(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    """What explains that they are gone comes after the end of the export."""
    lines = lines_of(reader)
    await anext(lines)

    await redact(ledger, older_than=timedelta(days=10))

    with pytest.raises(RedactedMeanwhileError):
        [line async for line in lines]


async def test_values_that_go_after_they_were_read_do_not_hinder_it(
    ledger: SqlLedger, reader: SqlAuditReader, tmp_path: Path
) -> None:
    lines = lines_of(reader)
    exported = [await anext(lines)]

    await redact(ledger, older_than=timedelta(days=30))
    exported += [line async for line in lines]

    (tmp_path / "export.jsonl").write_text("".join(f"{line}\n" for line in exported))
    report = verify_export(tmp_path / "export.jsonl")
    assert (report.holds, report.entries) == (True, 4)


@pytest.mark.parametrize("number", ["", "+44*"])
async def test_values_of_another_time_do_not_hinder_it(
    ledger: SqlLedger, reader: SqlAuditReader, number: str
) -> None:
    lines = lines_of(reader, since=now() - timedelta(days=30), number=number)
    await anext(lines)

    await redact(ledger, older_than=timedelta(days=30))

    assert len([line async for line in lines]) == 1


async def test_such_an_export_leaves_no_file_and_says_what_to_do(
    command: Command, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def note_and_redact(self: Exported, seq: int) -> None:
        note(self, seq)
        if seq == 1:
            redacted = ("audit", "redact", "--older-than", "10d", "--yes")
            subprocess.run(  # noqa: S603 - ours
                [sys.executable, "-m", "bot", *redacted], check=True, env=environment
            )

    note, environment = Exported.note, {"DATABASE_URL": database_url}
    monkeypatch.setattr(Exported, "note", note_and_redact)

    answer = await command("audit", "export", "--output", str(tmp_path / "export.jsonl"))

    assert answer.exit_code == 1
    assert "Export again, once that is over." in answer.stderr
    assert not (tmp_path / "export.jsonl").exists()
