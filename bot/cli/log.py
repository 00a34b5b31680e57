"""How the commands of `hookflash audit` reach the log, and how who reads it there is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import click

from bot.cli.environment import environment, terminal_user

if TYPE_CHECKING:
    from bot.database.audit_reader import SqlAuditReader
    from bot.database.ledger import SqlLedger
    from bot.domain.audit import EntryDraft
    from bot.domain.reading import Reading

T = TypeVar("T")

unrecorded_option = click.option(
    "--unrecorded", is_flag=True, help="Go on where the log cannot record that it is read."
)


@dataclass(frozen=True, slots=True)
class Log:
    """Both sides of the log."""

    reader: SqlAuditReader
    ledger: SqlLedger


def ask_log(question: Callable[[SqlAuditReader], Awaitable[T]]) -> T:
    """The log's answer, from the database that DATABASE_URL names."""
    return work_on_log(lambda log: question(log.reader))


def work_on_log(work: Callable[[Log], Awaitable[T]]) -> T:
    """What comes of the work on the database that DATABASE_URL names."""
    from bot.database.audit_reader import SqlAuditReader
    from bot.database.engine import open_database
    from bot.database.ledger import SqlLedger
    from bot.domain.audit import MAIN_CHAIN

    database_url = log_url()

    async def run() -> T:
        database = open_database(database_url)
        ledger = SqlLedger(database.writer, chain_id=MAIN_CHAIN, clock=now)
        try:
            return await work(Log(SqlAuditReader(database.reader, chain_id=MAIN_CHAIN), ledger))
        finally:
            await ledger.close()
            await database.close()

    return asyncio.run(run())


def log_url() -> str:
    """The database that DATABASE_URL names.

    Raises:
        ClickException: there is none, or its tables are older than this version.
        SchemaBrokenError: its tables are half there, or of a newer version.
    """
    from bot.database import migrate
    from bot.settings import read_database_url

    database_url = read_database_url(environment())
    file = migrate.sqlite_path(database_url)
    if file is not None and not file.exists():
        raise click.ClickException(
            f"There is no log at {file.absolute()}: no such file. Set DATABASE_URL to where the "
            "log is; hookflash serve begins a new one."
        )
    if not migrate.current(database_url).is_up_to_date:
        raise click.ClickException(migrate.check(database_url).advice)
    return database_url


def reading_of(command: str, filters: Sequence[str]) -> Reading:
    """That the person at this terminal reads the log with the command."""
    from uuid import uuid4

    from bot.domain.audit import Action
    from bot.domain.reading import Reading

    is_export = command in ("export", "follow")
    return Reading(
        request_id=f"terminal-{uuid4().hex}",
        action=Action.EXPORT_AUDIT if is_export else Action.READ_AUDIT,
        command=command,
        filters=filters,
        by=terminal_user(),
    )


def record_reading(draft: EntryDraft, *, unrecorded: bool) -> int | None:
    """The number of the entry that says who reads the log; None where it goes *unrecorded*.

    Raises:
        ClickException: it cannot be recorded, and nobody said that it need not be.
    """
    from bot.domain.errors import LogUnavailableError

    try:
        return work_on_log(lambda log: log.ledger.write(lambda tx: tx.append(draft))).seq
    except LogUnavailableError as error:
        if not unrecorded:
            raise click.ClickException(
                "The log cannot record that it is read, so nothing is shown. "
                f"{error} With --unrecorded it is shown all the same."
            ) from error
        click.echo(f"That the log is read is not recorded. {error}", err=True)
        return None


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)
