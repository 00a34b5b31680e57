"""The triggers that keep the log insert-only: what they are, and whether they are there.

They are frozen with migration 0001, which creates them from here. A later migration that changes
one brings its own version of it and leaves these as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, text

from bot.domain.errors import HookflashError

PROTECTED_TABLES = ("audit_entries", "audit_heads", "audit_personal")


class LogUnprotectedError(HookflashError):
    """Triggers that keep the log insert-only are missing, disabled or changed."""


@dataclass(frozen=True, slots=True)
class _SqliteTrigger:
    """RAISE(ABORT) also stops INSERT OR REPLACE, which fires neither UPDATE nor DELETE triggers."""

    table: str
    rule: str
    event: str
    condition: str
    message: str

    @property
    def name(self) -> str:
        return f"{self.table}_{self.rule}"

    @property
    def statement(self) -> str:
        when = f" WHEN {self.condition}" if self.condition else ""
        return (
            f"CREATE TRIGGER {self.name} BEFORE {self.event} ON {self.table} FOR EACH ROW{when} "
            f"BEGIN SELECT RAISE(ABORT, '{self.table}: {self.message}'); END"
        )


def _sqlite_insert_once(table: str, *key: str) -> _SqliteTrigger:
    same = " AND ".join(f"{column} = NEW.{column}" for column in key)
    condition = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - names of our own
    return _SqliteTrigger(table, "insert_once", "INSERT", condition, "a row stays as it is")


_BACKWARDS = "NEW.chain_id <> OLD.chain_id OR NEW.seq <= OLD.seq"
_SQLITE = (
    _sqlite_insert_once("audit_entries", "chain_id", "seq"),
    _SqliteTrigger("audit_entries", "no_update", "UPDATE", "", "a row stays as it is"),
    _SqliteTrigger("audit_entries", "no_delete", "DELETE", "", "a row is never deleted"),
    _sqlite_insert_once("audit_heads", "chain_id"),
    _SqliteTrigger("audit_heads", "only_forward", "UPDATE", _BACKWARDS, "a head moves forward"),
    _SqliteTrigger("audit_heads", "no_delete", "DELETE", "", "a row is never deleted"),
    _sqlite_insert_once("audit_personal", "chain_id", "seq", "field"),
    _SqliteTrigger("audit_personal", "no_update", "UPDATE", "", "a row stays as it is"),
)


@dataclass(frozen=True, slots=True)
class _PostgresFunction:
    name: str
    body: str

    @property
    def statement(self) -> str:
        return (
            f"CREATE FUNCTION {self.name}() RETURNS trigger LANGUAGE plpgsql AS $body${self.body}"
            "$body$"
        )


_REFUSE = _PostgresFunction(
    "audit_refuse", " BEGIN RAISE EXCEPTION '%: % is refused', TG_TABLE_NAME, TG_OP; END "
)
_ONLY_FORWARD = _PostgresFunction(
    "audit_only_forward",
    f" BEGIN IF {_BACKWARDS} THEN RAISE EXCEPTION '%: a head moves forward', TG_TABLE_NAME; "
    "END IF; RETURN NEW; END ",
)

# Source: https://www.postgresql.org/docs/current/catalog-pg-trigger.html and pg_trigger.h.
_TRIGGER_TYPE_BITS = {"ROW": 1, "BEFORE": 2, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}


@dataclass(frozen=True, slots=True)
class _PostgresTrigger:
    """An INSERT on an existing row is refused by the key, its ON CONFLICT by the UPDATE trigger."""

    table: str
    rule: str
    events: tuple[str, ...]
    level: str
    function: _PostgresFunction

    @property
    def name(self) -> str:
        return f"{self.table}_{self.rule}"

    @property
    def statements(self) -> tuple[str, str]:
        """ENABLE ALWAYS keeps it on for sessions that play a replica."""
        create = (
            f"CREATE TRIGGER {self.name} BEFORE {' OR '.join(self.events)} ON {self.table} "
            f"FOR EACH {self.level} EXECUTE FUNCTION {self.function.name}()"
        )
        return create, f"ALTER TABLE {self.table} ENABLE ALWAYS TRIGGER {self.name}"

    @property
    def type_bits(self) -> int:
        names = {"BEFORE", self.level, *self.events}
        return sum(bit for name, bit in _TRIGGER_TYPE_BITS.items() if name in names)


_POSTGRES = (
    _PostgresTrigger(
        "audit_entries", "insert_only", ("UPDATE", "DELETE", "TRUNCATE"), "STATEMENT", _REFUSE
    ),
    _PostgresTrigger("audit_heads", "never_gone", ("DELETE", "TRUNCATE"), "STATEMENT", _REFUSE),
    _PostgresTrigger("audit_heads", "only_forward", ("UPDATE",), "ROW", _ONLY_FORWARD),
    _PostgresTrigger("audit_personal", "no_update", ("UPDATE", "TRUNCATE"), "STATEMENT", _REFUSE),
)


def create_statements(dialect: str) -> Iterator[str]:
    """The DDL that creates all triggers on *dialect* (`sqlite` or `postgresql`)."""
    if dialect == "sqlite":
        yield from (trigger.statement for trigger in _SQLITE)
        return
    yield from (_REFUSE.statement, _ONLY_FORWARD.statement)
    for trigger in _POSTGRES:
        yield from trigger.statements


def drop_statements(dialect: str) -> Iterator[str]:
    """The DDL for what is left of them after their tables have been dropped."""
    if dialect != "sqlite":
        yield from (f"DROP FUNCTION {one.name}()" for one in (_REFUSE, _ONLY_FORWARD))


def assert_triggers(connection: Connection) -> None:
    """Return when every trigger is there, enabled and as it was created.

    Raises:
        LogUnprotectedError: one is not.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    wanted = _wanted_on_sqlite() if is_sqlite else _wanted_on_postgres()
    found = _found_on_sqlite(connection) if is_sqlite else _found_on_postgres(connection)
    wrong = sorted(name for name, form in wanted.items() if found.get(name) != form)
    if wrong:
        raise LogUnprotectedError(
            "The audit log is not protected: these triggers are missing, disabled or changed: "
            f"{', '.join(wrong)}."
        )


def _wanted_on_sqlite() -> dict[str, tuple[object, ...]]:
    return {trigger.name: (trigger.table, trigger.statement) for trigger in _SQLITE}


def _found_on_sqlite(connection: Connection) -> dict[str, tuple[object, ...]]:
    rows = connection.execute(
        text("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
    )
    return {name: (table, sql) for name, table, sql in rows}


def _wanted_on_postgres() -> dict[str, tuple[object, ...]]:
    return {
        trigger.name: (trigger.table, trigger.type_bits, "A", trigger.function.body)
        for trigger in _POSTGRES
    }


def _found_on_postgres(connection: Connection) -> dict[str, tuple[object, ...]]:
    query = text(
        "SELECT t.tgname, c.relname, t.tgtype, t.tgenabled, p.prosrc "
        "FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
        "WHERE c.relname IN :tables AND pg_table_is_visible(c.oid) AND NOT t.tgisinternal"
    ).bindparams(bindparam("tables", PROTECTED_TABLES, expanding=True))
    return {
        name: (table, type_bits, enabled, source)
        for name, table, type_bits, enabled, source in connection.execute(query)
    }
