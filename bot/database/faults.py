"""The one place where faults of the database become the domain's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from bot.domain.errors import LogUnavailableError


@contextmanager
def as_log_unavailable() -> Iterator[None]:
    """Run the block; a fault of SQLAlchemy, its driver or the connection becomes ours.

    Raises:
        LogUnavailableError: the database did not do what was asked.
    """
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise LogUnavailableError(f"the database failed: {type(error).__name__}") from error
