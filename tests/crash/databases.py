"""New databases for the program, which has no fixtures of pytest."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import text

from bot.database.migrate import upgrade
from tests.fixtures_database import administration, at_database, postgres_server

# Now and then the commit of an accept comes to stand only after its person was told that it is not
# known, which the bot does after 2 s.
_COMMITS_SLOWLY = """
CREATE FUNCTION commit_slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF random() < 0.03 THEN PERFORM pg_sleep(2.3); END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER commits_slowly AFTER INSERT ON call_changes
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION commit_slowly()
"""
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
            database_url = _migrated(at_database(server_url, name))
            with administration(database_url) as connection:
                connection.execute(text(_COMMITS_SLOWLY))
            return database_url

        yield make


def _migrated(database_url: str) -> str:
    upgrade(database_url)
    return database_url
