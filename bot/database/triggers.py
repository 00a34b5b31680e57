"""The triggers that keep the log insert-only: what they are, and whether they are there.

Each migration creates its own from here, and what it has created is frozen with it: a later one
that changes a trigger gives it another name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, text

from bot.domain.errors import HookflashError

LOG_TABLES = ("audit_entries", "audit_heads", "audit_personal")
PROTECTED_TABLES = (*LOG_TABLES, "audit_checkpoints")


class LogUnprotectedError(HookflashError):
    """Triggers that keep the log insert-only are missing, disabled or changed."""

    advice = "Restore a backup of the database."

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem} {self.advice}")
        self.problem = problem


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
_NOT_REDACTED = (
    "NOT EXISTS (SELECT 1 FROM audit_entries WHERE chain_id = OLD.chain_id "
    "AND seq = (SELECT max(seq) FROM audit_entries WHERE chain_id = OLD.chain_id) "
    "AND event = 'redacted' AND OLD.seq < seq AND OLD.seq BETWEEN "
    "json_extract(details, '$.first_seq') AND json_extract(details, '$.last_seq') "
    "AND OLD.field IN (SELECT value FROM json_each(details, '$.fields')))"
)
_SQLITE_OF_0001 = (
    _sqlite_insert_once("audit_entries", "chain_id", "seq"),
    _SqliteTrigger("audit_entries", "no_update", "UPDATE", "", "a row stays as it is"),
    _SqliteTrigger("audit_entries", "no_delete", "DELETE", "", "a row is never deleted"),
    _sqlite_insert_once("audit_heads", "chain_id"),
    _SqliteTrigger("audit_heads", "only_forward", "UPDATE", _BACKWARDS, "a head moves forward"),
    _SqliteTrigger("audit_heads", "no_delete", "DELETE", "", "a row is never deleted"),
    _sqlite_insert_once("audit_personal", "chain_id", "seq", "field"),
    _SqliteTrigger("audit_personal", "no_update", "UPDATE", "", "a row stays as it is"),
)
_SQLITE_OF_0002 = (
    _sqlite_insert_once("audit_checkpoints", "chain_id", "seq", "next_public_key"),
    _SqliteTrigger("audit_checkpoints", "no_update", "UPDATE", "", "a row stays as it is"),
    _SqliteTrigger("audit_checkpoints", "no_delete", "DELETE", "", "a row is never deleted"),
)
_SQLITE_OF_0005 = (
    _SqliteTrigger(
        "audit_personal",
        "only_redacted",
        "DELETE",
        _NOT_REDACTED,
        "only what the newest entry redacts is deleted",
    ),
)
# Whoever may insert could else give an entry any number that is free, and what goes by the last
# number would take it for the end.
_FOLLOWS_NONE = (
    "NEW.seq <> 1 AND NOT EXISTS (SELECT 1 FROM audit_entries "
    "WHERE chain_id = NEW.chain_id AND seq = NEW.seq - 1)"
)
_SQLITE_OF_0009 = (
    _SqliteTrigger(
        "audit_entries", "in_order", "INSERT", _FOLLOWS_NONE, "an entry follows another"
    ),
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
# The schema is named, since a temporary table of the same name would be found first.
_ONLY_REDACTED = _PostgresFunction(
    "audit_only_redacted",
    """
DECLARE
  of_chain text;
  allowed jsonb;
BEGIN
  FOR of_chain IN SELECT DISTINCT chain_id FROM gone LOOP
    EXECUTE format(
      'SELECT CAST(details AS jsonb) || jsonb_build_object(''seq'', seq, ''event'', event)
       FROM %I.audit_entries WHERE chain_id = $1 ORDER BY seq DESC LIMIT 1', TG_TABLE_SCHEMA
    ) INTO allowed USING of_chain;
    IF EXISTS (
      SELECT FROM gone WHERE chain_id = of_chain AND (
        allowed ->> 'event' = 'redacted'
        AND seq < CAST(allowed ->> 'seq' AS bigint)
        AND seq >= CAST(allowed ->> 'first_seq' AS bigint)
        AND seq <= CAST(allowed ->> 'last_seq' AS bigint)
        AND allowed -> 'fields' ? field
      ) IS NOT TRUE
    ) THEN
      RAISE EXCEPTION '%: only what the newest entry redacts is deleted', TG_TABLE_NAME;
    END IF;
  END LOOP;
  RETURN NULL;
END
""",
)
# A temporary table of the same name has another oid. To name the schema takes a statement that is
# planned anew for each entry.
_IN_ORDER = _PostgresFunction(
    "audit_in_order",
    """
BEGIN
  IF NEW.seq <> 1 AND NOT EXISTS (
    SELECT FROM audit_entries
    WHERE chain_id = NEW.chain_id AND seq = NEW.seq - 1 AND tableoid = TG_RELID
  ) THEN
    RAISE EXCEPTION '%: an entry follows another', TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END
""",
)

# Source: https://www.postgresql.org/docs/current/catalog-pg-trigger.html and pg_trigger.h.
_TRIGGER_TYPE_BITS = {
    "ROW": 1,
    "BEFORE": 2,
    "INSERT": 4,
    "DELETE": 8,
    "UPDATE": 16,
    "TRUNCATE": 32,
}


@dataclass(frozen=True, slots=True)
class _PostgresTrigger:
    """An INSERT on an existing row is refused by the key, its ON CONFLICT by the UPDATE trigger.

    One that comes AFTER is shown the rows that are `gone`.
    """

    table: str
    rule: str
    events: tuple[str, ...]
    level: str
    function: _PostgresFunction
    timing: str = "BEFORE"

    @property
    def name(self) -> str:
        return f"{self.table}_{self.rule}"

    @property
    def statements(self) -> tuple[str, str]:
        """ENABLE ALWAYS keeps it on for sessions that play a replica."""
        shown = "REFERENCING OLD TABLE AS gone " if self.timing == "AFTER" else ""
        create = (
            f"CREATE TRIGGER {self.name} {self.timing} {' OR '.join(self.events)} ON {self.table} "
            f"{shown}FOR EACH {self.level} EXECUTE FUNCTION {self.function.name}()"
        )
        return create, f"ALTER TABLE {self.table} ENABLE ALWAYS TRIGGER {self.name}"

    @property
    def type_bits(self) -> int:
        names = {self.timing, self.level, *self.events}
        return sum(bit for name, bit in _TRIGGER_TYPE_BITS.items() if name in names)


_POSTGRES_OF_0001 = (
    _PostgresTrigger(
        "audit_entries", "insert_only", ("UPDATE", "DELETE", "TRUNCATE"), "STATEMENT", _REFUSE
    ),
    _PostgresTrigger("audit_heads", "never_gone", ("DELETE", "TRUNCATE"), "STATEMENT", _REFUSE),
    _PostgresTrigger("audit_heads", "only_forward", ("UPDATE",), "ROW", _ONLY_FORWARD),
    _PostgresTrigger("audit_personal", "no_update", ("UPDATE", "TRUNCATE"), "STATEMENT", _REFUSE),
)
_POSTGRES_OF_0002 = (
    _PostgresTrigger(
        "audit_checkpoints", "insert_only", ("UPDATE", "DELETE", "TRUNCATE"), "STATEMENT", _REFUSE
    ),
)
_POSTGRES_OF_0005 = (
    _PostgresTrigger(
        "audit_personal", "only_redacted", ("DELETE",), "STATEMENT", _ONLY_REDACTED, "AFTER"
    ),
)
_POSTGRES_OF_0009 = (_PostgresTrigger("audit_entries", "in_order", ("INSERT",), "ROW", _IN_ORDER),)

# By the migration that creates them.
_SQLITE = {
    "0001": _SQLITE_OF_0001,
    "0002": _SQLITE_OF_0002,
    "0005": _SQLITE_OF_0005,
    "0009": _SQLITE_OF_0009,
}
_POSTGRES = {
    "0001": _POSTGRES_OF_0001,
    "0002": _POSTGRES_OF_0002,
    "0005": _POSTGRES_OF_0005,
    "0009": _POSTGRES_OF_0009,
}
_POSTGRES_FUNCTIONS = {
    "0001": (_REFUSE, _ONLY_FORWARD),
    "0002": (),
    "0005": (_ONLY_REDACTED,),
    "0009": (_IN_ORDER,),
}


def create_statements(dialect: str, revision: str) -> Iterator[str]:
    """The DDL of a migration's triggers on *dialect* (`sqlite` or `postgresql`)."""
    if dialect == "sqlite":
        yield from (trigger.statement for trigger in _SQLITE[revision])
        return
    yield from (function.statement for function in _POSTGRES_FUNCTIONS[revision])
    for trigger in _POSTGRES[revision]:
        yield from trigger.statements


def drop_statements(dialect: str, revision: str) -> Iterator[str]:
    """The DDL that takes a migration's triggers off tables that stay."""
    if dialect == "sqlite":
        yield from (f"DROP TRIGGER {trigger.name}" for trigger in _SQLITE[revision])
        return
    for trigger in _POSTGRES[revision]:
        yield f"DROP TRIGGER {trigger.name} ON {trigger.table}"
    yield from drop_functions(dialect, revision)


def drop_functions(dialect: str, revision: str) -> Iterator[str]:
    """The DDL for what is left of a migration's triggers after their tables have been dropped."""
    if dialect != "sqlite":
        yield from (f"DROP FUNCTION {one.name}()" for one in _POSTGRES_FUNCTIONS[revision])


def assert_triggers(connection: Connection, revisions: Collection[str] = tuple(_SQLITE)) -> None:
    """Return when every trigger of these migrations is there, enabled and as it was created.

    Raises:
        LogUnprotectedError: one is not.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    wanted = _wanted_on_sqlite(revisions) if is_sqlite else _wanted_on_postgres(revisions)
    found = _found_on_sqlite(connection) if is_sqlite else _found_on_postgres(connection)
    wrong = sorted(name for name, form in wanted.items() if found.get(name) != form)
    if wrong:
        raise LogUnprotectedError(
            "The audit log is not protected: these triggers are missing, disabled or changed: "
            f"{', '.join(wrong)}."
        )


def _wanted_on_sqlite(revisions: Collection[str]) -> dict[str, tuple[object, ...]]:
    return {
        trigger.name: (trigger.table, trigger.statement)
        for revision, triggers in _SQLITE.items()
        if revision in revisions
        for trigger in triggers
    }


def _found_on_sqlite(connection: Connection) -> dict[str, tuple[object, ...]]:
    rows = connection.execute(
        text("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
    )
    return {name: (table, sql) for name, table, sql in rows}


def _wanted_on_postgres(revisions: Collection[str]) -> dict[str, tuple[object, ...]]:
    return {
        trigger.name: (trigger.table, trigger.type_bits, "A", trigger.function.body)
        for revision, triggers in _POSTGRES.items()
        if revision in revisions
        for trigger in triggers
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
