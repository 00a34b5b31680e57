"""The one place where faults of the database become the domain's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeGuard

from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)

from bot.domain.errors import CommitUnconfirmedError, LogUnavailableError

# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html: a right that is missing, a
# server or a session that only reads.
_ONLY_READS = "25006"
_OF_RIGHTS = ("42501", _ONLY_READS)
_OF_THE_FILE = ("SQLITE_NOTADB", "SQLITE_CORRUPT")
# The same page: of the connection, of a time that was over, of an operator who cancels or stops, of
# the system under the server, of the server itself. A commit may stand that was answered so; any
# other answer undoes it.
_LEAVES_DOUBT = ("08", "25P04", "57", "58", "XX")
# Source: https://www.sqlite.org/lang_transaction.html: the transaction is rolled back, or goes on.
_UNDONE = ("SQLITE_FULL", "SQLITE_BUSY")


class UnexpectedAnswerError(LogUnavailableError):
    """The database did not answer as it nearly always does, which was taken for granted."""


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


@contextmanager
def as_commit_unconfirmed() -> Iterator[None]:
    """Run a commit; where it fails and may stand all the same, that becomes our fault for it.

    Raises:
        CommitUnconfirmedError: the database fell silent, or its answer leaves doubt.
    """
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        if _is_surely_undone(error):
            raise
        raise CommitUnconfirmedError(f"The commit failed: {_in_words(error)}") from error


def _is_surely_undone(error: SQLAlchemyError | OSError) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else None
    state = getattr(cause, "sqlstate", None)
    if state:
        return not state.startswith(_LEAVES_DOUBT)
    return str(getattr(cause, "sqlite_errorname", "")).startswith(_UNDONE)


def is_of_standby(fault: BaseException) -> bool:
    """Whether the server only reads: after a failover another one may take what this one did."""
    return getattr(fault, "sqlstate", None) == _ONLY_READS


def _in_words(error: SQLAlchemyError | OSError) -> str:
    """What the driver says of a connection, rights or a file; of data it may say too much."""
    if isinstance(error, OperationalError | InterfaceError) or _is_of_the_place(error):
        return str(error.orig).strip().partition("\n")[0]
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return type(error).__name__


def _is_of_the_place(error: SQLAlchemyError | OSError) -> TypeGuard[DBAPIError]:
    return isinstance(error, DBAPIError) and (
        getattr(error.orig, "sqlstate", None) in _OF_RIGHTS
        or getattr(error.orig, "sqlite_errorname", None) in _OF_THE_FILE
        or _is_of_the_address(error)
    )


def _is_of_the_address(error: DBAPIError) -> bool:
    """Whether nothing was asked yet: the driver names an option that it does not know."""
    is_of_the_server = getattr(error.orig, "sqlstate", None) is not None
    return isinstance(error, ProgrammingError) and error.statement is None and not is_of_the_server
