"""Connections, and the threads that wait for them: one writer, and a few readers.

The engines block, in threads of their own. Measured on SQLite, a change accepted in one such thread
takes 1 ms with its commit; an async driver, which goes to a thread and back several times for each
statement, takes 7 ms for the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import OperationalError
from typing import Any, TypeVar

from sqlalchemy import URL, Engine, ExceptionContext, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from bot.database.faults import is_of_standby
from bot.database.url import driver_url, is_sqlite

T = TypeVar("T")

# People wait 1.5 s for a change to be accepted; a statement that takes longer is given up a little
# later, so that its connection does not stay busy.
BUSY_TIMEOUT_MS = 2000
STATEMENT_TIMEOUT_MS = 3000
# A replica that is stopped inside a transaction gives back the head of the chain after this long;
# until then no other can accept a change.
IDLE_IN_TRANSACTION_TIMEOUT_MS = 3000
CONNECT_TIMEOUT_S = 3
POOL_TIMEOUT_S = 2
READERS = 4

# Source: https://www.sqlite.org/pragma.html. FULL makes a commit in WAL mode durable; with
# recursive_triggers INSERT OR REPLACE fires the DELETE triggers too.
_SQLITE_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA recursive_triggers = ON",
)
_SQLITE_READER_PRAGMAS = (*_SQLITE_PRAGMAS, "PRAGMA query_only = ON")
_POSTGRES_SETTINGS = (
    f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}",
    f"SET idle_in_transaction_session_timeout = {IDLE_IN_TRANSACTION_TIMEOUT_MS}",
    "SET timezone = 'UTC'",
)
# From 17 on PostgreSQL also bounds a transaction whose client is not idle to it, since it stopped
# in the middle of a message. The setting is made only where it is known.
_BOUND_TRANSACTIONS = (
    "SELECT set_config(name, current_setting('idle_in_transaction_session_timeout'), false) "
    "FROM pg_settings WHERE name = 'transaction_timeout'"
)
# Where a server answers before a commit is on its disk, a crash takes entries whose calls have been
# changed. What waits for a standby too is left as it is.
_DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') = 'off'"
)
_POSTGRES_WRITER_SETTINGS = (*_POSTGRES_SETTINGS, _BOUND_TRANSACTIONS, _DURABLE)
# To compile a question takes PostgreSQL longer than any answer may, and without statistics it
# believes that every question is worth it.
_POSTGRES_READER_SETTINGS = (*_POSTGRES_SETTINGS, "SET jit = off")
# Source: https://www.postgresql.org/docs/current/libpq-connect.html. Without tcp_user_timeout a
# server that vanishes from the network keeps a commit waiting for many minutes.
_POSTGRES_CONNECT_ARGS = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "tcp_user_timeout": 2 * STATEMENT_TIMEOUT_MS,
    "keepalives_idle": 30,
}


class ThreadedEngine:
    """An engine with as many threads as it has connections. Nothing connects before it is used."""

    def __init__(self, engine: Engine, *, threads: int, name: str) -> None:
        self.engine = engine
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=f"database {name}")

    def start(self, function: Callable[[], T]) -> Future[T]:
        """Run it in one of the threads, where it may block, and come back at once."""
        return self._threads.submit(function)

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """The function's result; it runs in one of the threads, where it may block."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *args)

    async def close(self) -> None:
        """Wait for what is running, and close every connection."""
        await asyncio.to_thread(self._threads.shutdown)
        # Only now, since it closes no connection that a thread still works with.
        await asyncio.to_thread(self.engine.dispose)


@dataclass(frozen=True, slots=True)
class Database:
    """What one process has open.

    `board` is for what replicas show each other; None on SQLite, which one process has to itself.
    """

    writer: ThreadedEngine
    reader: ThreadedEngine
    board: ThreadedEngine | None

    async def close(self) -> None:
        """Close every connection."""
        await self.writer.close()
        await self.reader.close()
        if self.board is not None:
            await self.board.close()


def open_database(database_url: str) -> Database:
    """The writer and the readers for a plain `sqlite:///` or `postgresql://` URL.

    Raises:
        DatabaseUrlError: the URL names no database that Hookflash can use.
    """
    url = driver_url(database_url)
    board = None
    if is_sqlite(url):
        writer = _sqlite(url, begin="BEGIN IMMEDIATE", pool_size=1)
        reader = _sqlite(url, begin="BEGIN", pool_size=READERS, pragmas=_SQLITE_READER_PRAGMAS)
    else:
        board = ThreadedEngine(_postgres(url, pool_size=1), threads=1, name="board")
        writer = _postgres(url, pool_size=1, settings=_POSTGRES_WRITER_SETTINGS)
        reader = _postgres_reader(url, pool_size=READERS)
    return Database(
        writer=ThreadedEngine(writer, threads=1, name="writer"),
        reader=ThreadedEngine(reader, threads=READERS, name="reader"),
        board=board,
    )


def reading_engine(database_url: str) -> Engine:
    """An engine of one connection that only reads, for a process or thread of its own.

    Raises:
        DatabaseUrlError: the URL names no database that Hookflash can use.
    """
    url = driver_url(database_url)
    if is_sqlite(url):
        return _sqlite(url, begin="BEGIN", pool_size=1, pragmas=_SQLITE_READER_PRAGMAS)
    return _postgres_reader(url, pool_size=1)


def migration_engine(database_url: str) -> Engine:
    """An engine that keeps no connection and sets no limits, for migrations.

    Raises:
        DatabaseUrlError: the URL names no database that Hookflash can use.
    """
    url = driver_url(database_url)
    if is_sqlite(url):
        return _sqlite(url, begin="BEGIN IMMEDIATE", poolclass=NullPool)
    return create_engine(
        url, poolclass=NullPool, connect_args=_POSTGRES_CONNECT_ARGS, hide_parameters=True
    )


def _sqlite(
    url: URL, *, begin: str, pragmas: tuple[str, ...] = _SQLITE_PRAGMAS, **pool: Any
) -> Engine:
    """An engine whose connections have these pragmas and whose transactions begin with *begin*."""
    engine = create_engine(url, hide_parameters=True, **_bounded(pool))

    def configure(connection: DBAPIConnection, _record: object) -> None:
        # The driver would begin transactions on its own, too late and only for some statements.
        connection.isolation_level = None
        _run_all(connection, pragmas)

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    if "pool_size" in pool:  # and a connection may be older than what is done to the file
        _keep_to_file(engine, str(url.database))
    return engine


def _keep_to_file(engine: Engine, path: str) -> None:
    """Use connections only while the file that they opened is the one at this path.

    SQLite would go on writing to a file that was moved away or replaced, where nobody finds it, and
    make an empty one where there is none.
    """

    def refuse_to_make(*_details: object) -> None:
        if _file_at(path) is None:
            raise OperationalError(f"there is no file {path}")

    def note(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["file"] = _file_at(path)

    def compare(_connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
        if record.info["file"] != _file_at(path):
            raise DisconnectionError(f"{path} is gone, or another file")

    event.listen(engine, "do_connect", refuse_to_make)
    event.listen(engine, "connect", note)
    event.listen(engine, "checkout", compare)


def _file_at(path: str) -> tuple[int, int] | None:
    """Which file it is, whatever its name; None where there is none."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _postgres(
    url: URL, *, pool_size: int, settings: tuple[str, ...] = _POSTGRES_SETTINGS
) -> Engine:
    engine = create_engine(
        url,
        pool_pre_ping=True,
        connect_args=_POSTGRES_CONNECT_ARGS,
        hide_parameters=True,
        **_bounded({"pool_size": pool_size}),
    )

    def configure(connection: DBAPIConnection, _record: object) -> None:
        _run_all(connection, settings)
        connection.commit()

    event.listen(engine, "connect", configure)
    event.listen(engine, "handle_error", _leave_standby)
    return engine


def _postgres_reader(url: URL, *, pool_size: int) -> Engine:
    """An engine that only reads; one answer is one look at the database, as it is on SQLite.

    Each transaction says so itself. As settings of the session a pooler would hand them on to
    whoever comes next, who may be about to write.
    """
    from psycopg import IsolationLevel  # noqa: PLC0415 - SQLite does without the driver

    engine = _postgres(url, pool_size=pool_size, settings=_POSTGRES_READER_SETTINGS)

    def only_read(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True

    event.listen(engine, "connect", only_read)
    return engine


def _leave_standby(context: ExceptionContext) -> None:
    """A server that takes no changes became a standby: the next connection may lead elsewhere."""
    if is_of_standby(context.original_exception):
        context.is_disconnect = True


def _bounded(pool: dict[str, Any]) -> dict[str, Any]:
    """The pool's settings with a bound to its size and to the wait for one of its connections."""
    if "pool_size" not in pool:
        return pool
    return pool | {"max_overflow": 0, "pool_timeout": POOL_TIMEOUT_S}


def _run_all(connection: DBAPIConnection, statements: tuple[str, ...]) -> None:
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()
