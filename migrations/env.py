"""Runs migrations on the connection that the caller hands over, else on DATABASE_URL's."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from sqlalchemy import Connection, Engine, inspect, text

from bot.database.engine import migration_engine
from bot.database.tables import metadata
from bot.database.triggers import assert_triggers

# Replicas that start at once migrate one after the other. Any number does, if it never changes.
MIGRATION_LOCK = 7_265_001
TRY_EVERY_S = 0.1


def migrate(connection: Connection) -> None:
    """Run what was asked for, and see that the log is still protected."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        compare_type=True,
        transactional_ddl=True,
    )
    with _alone(connection), context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        context.run_migrations()
        if inspect(connection).has_table("audit_entries"):
            assert_triggers(connection, applied_revisions())


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Keep other migrations waiting, also while one of this run commits in between.

    They wait outside a transaction: an index that is made beside the bot waits for every
    transaction, and both would wait for each other.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    while not connection.scalar(text(f"SELECT pg_try_advisory_lock({MIGRATION_LOCK})")):
        connection.commit()
        time.sleep(TRY_EVERY_S)
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text(f"SELECT pg_advisory_unlock({MIGRATION_LOCK})"))
        connection.commit()


def applied_revisions() -> set[str]:
    """The migrations that the database has now."""
    heads = context.get_context().get_current_heads()
    return {script.revision for script in context.script.iterate_revisions(heads, "base")}


def run() -> None:
    """Find the connection and migrate."""
    if context.is_offline_mode():
        raise SystemExit("Migrations look at the data, so they cannot be written out as SQL.")
    given = context.config.attributes.get("connection")
    if isinstance(given, Connection):
        migrate(given)
        return
    engine = given if isinstance(given, Engine) else migration_engine(os.environ["DATABASE_URL"])
    with engine.connect() as connection:
        migrate(connection)
    if given is None:
        engine.dispose()


run()
