"""Database URLs as people write them, turned into what the drivers need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.errors import HookflashError

if TYPE_CHECKING:
    from sqlalchemy import URL

SQLITE = "sqlite"
EXAMPLE = "sqlite:///hookflash.db or postgresql://user:password@host:5432/hookflash"
_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",  # Heroku's spelling
}


class DatabaseUrlError(HookflashError, ValueError):
    """The URL cannot be used; the message is a sentence and never repeats the URL."""


def driver_url(text: str) -> URL:
    """The URL with its driver named. Options such as `sslmode` are kept.

    Raises:
        DatabaseUrlError: it is no URL of a database that Hookflash can use.
    """
    from sqlalchemy import make_url  # noqa: PLC0415 - the command line starts without SQLAlchemy
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415 - likewise

    try:
        url = make_url(text.strip())
    except (ArgumentError, ValueError) as error:
        raise DatabaseUrlError(f"The database URL is no URL. Example: {EXAMPLE}") from error
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise DatabaseUrlError(_problem_with_scheme(url.drivername))
    if driver.startswith(SQLITE):
        _check_sqlite(url)
    return url.set(drivername=driver)


def with_statement_timeout(text: str, *, timeout_ms: int) -> str:
    """The same URL for connections whose statements are given up; SQLite's give up by themselves.

    Raises:
        DatabaseUrlError: it is no URL of a database that Hookflash can use.
    """
    url = driver_url(text)
    if is_sqlite(url):
        return text
    given = url.normalized_query.get("options", ())
    options = " ".join([*given, f"-c statement_timeout={timeout_ms}"])
    bounded = url.update_query_dict({"options": options}).set(drivername="postgresql")
    return bounded.render_as_string(hide_password=False)


def is_sqlite(url: URL) -> bool:
    """Whether the URL names a file of SQLite."""
    return url.get_backend_name() == SQLITE


def _problem_with_scheme(scheme: str) -> str:
    plain, plus, _ = scheme.partition("+")
    if plus and plain in _DRIVERS:
        return f"Write the database URL without its driver: {plain}://, not {scheme}://."
    return f"Hookflash keeps its data in SQLite or PostgreSQL, not {scheme}. Example: {EXAMPLE}"


def _check_sqlite(url: URL) -> None:
    if url.host:
        raise DatabaseUrlError(
            "The URL of a SQLite file has three slashes, and four before an absolute path. "
            "Example: sqlite:///hookflash.db"
        )
    if url.database in (None, "", ":memory:") or "mode" in url.query:
        raise DatabaseUrlError(
            "The audit log must outlive the process: name a file. Example: sqlite:///hookflash.db"
        )
