"""The database: whether it answers, its tables and triggers, the end of the log, and the file."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from pathlib import Path

from bot.database import migrate
from bot.database.audit_reader import SqlAuditReader
from bot.database.engine import open_database
from bot.database.migrate import SchemaBrokenError
from bot.database.triggers import LogUnprotectedError
from bot.database.url import with_statement_timeout
from bot.doctor.findings import Finding, fault, ok, warning
from bot.domain.audit import MAIN_CHAIN
from bot.domain.errors import LogUnavailableError

TIMEOUT_S = 15.0
STATEMENT_TIMEOUT_MS = 4000
ENTRIES_LOOKED_AT = 100
LITTLE_SPACE_BYTES = 500 * 1000**2
TOO_LITTLE_SPACE_BYTES = 50 * 1000**2
_DATABASE, _TABLES, _LOG, _FILE, _DISK = "Database", "Tables", "Log", "Log file", "Disk"


async def check_database(database_url: str) -> list[Finding]:
    """All of it; an absent SQLite file is well, since `serve` makes it."""
    path = migrate.sqlite_path(database_url)
    file_findings = [] if path is None else check_file(path)
    if path is not None and not path.exists():
        return file_findings
    # A thread cannot be told to give up, so the database is.
    bounded_url = with_statement_timeout(database_url, timeout_ms=STATEMENT_TIMEOUT_MS)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return [*file_findings, *await _check_content(bounded_url, is_file=path is not None)]
    except TimeoutError:
        text = f"It did not answer within {TIMEOUT_S:.0f} s."
        return [*file_findings, fault(_DATABASE, text, "Check that it is up and not overloaded.")]
    except LogUnavailableError as error:
        advice = "Check DATABASE_URL, the network, and that the database is up."
        return [*file_findings, fault(_DATABASE, f"{error}.", advice)]


def check_file(path: Path) -> list[Finding]:
    """Whether the file and its folder can be used by this user and read by no other."""
    folder = path.resolve().parent
    if not folder.is_dir():
        return [fault(_FILE, f"There is no folder {folder}.", "Make it, or mend DATABASE_URL.")]
    if not os.access(folder, os.W_OK | os.X_OK):
        return [
            fault(
                _FILE,
                f"This user cannot write to the folder {folder}.",
                "Start Hookflash as the folder's owner, or name another file with DATABASE_URL.",
            )
        ]
    return [_check_mode(path), judge_space(shutil.disk_usage(folder).free)]


def judge_space(free_bytes: int) -> Finding:
    """What so much room means for the log."""
    text = f"{free_bytes / 1000**3:.1f} GB are free where the log is."
    advice = "Make room: a change whose record cannot be written is not made."
    if free_bytes < TOO_LITTLE_SPACE_BYTES:
        return fault(_DISK, text, advice)
    if free_bytes < LITTLE_SPACE_BYTES:
        return warning(_DISK, text, advice)
    return ok(_DISK, text)


def _check_mode(path: Path) -> Finding:
    if not path.exists():
        return ok(_FILE, f"{path} does not exist yet; hookflash serve makes it.")
    if not os.access(path, os.R_OK | os.W_OK):
        return fault(
            _FILE,
            f"This user cannot read and write {path}.",
            "Start Hookflash as the file's owner.",
        )
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return warning(
            _FILE,
            f"Other users of this machine may open {path}, in which phone numbers stand.",
            f"Run: chmod 600 {path}",
        )
    return ok(_FILE, f"Only its owner may open {path}.")


async def _check_content(database_url: str, *, is_file: bool) -> list[Finding]:
    answers = ok(_DATABASE, "It answers.")
    try:
        state = await asyncio.to_thread(migrate.check, database_url)
    except LogUnprotectedError as error:
        return [answers, fault(_TABLES, error.problem, error.advice)]
    except SchemaBrokenError as error:
        return [answers, fault(_TABLES, error.problem, error.advice)]
    if state.current is None:
        return [answers, _empty(is_file=is_file)]
    if not state.is_up_to_date:
        return [answers, fault(_TABLES, state.problem, migrate.UPGRADE)]
    revision = ok(_TABLES, f"They are at revision {state.current}; the log's triggers are there.")
    return [answers, revision, await _check_log(database_url)]


def _empty(*, is_file: bool) -> Finding:
    if is_file:
        return ok(_TABLES, "There are none yet; hookflash serve makes them.")
    return fault(_TABLES, "There are none yet.", migrate.UPGRADE)


async def _check_log(database_url: str) -> Finding:
    database = open_database(database_url)
    try:
        log = SqlAuditReader(database.reader, chain_id=MAIN_CHAIN)
        verdict = await log.verify_end(entries=ENTRIES_LOOKED_AT)
    finally:
        await database.close()
    if verdict.fault is None and verdict.end.seq == 0:
        return ok(_LOG, "It has no entry yet.")
    if verdict.fault is None:
        looked_at = min(ENTRIES_LOOKED_AT, verdict.end.seq)
        return ok(
            _LOG,
            f"Its last entry is number {verdict.end.seq}; the chain of the last {looked_at} holds "
            "(hookflash audit verify checks all).",
        )
    return fault(
        _LOG,
        f"It is not as it was recorded. {verdict.fault}",
        "Run hookflash audit verify, keep a copy of the database, and find out who changed it.",
    )
