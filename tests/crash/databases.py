"""New databases for the program, which has no fixtures of pytest."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import text

from bot.database.migrate import upgrade
from tests.fixtures_database import administration, at_database, postgres_server

DatabaseMaker = Callable[[], str]


@contextmanager
def sqlite() -> Iterator[DatabaseMaker]:
    """Makes files in a folder that is removed in the end."""
    with tempfile.TemporaryDirectory(prefix="hookflash-crash-") as folder:
        yield lambda: _migrated(f"sqlite:///{folder}/{uuid4().hex}.db")


@contextmanager
def postgresql() -> Iterator[DatabaseMaker]:
    """Makes databases on a server that lives as long as this."""
    with postgres_server() as server_url:

        def make() -> str:
            name = f"crash_{uuid4().hex}"
            with administration(server_url) as connection:
                connection.execute(text(f"CREATE DATABASE {name}"))
            return _migrated(at_database(server_url, name))

        yield make


def _migrated(database_url: str) -> str:
    upgrade(database_url)
    return database_url
