"""Entries of a call, a person or a freeze are found by an index; nothing reads the whole chain."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, event, text

from bot.database.audit_conditions import Terms
from bot.database.audit_pages import read_page
from bot.database.audit_people import read_people
from bot.database.audit_runs import begin_export, read_export, read_news, read_outside
from bot.database.engine import open_database
from bot.database.ledger import SqlLedger
from bot.database.queries import read_ending, read_freeze, read_last_of_surfaces
from bot.domain.audit import EMPTY_HEAD, MAIN_CHAIN, Action, Event
from bot.domain.audit_log import AuditQuery
from tests.contract.database.drafts import ACCOUNT, CALL, append, draft

Ask = Callable[[Connection], object]

READS_WHOLE_CHAIN = (
    "SCAN audit_",
    "USING PRIMARY KEY (chain_id=?)",
    "Seq Scan on audit_",
    "Disabled: true",
)
JANUARY, MARCH = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
QUERIES = {
    "everything": AuditQuery(),
    "older": AuditQuery(before_seq=7),
    "person": AuditQuery(by_user_id="U0ANA"),
    "call": AuditQuery(call_sid=CALL),
    "channel": AuditQuery(channel_id="C1"),
    "request": AuditQuery(request_id="r1"),
    "action": AuditQuery(action=Action.FREEZE),
    "outcome": AuditQuery(outcome=Event.FAILED),
    "number": AuditQuery(from_number="+14155550123"),
    "beginning": AuditQuery(to_number="+4420*"),
    "either end": AuditQuery(number="+14155550123"),
    "beginning of either": AuditQuery(number="+4420*"),
    "words": AuditQuery(words="card fraud", since=JANUARY),
    "since": AuditQuery(since=JANUARY),
    "until": AuditQuery(until=MARCH),
    "person and outcome": AuditQuery(by_user_id="U0ANA", outcome=Event.FAILED),
    "numbers, outcome and time": AuditQuery(
        from_number="+44*", to_number="+1*", outcome=Event.FAILED, since=JANUARY, until=MARCH
    ),
    "all": AuditQuery(
        by_user_id="U0ANA",
        channel_id="C1",
        action=Action.HANG_UP,
        number="+44*",
        words="fraud",
        outcome=Event.FAILED,
        since=JANUARY,
        until=MARCH,
    ),
}


@pytest.fixture
async def connection(database_url: str, ledger: SqlLedger) -> AsyncIterator[Connection]:
    """A reader of a log with a few entries, which PostgreSQL takes for as long as one of many."""
    await append(ledger, *(draft() for _ in range(3)))
    database = open_database(database_url)
    with database.reader.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            for way in ("seqscan", "bitmapscan"):
                connection.execute(text(f"SET enable_{way} = off"))
            # To make the statements of so many questions may take a busy machine seconds.
            connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
        yield connection
    await database.close()


def steps_of(connection: Connection, ask: Ask) -> list[str]:
    """The steps that the database takes for every statement of the question."""
    asked: list[tuple[str, object]] = []

    @event.listens_for(connection, "before_cursor_execute")
    def note(*told: object) -> None:
        _connection, _cursor, statement, parameters, *_ = told
        asked.append((str(statement), parameters))

    ask(connection)
    how = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    return [
        str(step[-1])
        for statement, parameters in list(asked)
        for step in connection.exec_driver_sql(f"{how} {statement}", parameters)  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda it: read_freeze(it, MAIN_CHAIN), id="freeze"),
        pytest.param(lambda it: read_ending(it, MAIN_CHAIN, ACCOUNT, CALL), id="ending"),
        pytest.param(lambda it: read_last_of_surfaces(it, MAIN_CHAIN, after_seq=2), id="surfaces"),
        pytest.param(lambda it: read_people(it, MAIN_CHAIN), id="people"),
    ],
)
def test_a_question_of_everyday_does_not_read_the_whole_chain(
    connection: Connection, ask: Ask
) -> None:
    """Were it so, every change would take longer with every entry."""
    assert_uses_indexes(steps_of(connection, ask))


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_pages_and_runs_of_the_log_use_an_index(connection: Connection, query: AuditQuery) -> None:
    def ask(it: Connection) -> None:
        read_page(it, MAIN_CHAIN, query)
        read_news(it, MAIN_CHAIN, query, EMPTY_HEAD)
        terms = begin_export(it, MAIN_CHAIN, query)
        whole = terms or Terms(chain_id=MAIN_CHAIN, query=query, first=1, last=3, known=3)
        read_export(it, whole, 0)
        read_outside(it, whole, 0)

    assert_uses_indexes(steps_of(connection, ask))


def assert_uses_indexes(steps: list[str]) -> None:
    """No step goes through all entries; of heads there is one for each chain."""
    of_entries = [step for step in steps if "audit_heads" not in step]
    assert of_entries
    assert not [step for step in of_entries if any(bad in step for bad in READS_WHOLE_CHAIN)]
