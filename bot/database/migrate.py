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

UPGRADE = "Run: hookflash db upgrade"
_SQLITE_FILE_MODE = 0o600


class SchemaOutdatedError(HookflashError):
    """The database's schema is not the one that this version needs; the message says what to do."""


class SchemaBrokenError(HookflashError):
    """The tables can neither be worked with nor migrated; *problem* and *advice* say it apart."""

    def __init__(self, problem: str, *, advice: str) -> None:
        super().__init__(f"{problem} {advice}")
        self.problem = problem
        self.advice = advice


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
    def problem(self) -> str:
        """What is wrong where it is not up to date."""
        stands = f"at revision {self.current}" if self.current else "empty"
        return f"The database is {stands}, and this version needs revision {self.needed}."

    @property
    def advice(self) -> str:
        """The same, and what to do."""
        return f"{self.problem} {UPGRADE}"


def upgrade(database_url: str) -> SchemaState:
    """Bring the schema up to date, in one transaction; what it is afterwards.

    Several processes may do this at once. A new SQLite file is readable by its owner only.

    Raises:
        DatabaseUrlError: the URL names no database that Hookflash can use.
        LogUnavailableError: the database does not answer.
        LogUnprotectedError: triggers of the log are missing.
        SchemaBrokenError: the tables are half there, or of a newer version.
    """
    from alembic import command  # noqa: PLC0415 - takes 280 ms, and only this needs it

    _make_sqlite_file(database_url)
    _look_at_tables(database_url)
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
    if _is_missing_file(database_url):
        return SchemaState(None, SCHEMA_REVISION)
    with _connection(database_url) as connection:
        return SchemaState(_revision(connection), SCHEMA_REVISION)


def check(database_url: str) -> SchemaState:
    """Where the schema stands, after a look at the tables, and at the log's triggers if they are.

    Raises:
        DatabaseUrlError: the URL names no database that Hookflash can use.
        LogUnavailableError: the database does not answer.
        LogUnprotectedError: triggers of the log are missing, disabled or changed.
        SchemaBrokenError: the tables are half there, or of a newer version.
    """
    state = _look_at_tables(database_url)
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
        SchemaBrokenError: the tables are half there, or of a newer version.
        SchemaOutdatedError: with the command to run.
    """
    state = check(database_url)
    if state.is_up_to_date:
        return
    if not is_sqlite(driver_url(database_url)):
        raise SchemaOutdatedError(state.advice)
    upgrade(database_url)


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


def _look_at_tables(database_url: str) -> SchemaState:
    """Where the schema stands; nothing is created and nothing is changed.

    Others may migrate at the same time: who finds a revision first and the tables then, finds all.

    Raises:
        SchemaBrokenError: the tables are half there, or of a newer version.
    """
    state = current(database_url)
    if state.current is None and _is_missing_file(database_url):
        return state
    _refuse_newer(state)
    tables = frozenset(metadata.tables)
    with _connection(database_url) as connection:
        missing = tables - frozenset(inspect(connection).get_table_names())
        revision = state.current or _revision(connection)
    is_half_there = missing if state.is_up_to_date else revision is None and missing != tables
    if is_half_there:
        noted = f"revision {revision} is noted" if revision else "no revision is noted"
        raise SchemaBrokenError(
            f"The tables are half there: {noted}, missing are: "
            f"{', '.join(sorted(missing)) or 'none'}.",
            advice="Restore a backup, or give Hookflash an empty database with DATABASE_URL.",
        )
    return state


def _refuse_newer(state: SchemaState) -> None:
    if state.current is not None and state.current not in _known_revisions():
        raise SchemaBrokenError(
            f"The database is at revision {state.current}, which this version, whose newest is "
            f"{state.needed}, does not know: a newer one has migrated it.",
            advice="Run that version, or restore a backup from before.",
        )


def _is_missing_file(database_url: str) -> bool:
    path = sqlite_path(database_url)
    return path is not None and not path.exists()


def _known_revisions() -> frozenset[str]:
    """Those that this version has scripts for, without importing Alembic: names begin with them."""
    scripts = (_scripts() / "versions").glob("[0-9]*_*.py")
    return frozenset(script.name.partition("_")[0] for script in scripts)


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
