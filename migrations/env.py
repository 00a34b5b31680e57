"""Runs migrations on the connection that the caller hands over, else on DATABASE_URL's."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection, Engine, inspect, text

from bot.database.engine import migration_engine
from bot.database.tables import metadata
from bot.database.triggers import assert_triggers

# Replicas that start at once migrate one after the other. Any number does, if it never changes.
MIGRATION_LOCK = 7_265_001


def migrate(connection: Connection) -> None:
    """Run what was asked for in one transaction, and see that the log is still protected."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        compare_type=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        context.run_migrations()
        if inspect(connection).has_table("audit_entries"):
            assert_triggers(connection, applied_revisions())


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
