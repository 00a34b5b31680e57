"""The migrations: one head, up and down on both databases, and the tables that the code expects."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from bot.database import migrate
from bot.database.checkpoints import SqlCheckpointStore
from bot.database.engine import Database, migration_engine
from bot.database.ledger import SqlLedger
from bot.database.tables import SCHEMA_REVISION, metadata
from bot.database.triggers import PROTECTED_TABLES, LogUnprotectedError
from bot.domain.audit import EMPTY_HEAD, MAIN_CHAIN
from bot.domain.errors import LogUnavailableError
from tests.contract.database.drafts import append, draft, drop_triggers, triggers_of
from tests.evidence.making import Notary
from tests.fixtures_database import administration

UPGRADE = (sys.executable, "-m", "bot", "db", "upgrade")


def run(what: str, database_url: str, *args: str) -> None:
    """Run one of Alembic's commands as `hookflash db` does."""
    engine = migration_engine(database_url)
    config = migrate.alembic_config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        getattr(command, what)(config, *args)
    engine.dispose()


def scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(migrate.alembic_config())


def tables_of(database_url: str) -> set[str]:
    with administration(database_url) as connection:
        return set(inspect(connection).get_table_names())


def test_there_is_one_newest_migration_and_the_code_names_it() -> None:
    assert scripts().get_heads() == [SCHEMA_REVISION]


def test_migrated_tables_are_those_of_the_code(empty_database_url: str) -> None:
    """Alembic would have nothing to add."""
    migrate.upgrade(empty_database_url)

    run("check", empty_database_url)


def test_migrations_go_up_and_down_and_up_again(empty_database_url: str) -> None:
    migrate.upgrade(empty_database_url)
    run("downgrade", empty_database_url, "base")
    assert tables_of(empty_database_url) == {"alembic_version"}

    migrate.upgrade(empty_database_url)

    assert tables_of(empty_database_url) == {*metadata.tables, "alembic_version"}
    assert migrate.check(empty_database_url).is_up_to_date


def test_each_migration_leaves_the_log_protected(empty_database_url: str) -> None:
    """Down one by one and up again; a missing trigger would stop either."""
    migrate.upgrade(empty_database_url)
    revisions = [script.revision for script in scripts().walk_revisions()]
    for revision in revisions[1:]:
        run("downgrade", empty_database_url, revision)
    for revision in reversed(revisions):
        run("upgrade", empty_database_url, revision)

    assert migrate.check(empty_database_url).is_up_to_date


async def test_a_log_that_is_not_empty_is_not_downgraded(
    database_url: str, ledger: SqlLedger
) -> None:
    await append(ledger, draft())

    with pytest.raises(RuntimeError, match="The audit log is not empty"):
        run("downgrade", database_url, "base")

    assert tables_of(database_url) == {*metadata.tables, "alembic_version"}
    assert migrate.check(database_url).is_up_to_date
    run("check", database_url)


async def test_checkpoints_are_not_downgraded_away(database_url: str, database: Database) -> None:
    store = SqlCheckpointStore(database, chain_id=MAIN_CHAIN)
    await store.add(Notary().sign(EMPTY_HEAD), after=None)

    with pytest.raises(RuntimeError, match="The log has checkpoints"):
        run("downgrade", database_url, "0001")

    assert await store.newest() is not None


@pytest.mark.parametrize("begins_at", [None, "0001"])
def test_replicas_that_start_at_once_migrate_once(
    empty_database_url: str, begins_at: str | None
) -> None:
    """One of them goes all the way, and the others find nothing left to do."""
    if begins_at is not None:
        run("upgrade", empty_database_url, begins_at)
    environ = {**os.environ, "DATABASE_URL": empty_database_url}
    replicas = [
        subprocess.Popen(UPGRADE, env=environ, stderr=subprocess.PIPE, text=True)  # noqa: S603 - ours
        for _ in range(3)
    ]

    told = [replica.communicate(timeout=60)[1] for replica in replicas]

    assert [replica.returncode for replica in replicas] == [0, 0, 0], told
    assert all(f"at revision {SCHEMA_REVISION}" in text for text in told)
    assert migrate.check(empty_database_url).is_up_to_date


def test_a_database_without_tables_is_told_from_one_that_is_up_to_date(
    empty_database_url: str, database_url: str
) -> None:
    assert migrate.current(empty_database_url).current is None
    assert migrate.current(database_url).current == SCHEMA_REVISION


@pytest.mark.parametrize("use", [migrate.check, migrate.prepare, migrate.upgrade])
@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "UPDATE alembic_version SET version_num = '9999'",
            "a newer one has migrated it. Run",
        ),
        ("DROP TABLE alembic_version", "no revision is noted, missing are: none. Restore"),
        ("DROP TABLE call_changes", "missing are: call_changes. Restore a backup"),
    ],
)
def test_tables_of_no_known_version_are_told_with_what_to_do_and_left_alone(
    database_url: str, use: Callable[[str], object], statement: str, told: str
) -> None:
    with administration(database_url) as connection:
        connection.exec_driver_sql(statement)
    before = tables_of(database_url)

    with pytest.raises(migrate.SchemaBrokenError, match=told):
        use(database_url)

    assert tables_of(database_url) == before


def test_looking_at_a_sqlite_file_that_is_not_there_makes_none(tmp_path: Path) -> None:
    state = migrate.current(f"sqlite:///{tmp_path / 'none.db'}")

    assert not state.is_up_to_date
    assert list(tmp_path.iterdir()) == []


def test_a_new_sqlite_file_is_its_owners_alone(tmp_path: Path) -> None:
    migrate.upgrade(f"sqlite:///{tmp_path / 'new.db'}")

    assert (tmp_path / "new.db").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_not_there_is_a_fault_of_ours(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailableError):
        migrate.upgrade(f"sqlite:///{tmp_path / 'no' / 'folder.db'}")


def test_a_url_with_percent_signs_can_be_migrated(tmp_path: Path) -> None:
    """Alembic reads its settings as an ini file, in which a percent sign means something else."""
    (tmp_path / "100%").mkdir()

    state = migrate.upgrade(f"sqlite:///{tmp_path}/100%25/new.db")

    assert state.is_up_to_date


@pytest.mark.parametrize("table", PROTECTED_TABLES)
def test_a_missing_trigger_is_named_by_the_check_and_by_the_next_migration(
    database_url: str, table: str
) -> None:
    with administration(database_url) as connection:
        names = triggers_of(connection, table)
        drop_triggers(connection, table)

    with pytest.raises(LogUnprotectedError, match=", ".join(names)):
        migrate.check(database_url)
    with pytest.raises(LogUnprotectedError, match=", ".join(names)):
        migrate.upgrade(database_url)
