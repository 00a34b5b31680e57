"""The time that all processes on one database go by."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from bot.database.engine import ThreadedEngine
from bot.database.faults import as_log_unavailable


async def read_shared_time(engine: ThreadedEngine) -> datetime | None:
    """PostgreSQL's time; None on SQLite, whose processes share the clock of their machine.

    Raises:
        LogUnavailableError: the database does not answer.
    """
    if engine.engine.dialect.name == "sqlite":
        return None

    def ask() -> datetime | None:
        with as_log_unavailable(), engine.engine.connect() as connection:
            moment: datetime | None = connection.scalar(text("SELECT clock_timestamp()"))
            return moment

    return await engine.run(ask)
