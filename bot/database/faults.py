"""The one place where faults of the database become the domain's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

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
        raise LogUnavailableError(f"The database failed: {_in_words(error)}") from error


def _in_words(error: SQLAlchemyError | OSError) -> str:
    """What the driver says of a lost or refused connection; of data it may say too much."""
    if isinstance(error, OperationalError | InterfaceError):
        return str(error.orig).strip().partition("\n")[0]
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return type(error).__name__
