"""Trouble made on purpose: databases that do not answer, and what a test looks at afterwards."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import TypeVar
from urllib.parse import urlsplit

import aiohttp
import pytest
from sqlalchemy import make_url, text

from bot.application.deadlines import Deadlines
from bot.application.ports import LedgerTransaction
from bot.bootstrap import Bot
from bot.database.ledger import SqlLedger
from bot.database.url import driver_url, is_sqlite
from bot.domain.errors import CommitUnconfirmedError
from bot.sandbox.slack import Message
from bot.sandbox.twilio import Call
from tests.fixtures_database import administration, at_database
from tests.scenario.company import Company
from tests.scenario.reading import shown

T = TypeVar("T")

LOOKS_EVERY_S = 0.05
NOT_DONE = "It was *not* done: the log does not answer"
NOT_KNOWN = "It is *not known here* whether the call will be hung up"
# What is left open is settled soon after the log is back.
HASTY = Deadlines(
    twilio_s=2.0,
    finish_s=0.2,
    hang_up_try_s=0.5,
    look_s=0.3,
    claim_lease_s=1.5,
    second_look_after_s=0.1,
    settle_every_s=0.2,
)
ON_SQLITE = pytest.mark.parametrize("make_database", ["sqlite"], indirect=True)
ON_POSTGRES = pytest.mark.parametrize(
    "make_database", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


@asynccontextmanager
async def log_taken(database_url: str) -> AsyncIterator[None]:
    """Another program holds the log: nothing can be written, and on PostgreSQL nothing be read."""
    holding = _holding_log(database_url)
    # The bot, whose transaction it has to wait for, lives in this loop.
    await asyncio.to_thread(holding.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(holding.__exit__, None, None, None)


@contextmanager
def _holding_log(database_url: str) -> Iterator[None]:
    if is_sqlite(driver_url(database_url)):
        connection = sqlite3.connect(
            urlsplit(database_url).path, isolation_level=None, check_same_thread=False
        )
        connection.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
            connection.close()
    else:
        with administration(database_url) as holder:
            holder.execute(text("BEGIN"))
            holder.execute(text("LOCK TABLE audit_heads IN ACCESS EXCLUSIVE MODE"))
            try:
                yield
            finally:
                holder.execute(text("ROLLBACK"))


def postgres_gone(database_url: str) -> AbstractContextManager[None]:
    """The server drops every connection to this database, and takes no new ones."""
    return altered(database_url, "ALLOW_CONNECTIONS false", back="ALLOW_CONNECTIONS true")


@contextmanager
def altered(database_url: str, how: str, *, back: str) -> Iterator[None]:
    """The database is altered for all connections that come; those that were are dropped."""
    name = make_url(database_url).database
    with administration(at_database(database_url, "postgres")) as connection:
        connection.execute(text(f"ALTER DATABASE {name} {how}"))
        # One that is being made goes by what held before, and is in no list of this database yet.
        starting = text("SELECT count(*) FROM pg_stat_activity WHERE state = 'starting'")
        while connection.scalar(starting):
            time.sleep(LOOKS_EVERY_S)
        drop_connections(database_url)
        try:
            yield
        finally:
            connection.execute(text(f"ALTER DATABASE {name} {back}"))


def drop_connections(database_url: str) -> None:
    """The server ends every connection to this database, in whatever it does."""
    name = make_url(database_url).database
    with administration(at_database(database_url, "postgres")) as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": name},
        )


class LateLedger:
    """A ledger whose `late`th answer comes too late for who waits, though the commit stands.

    Where it `is_undone` the commit does not stand, which nobody could know.
    """

    def __init__(self, ledger: SqlLedger, *, late: int, is_undone: bool = False) -> None:
        self._ledger = ledger
        self._until_late = late
        self._is_undone = is_undone

    async def write(
        self,
        work: Callable[[LedgerTransaction], Awaitable[T]],
        *,
        within_s: float | None = None,
    ) -> T:
        self._until_late -= 1
        is_late = self._until_late == 0
        if is_late and self._is_undone:
            raise CommitUnconfirmedError("no answer in time")
        result = await self._ledger.write(work, within_s=within_s)
        if is_late:
            raise CommitUnconfirmedError("no answer in time")
        return result


async def until(
    holds: Callable[[], Awaitable[bool]] | Callable[[], bool], *, within_s: float = 40.0
) -> None:
    """Return once the condition holds.

    Raises:
        TimeoutError: it did not come to hold in time.
    """
    async with asyncio.timeout(within_s):
        while True:
            found = holds()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(LOOKS_EVERY_S)


async def readiness(here: Company) -> int:
    """The HTTP status of `/readyz`."""
    url = str(here.slack.request_url).replace("/slack/events", "/readyz")
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status


def told(company: Company, who: str) -> list[Message]:
    """All that the bot has said to this person, newest first: in channels and directly."""
    workspace = company.slack.workspace
    return [
        message
        for message in reversed(workspace.messages)
        if message.user == workspace.app.bot_user_id
        and message.ephemeral_to in {None, who}
        and who in workspace.channels[message.channel_id].members
    ]


def was_told(company: Company, who: str, words: str) -> bool:
    """Whether something that the person was told has these words."""
    return any(words in shown(message) for message in told(company, who))


def is_looking(company: Company, call: Call) -> bool:
    """Whether Twilio was asked how this call is."""
    path = f"/Calls/{call.sid}.json"
    return any(
        request.method == "GET" and request.path.endswith(path)
        for request in company.twilio.requests
    )


async def outcomes(bot: Bot) -> list[tuple[str, str, str]]:
    """Of each entry about a call: event, reason and surface, oldest first."""
    return [
        (entry.event, str(entry.details.get("reason", "")), entry.surface)
        async for entry, _ in bot.outside.log.entries()
        if entry.call_sid
    ]


async def has_event(company: Company, event: str) -> bool:
    """Whether something of this kind stands in the log of some call."""
    return event in [happened for happened, _, _ in await outcomes(company.bot)]
