"""The writing side of the log: one writer, whose commits are shared by units of work that meet."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from threading import Lock
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, NestedTransaction

from bot.application.ports import Clock, LedgerTransaction
from bot.database.engine import ThreadedEngine
from bot.database.faults import as_log_unavailable
from bot.database.transaction import SqlLedgerTransaction, lock_head
from bot.domain.errors import LogUnavailableError

T = TypeVar("T")

MOST_UNITS_TOGETHER = 100
# A commit on its way cannot be called back; who would give up then waits this long for its end.
COMMIT_GRACE_S = 0.5


@dataclass(slots=True, eq=False)
class _Unit:
    """One unit of work and the future that its waiter looks at.

    The future belongs to the event loop, `result` and `fault` to the writer's thread. Which of them
    is first, the waiter who gives up or the thread that commits, is decided under a lock.
    """

    work: Callable[[LedgerTransaction], Awaitable[Any]]
    context: Context = field(default_factory=copy_context)
    outcome: asyncio.Future[Any] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    is_given_up: bool = False
    is_committing: bool = False
    result: Any = None
    fault: Exception | None = None
    _deciding: Lock = field(default_factory=Lock)

    def begin_commit(self) -> bool:
        """Take it into the commit; False where its waiter has given up."""
        with self._deciding:
            self.is_committing = not self.is_given_up
            return self.is_committing

    def give_up(self) -> bool:
        """Leave it out of the commit; False where that is on its way."""
        with self._deciding:
            self.is_given_up = not self.is_committing
            return self.is_given_up

    def tell(self, fault: Exception | None) -> None:
        """Hand the result, or the fault, to a waiter who is still there."""
        if self.outcome.done():
            return
        if self.is_given_up:
            self.outcome.cancel()
        elif fault is not None:
            self.outcome.set_exception(fault)
        else:
            self.outcome.set_result(self.result)


class SqlLedger:
    """The one writer of this process to one chain. The engine stays its owner's to close."""

    def __init__(
        self,
        engine: ThreadedEngine,
        *,
        chain_id: str,
        clock: Clock,
        salt_source: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._engine = engine
        self._chain_id = chain_id
        self._clock = clock
        self._salt_source = salt_source
        self._waiting: deque[_Unit] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._is_closed = False

    async def write(self, work: Callable[[LedgerTransaction], Awaitable[T]]) -> T:
        """Run *work* in one transaction and return its result once that is durable.

        It runs in the writer's thread, and may await nothing but the transaction. A waiter that is
        cancelled before the commit has begun leaves no trace; one that is cancelled later gets the
        result all the same, if it comes within COMMIT_GRACE_S.

        Raises:
            LogUnavailableError: the database does not answer.
        """
        if self._is_closed:
            raise LogUnavailableError("the log is closed")
        unit = _Unit(work)
        self._waiting.append(unit)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_waiting(), name="ledger writer")
        result: T = await _outcome_of(unit)
        return result

    async def close(self) -> None:
        """Take no more work and wait for what has been taken."""
        self._is_closed = True
        if self._writer is not None:
            await asyncio.wait({self._writer})

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                many = min(len(self._waiting), MOST_UNITS_TOGETHER)
                await self._write_together([self._waiting.popleft() for _ in range(many)])
        finally:
            self._writer = None
            _tell_all(self._waiting, "the writer of the log has stopped")

    async def _write_together(self, units: Sequence[_Unit]) -> None:
        """Bring the units to their end: run them again, without those whose waiter has given up."""
        try:
            is_ended = False
            while not is_ended:
                units = [unit for unit in units if not unit.is_given_up]
                is_ended = not units or await self._attempt(units)
        except LogUnavailableError as error:
            _tell_all(units, str(error), cause=error)
        finally:
            _tell_all(units, "the writer of the log has stopped")

    async def _attempt(self, units: Sequence[_Unit]) -> bool:
        """Run the units in one transaction; False where it was rolled back to leave some out."""
        attempt = _Attempt(
            self._engine.engine,
            chain_id=self._chain_id,
            clock=self._clock,
            salt_source=self._salt_source,
        )
        if not await self._engine.run(attempt.write, units):
            return False
        for unit in units:
            unit.tell(unit.fault)
        return True


class _Attempt:
    """One transaction of the writer. Its methods block; they run in the writer's thread."""

    def __init__(
        self,
        engine: Engine,
        *,
        chain_id: str,
        clock: Clock,
        salt_source: Callable[[int], bytes],
    ) -> None:
        self._engine = engine
        self._chain_id = chain_id
        self._clock = clock
        self._salt_source = salt_source

    def write(self, units: Sequence[_Unit]) -> bool:
        """Run every unit and make it durable; False, and no trace, where a waiter gave up."""
        with as_log_unavailable(), self._engine.connect() as connection:
            connection.begin()
            transaction = SqlLedgerTransaction(
                connection,
                chain_id=self._chain_id,
                head=lock_head(connection, self._chain_id),
                clock=self._clock,
                salt_source=self._salt_source,
            )
            # A unit that is alone needs no savepoint: its part is the whole transaction.
            savepoint = connection.begin_nested if len(units) > 1 else _no_savepoint
            for unit in units:
                with _Part(unit, transaction, savepoint()):
                    unit.result = unit.context.run(_run_at_once, unit.work(transaction))
            transaction.move_head()
            return _commit(connection, units)


def _commit(connection: Connection, units: Sequence[_Unit]) -> bool:
    """Commit what the sound units did; False where the waiter of any unit has given up."""
    sound = [unit for unit in units if unit.fault is None]
    if any(unit.is_given_up for unit in units) or not all(unit.begin_commit() for unit in sound):
        for unit in units:
            unit.is_committing = False
        return False
    if sound:
        connection.commit()
    return True


def _no_savepoint() -> None:
    return None


class _Part:
    """One unit's part of a transaction: what it raises undoes this part, and is kept for it."""

    def __init__(
        self, unit: _Unit, transaction: SqlLedgerTransaction, savepoint: NestedTransaction | None
    ) -> None:
        self._unit = unit
        self._transaction = transaction
        self._savepoint = savepoint
        self._head = transaction.head

    def __enter__(self) -> None:
        self._unit.fault = None

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        fault: BaseException | None,
        _traceback: TracebackType | None,
    ) -> bool:
        if fault is None:
            if self._savepoint is not None:
                self._savepoint.commit()
            return False
        if self._savepoint is not None:
            self._savepoint.rollback()
        self._transaction.head = self._head
        if isinstance(fault, Exception):
            self._unit.fault = fault
            return True
        return False


def _run_at_once(work: Awaitable[T]) -> T:
    """The result of work that has nothing to wait for, since its transaction answers at once.

    Raises:
        RuntimeError: it awaited something else.
    """
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as end:
        result: T = end.value
        return result
    raise RuntimeError("A unit of work may await nothing but its transaction.")


async def _outcome_of(unit: _Unit) -> Any:
    try:
        return await asyncio.shield(unit.outcome)
    except asyncio.CancelledError:
        if not unit.give_up():
            await asyncio.wait({unit.outcome}, timeout=COMMIT_GRACE_S)
            if unit.outcome.done():
                return unit.outcome.result()
            unit.is_given_up = True
        raise


def _tell_all(units: Iterable[_Unit], problem: str, *, cause: Exception | None = None) -> None:
    """Tell every waiter who has not been told anything yet that the log is not available."""
    for unit in units:
        fault = LogUnavailableError(problem)
        fault.__cause__ = cause
        unit.tell(fault)
