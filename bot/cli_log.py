"""How the commands of `hookflash audit` reach the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from bot.cli_environment import environment

if TYPE_CHECKING:
    from bot.database.audit_reader import SqlAuditReader

T = TypeVar("T")


def ask_log(question: Callable[[SqlAuditReader], Awaitable[T]]) -> T:
    """The log's answer, from the database that DATABASE_URL names."""
    from bot.database import migrate
    from bot.database.audit_reader import SqlAuditReader
    from bot.database.engine import open_database
    from bot.domain.audit import MAIN_CHAIN
    from bot.settings import read_database_url

    database_url = read_database_url(environment())
    state = migrate.current(database_url)
    if not state.is_up_to_date:
        raise click.ClickException(state.advice)

    async def ask() -> T:
        database = open_database(database_url)
        try:
            return await question(SqlAuditReader(database.reader, chain_id=MAIN_CHAIN))
        finally:
            await database.close()

    return asyncio.run(ask())
