"""SQLite finds entries of a call, a person or a freeze by an index; it does not read the chain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from bot.database.audit_pages import read_page
from bot.database.engine import migration_engine
from bot.database.queries import read_ending, read_freeze
from bot.domain.audit import MAIN_CHAIN, Action, Event
from bot.domain.audit_log import AuditQuery
from tests.contract.database.drafts import ACCOUNT, CALL

READS_WHOLE_CHAIN = ("SCAN audit_", "audit_entries USING PRIMARY KEY (chain_id=?)")


def plan_of(database: Path, ask: Callable[[Connection], object]) -> list[str]:
    """The steps that SQLite takes for every statement of the question."""
    engine = migration_engine(f"sqlite:///{database}")
    asked: list[tuple[str, tuple[object, ...]]] = []
    with engine.connect() as connection:

        @event.listens_for(connection, "before_cursor_execute")
        def note(*told: object) -> None:
            _connection, _cursor, statement, parameters, *_ = told
            asked.append((str(statement), tuple(parameters)))  # type: ignore[arg-type]

        ask(connection)
        statements = list(asked)
        return [
            step.detail
            for statement, parameters in statements
            if statement.startswith("SELECT")
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda it: read_freeze(it, MAIN_CHAIN), id="freeze"),
        pytest.param(lambda it: read_ending(it, MAIN_CHAIN, ACCOUNT, CALL), id="ending"),
    ],
)
def test_accept_does_not_read_the_whole_chain(
    sqlite_template: Path, ask: Callable[[Connection], object]
) -> None:
    """Were it so, every change would take longer with every entry."""
    steps = plan_of(sqlite_template, ask)

    assert steps
    assert not [step for step in steps if any(bad in step for bad in READS_WHOLE_CHAIN)]


@pytest.mark.parametrize(
    "query",
    [
        AuditQuery(by_user_id="U0ANA"),
        AuditQuery(call_sid=CALL),
        AuditQuery(action=Action.FREEZE),
        AuditQuery(outcome=Event.FAILED),
        AuditQuery(from_number="+14155550123"),
        AuditQuery(to_number="+4420*"),
    ],
    ids=["person", "call", "action", "outcome", "number", "prefix"],
)
def test_filters_of_the_log_use_an_index(sqlite_template: Path, query: AuditQuery) -> None:
    steps = plan_of(sqlite_template, lambda connection: read_page(connection, MAIN_CHAIN, query))

    assert steps
    assert not [step for step in steps if any(bad in step for bad in READS_WHOLE_CHAIN)]
