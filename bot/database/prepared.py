"""Statements that are compiled once and then given to the driver as they are.

A person waits while a change is accepted, and SQLAlchemy needs longer to make a known statement
ready than the database to run it. What is seldom run goes without this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Table, UpdateBase, bindparam, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

from bot.database.faults import UnexpectedAnswerError, as_log_unavailable, is_of_standby

# Source: https://www.postgresql.org/docs/17/release-17.html
FIRST_WITH_TRANSACTION_TIMEOUT = 170_000
Values = Mapping[str, Any]


class Prepared:
    """One statement, run by the driver's own cursor.

    The transaction must have begun, since SQLAlchemy does not see what is run here. Every method
    raises LogUnavailableError where the database does not do it.
    """

    def __init__(self, statement: UpdateBase | Select[Any]) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: Connection, values: Values) -> int:
        """Run it; how many rows it changed."""
        with _driver_faults(connection):
            cursor = connection.connection.cursor()
            self.execute(cursor, connection.dialect, values)
            return cursor.rowcount

    def first(self, connection: Connection, values: Values) -> Any:
        """The first row that it finds for these values, if any."""
        with _driver_faults(connection), _pipeline(connection):
            cursor = connection.connection.cursor()
            self.execute(cursor, connection.dialect, values)
            return cursor.fetchone()

    def execute(self, cursor: DBAPICursor, dialect: Dialect, values: Values) -> None:
        """Give it to the driver, whose faults are the caller's."""
        if dialect.name not in self._compiled:
            self._compiled[dialect.name] = _Compiled(self._statement, dialect)
        compiled = self._compiled[dialect.name]
        cursor.execute(compiled.sql, compiled.parameters(values))


class Step(NamedTuple):
    """One statement of several that run together, and what its answer must be, if that matters."""

    statement: Prepared
    values: Values
    is_expected: Callable[[DBAPICursor], bool] | None = None

    def check(self, answer: DBAPICursor) -> None:
        """Return where the answer is as expected.

        Raises:
            UnexpectedAnswerError: it is another.
        """
        if self.is_expected is not None and not self.is_expected(answer):
            raise UnexpectedAnswerError("The database did not answer as it nearly always does")


def run_together(connection: Connection, steps: Iterable[Step]) -> None:
    """Run the steps in their order; in a pipeline the answers are read when all have been sent.

    Raises:
        UnexpectedAnswerError: one of them was not as expected, or a row is there already.
        LogUnavailableError: the database did not do all of it.
    """
    unread = []
    with _driver_faults(connection):
        shared = connection.connection.cursor()
        with _pipeline(connection) as pipeline:
            for step in steps:
                is_read_later = pipeline is not None and step.is_expected is not None
                cursor = connection.connection.cursor() if is_read_later else shared
                step.statement.execute(cursor, connection.dialect, step.values)
                if is_read_later:
                    unread.append((step, cursor))
                else:
                    step.check(cursor)
        for step, cursor in unread:
            step.check(cursor)


def _pipeline(connection: Connection) -> AbstractContextManager[object]:
    """What lets the driver send on without waiting for each answer: that of PostgreSQL can.

    Who is paused between sending and waiting is not idle to the server, which only a bound to the
    whole transaction ends; servers before 17 have none.
    """
    if connection.dialect.driver != "psycopg":
        return nullcontext()
    driver: Any = connection.connection.driver_connection
    can_bound = driver.info.server_version >= FIRST_WITH_TRANSACTION_TIMEOUT
    return driver.pipeline() if can_bound else nullcontext()


def prepared_insert(table: Table) -> Prepared:
    """One row of the table; the database fills the columns that it counts or computes itself."""
    values = {
        column: bindparam(column.name, type_=column.type)
        for column in table.columns
        if column.computed is None and column is not table.autoincrement_column
    }
    return Prepared(insert(table).values(values))


class _Compiled:
    """The statement in the words of one database, and its parameters in the driver's form."""

    def __init__(self, statement: UpdateBase | Select[Any], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._order = compiled.positiontup
        self._fixed = {
            name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required
        }
        self._processors = {
            name: processor
            for name, bind in compiled.binds.items()
            if (processor := bind.type.dialect_impl(dialect).bind_processor(dialect))
        }

    def parameters(self, values: Values) -> Any:
        """These values and the statement's own, in order where the driver takes no names."""
        given = {**self._fixed, **values}
        for name, processor in self._processors.items():
            given[name] = processor(given[name])
        return given if self._order is None else [given[name] for name in self._order]


@contextmanager
def _driver_faults(connection: Connection) -> Iterator[None]:
    """Make of the driver's faults what SQLAlchemy would, and of those ours.

    A connection to a standby is not kept: SQLAlchemy, which would see to that, sees nothing of it.
    """
    dialect = connection.dialect
    base = dialect.loaded_dbapi.Error
    with as_log_unavailable():
        try:
            yield
        except dialect.loaded_dbapi.IntegrityError as fault:
            raise UnexpectedAnswerError("The database refused a row") from fault
        except base as fault:
            if is_of_standby(fault):
                connection.invalidate(fault)
            raise DBAPIError.instance(
                None, None, fault, base, hide_parameters=True, dialect=dialect
            ) from fault
