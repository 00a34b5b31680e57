"""The cheapest durable write there is: one bare row, inserted and committed by itself."""

from __future__ import annotations

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
    key = "INTEGER PRIMARY KEY" if is_file else "BIGSERIAL PRIMARY KEY"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE bare_rows (id {key}, words TEXT NOT NULL)"))
    return ThreadedEngine(engine, threads=threads, name="bare")


def insert_bare_row(engine: Engine) -> None:
    """One row, durable."""
    with engine.begin() as connection:
        connection.execute(INSERT, {"words": WORDS})


def _many(database_url: str) -> Engine:
    return create_engine(driver_url(database_url), pool_size=AT_ONCE, max_overflow=0)
