"""Bringing the schema up to date, from the checkout or the wheel, and telling where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from bot.database.engine import migration_engine
from bot.database.faults import as_log_unavailable
from bot.database.tables import SCHEMA_REVISION, metadata
from bot.database.triggers import assert_triggers
from bot.database.url import driver_url, is_sqlite
from bot.domain.errors import HookflashError

if TYPE_CHECKING:
    from alembic.config import Config

_SQLITE_FILE_MODE = 0o600


class SchemaOutdatedError(HookflashError):
    """The database's schema is not the one that this version needs; the message says what to do."""


@dataclass(frozen=True, slots=True)
class SchemaState:
    """The revision that the database has and the one that this version needs."""

    current: str | None
    needed: str

    @property
    def is_up_to_date(self) -> bool:
        """Whether this version can run on it."""
        return self.current == self.needed

    @property
    def advice(self) -> str:
        """What to do where it is not up to date."""
        stands = f"at revision {self.current}" if self.current else "empty"
        return (
            f"The database is {stands}, and this version needs revision {self.needed}. "
            "Run: hookflash db upgrade"
        )


def upgrade(database_url: str) -> SchemaState:
    """Bring the schema up to date, in one transaction; what it is afterwards.

    Several processes may do this at once. A new SQLite file is readable by its owner only.

    Raises:
        DatabaseUrlError: the URL names no database that Hookflash can use.
        LogUnavailableError: the database does not answer.
        LogUnprotectedError: triggers of the log are missing.
    """
    from alembic import command  # noqa: PLC0415 - takes 280 ms, and only this needs it

    _make_sqlite_file(database_url)
    config = alembic_config()
    with _connection(database_url) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return current(database_url)


def current(database_url: str) -> SchemaState:
    """Where the schema stands; nothing is created and nothing is changed.

    Raises:
        DatabaseUrlError: the URL names no database that Hookflash can use.
        LogUnavailableError: the database does not answer.
    """
    path = sqlite_path(database_url)
    if path is not None and not path.exists():
        return SchemaState(None, SCHEMA_REVISION)
    with _connection(database_url) as connection:
        return SchemaState(_revision(connection), SCHEMA_REVISION)


def check(database_url: str) -> SchemaState:
    """Where the schema stands, after a look at the triggers of the log if it is up to date.

    Raises:
        DatabaseUrlError: the URL names no database that Hookflash can use.
        LogUnavailableError: the database does not answer.
        LogUnprotectedError: triggers of the log are missing, disabled or changed.
    """
    state = current(database_url)
    if state.is_up_to_date:
        with _connection(database_url) as connection:
            assert_triggers(connection)
    return state


def prepare(database_url: str) -> None:
    """Bring SQLite's schema up to date; refuse an out-of-date PostgreSQL, which may be shared.

    Raises:
        DatabaseUrlError: the URL names no database that Hookflash can use.
        LogUnavailableError: the database does not answer.
        LogUnprotectedError: triggers of the log are missing, disabled or changed.
        SchemaOutdatedError: with the command to run.
    """
    state = check(database_url)
    if state.is_up_to_date:
        return
    if not is_sqlite(driver_url(database_url)):
        raise SchemaOutdatedError(state.advice)
    upgrade(database_url)


def all_tables() -> frozenset[str]:
    """The names of the tables of this version."""
    return frozenset(metadata.tables)


def missing_tables(database_url: str) -> frozenset[str]:
    """The tables of this version that the database lacks; nothing is created.

    Raises:
        DatabaseUrlError: the URL names no database that Hookflash can use.
        LogUnavailableError: the database does not answer.
    """
    with _connection(database_url) as connection:
        return all_tables() - frozenset(inspect(connection).get_table_names())


def sqlite_path(database_url: str) -> Path | None:
    """The file that the URL names; None where it names PostgreSQL.

    Raises:
        DatabaseUrlError: the URL names no database that Hookflash can use.
    """
    url = driver_url(database_url)
    return Path(url.database) if is_sqlite(url) and url.database else None


def alembic_config() -> Config:
    """Alembic's settings, made in code; the caller puts a connection into `attributes`."""
    from alembic.config import Config  # noqa: PLC0415 - takes 280 ms, and only migrations need it

    config = Config()
    config.set_main_option("script_location", str(_scripts()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> Path:
    """The folder with env.py: inside the package in a wheel, beside it in a checkout."""
    package = Path(str(files("bot")))
    packed = package / "_migrations"
    return packed if packed.is_dir() else package.parent / "migrations"


@contextmanager
def _connection(database_url: str) -> Iterator[Connection]:
    engine = migration_engine(database_url)
    try:
        with as_log_unavailable(), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _revision(connection: Connection) -> str | None:
    """The revision that Alembic noted, without importing Alembic."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _make_sqlite_file(database_url: str) -> None:
    path = sqlite_path(database_url)
    if path is not None:
        with as_log_unavailable():
            path.touch(mode=_SQLITE_FILE_MODE)
