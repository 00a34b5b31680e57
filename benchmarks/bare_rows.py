"""The cheapest durable writes there are: one bare row, committed by itself or with others."""

from __future__ import annotations

import asyncio

from sqlalchemy import Engine, create_engine, text

from bot.database.engine import ThreadedEngine, open_database
from bot.database.url import driver_url, is_sqlite

AT_ONCE = 20
WORDS = "x" * 300
INSERT = text("INSERT INTO bare_rows (words) VALUES (:words)")


def bare_engine(database_url: str) -> ThreadedEngine:
    """The cheapest that this database has for AT_ONCE who write, with a table to write to.

    That is one connection on SQLite, which has one writer, and one for each of them on PostgreSQL.
    """
    is_file = is_sqlite(driver_url(database_url))
    threads = 1 if is_file else AT_ONCE
    engine = open_database(database_url).writer.engine if is_file else _many(database_url)
    _make_table(engine, is_file=is_file)
    return ThreadedEngine(engine, threads=threads, name="bare")


def insert_bare_row(engine: Engine) -> None:
    """One row, durable."""
    with engine.begin() as connection:
        connection.execute(INSERT, {"words": WORDS})


class SharedRows:
    """A row for each who asks; who comes in one moment, or during a commit, shares the next."""

    def __init__(self, database_url: str) -> None:
        self._writer = open_database(database_url).writer
        self._waiting: list[asyncio.Future[None]] = []
        self._run: asyncio.Task[None] | None = None
        _make_table(self._writer.engine, is_file=is_sqlite(driver_url(database_url)))

    async def insert(self) -> None:
        """One row, durable."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        if self._run is None or self._run.done():
            self._run = asyncio.create_task(self._write_waiting())
        await done

    async def _write_waiting(self) -> None:
        while waiting := self._waiting:
            self._waiting = []
            await self._writer.run(self._insert, len(waiting))
            for done in waiting:
                done.set_result(None)

    def _insert(self, count: int) -> None:
        with self._writer.engine.begin() as connection:
            connection.execute(INSERT, [{"words": WORDS}] * count)


def _make_table(engine: Engine, *, is_file: bool) -> None:
    key = "INTEGER PRIMARY KEY" if is_file else "BIGSERIAL PRIMARY KEY"
    with engine.begin() as connection:
        table = f"CREATE TABLE IF NOT EXISTS bare_rows (id {key}, words TEXT NOT NULL)"
        connection.execute(text(table))


def _many(database_url: str) -> Engine:
    return create_engine(driver_url(database_url), pool_size=AT_ONCE, max_overflow=0)
