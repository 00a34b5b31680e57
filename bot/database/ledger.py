"""The writing side of the log: one writer, whose commits are shared by units of work that meet."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from threading import Lock
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, NestedTransaction

from bot.application.ports import Clock, LedgerTransaction
from bot.database.engine import ThreadedEngine
from bot.database.faults import UnexpectedAnswerError, as_commit_unconfirmed, as_log_unavailable
from bot.database.statements import lock_head
from bot.database.transaction import SqlLedgerTransaction
from bot.domain.errors import CommitUnconfirmedError, LogUnavailableError

_log = logging.getLogger(__name__)

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
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    outcome: asyncio.Future[Any] = field(init=False)
    is_given_up: bool = False
    is_committing: bool = False
    is_ended: bool = False
    result: Any = None
    fault: Exception | None = None
    _deciding: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.outcome = self.loop.create_future()

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

    def leave(self) -> None:
        """Wait for it no longer."""
        self.give_up()
        self.outcome.cancel()

    def tell(self) -> None:
        """Hand the result, or the fault, to a waiter who is still there."""
        if self.outcome.done():
            return
        if not self.is_ended:
            self.outcome.set_exception(LogUnavailableError("the writer of the log has stopped"))
        elif self.fault is not None:
            self.outcome.set_exception(self.fault)
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
        self._writer = _Writer(
            engine.engine, chain_id=chain_id, clock=clock, salt_source=salt_source
        )
        self._waiting: list[_Unit] = []
        self._is_closed = False
        self._taking = Lock()
        self._is_about_to_run = False
        self._run: Future[None] | None = None

    async def write(
        self,
        work: Callable[[LedgerTransaction], Awaitable[T]],
        *,
        within_s: float | None = None,
    ) -> T:
        """Run *work* in one transaction and return its result once that is durable.

        It runs in the writer's thread, and may await nothing but the transaction. A waiter whose
        time is over, or who is cancelled, before the commit has begun leaves no trace. A commit
        that is on its way then is waited for COMMIT_GRACE_S longer, unless the waiter is cancelled.

        Raises:
            LogUnavailableError: the database did not take it in time, and never will.
            CommitUnconfirmedError: it did not say in time whether it took it.
        """
        if self._is_closed:
            raise LogUnavailableError("the log is closed")
        unit = _Unit(work)
        with self._taking:
            self._waiting.append(unit)
            is_idle = self._run is None or self._run.done()
            if is_idle and not self._is_about_to_run:
                # Who comes in the same moment is to share the commit. The thread would begin with
                # the first alone, and take the processor from those that are still on their way.
                self._is_about_to_run = True
                unit.loop.call_soon(self._start)
        result: T = await _outcome_of(unit, within_s)
        return result

    def _start(self) -> None:
        with self._taking:
            if self._is_about_to_run:
                self._is_about_to_run = False
                self._run = self._engine.start(self._write_waiting)
                self._run.add_done_callback(_report)

    async def close(self) -> None:
        """Take no more work and wait for what has been taken."""
        self._is_closed = True
        self._start()
        run = self._run
        if run is not None:
            await asyncio.wait({asyncio.wrap_future(run)})

    def _write_waiting(self) -> None:
        """Write until nobody waits. What comes meanwhile is written together."""
        while units := self._take():
            try:
                self._writer.write(units)
            finally:
                units[0].loop.call_soon_threadsafe(_tell_all, units)

    def _take(self) -> list[_Unit]:
        with self._taking:
            units = self._waiting[:MOST_UNITS_TOGETHER]
            del self._waiting[:MOST_UNITS_TOGETHER]
            if not units:
                self._run = None
            return units


class _TrustBrokenError(Exception):
    """A unit was told what is not so, or failed after it may have written without a savepoint."""


class _Writer:
    """Runs units of work in shared transactions. It blocks, so it runs in the writer's thread."""

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

    def write(self, units: Sequence[_Unit]) -> None:
        """Bring the units to their end: run them again, without those whose waiter has given up.

        Nearly always nothing stands in their way, and a unit that fails has only read. So every
        answer is waited for, and savepoints are made, once that has turned out to be otherwise.
        """
        is_trusting = True
        try:
            while units := [unit for unit in units if not unit.is_given_up]:
                try:
                    if self._attempt(units, is_trusting=is_trusting):
                        return
                except _TrustBrokenError:
                    is_trusting = False
        except LogUnavailableError as error:
            for unit in units:
                kind = LogUnavailableError
                if isinstance(error, CommitUnconfirmedError) and unit.is_committing:
                    kind = CommitUnconfirmedError
                unit.fault = kind(str(error))
                unit.fault.__cause__ = error
                unit.is_ended = True

    def _attempt(self, units: Sequence[_Unit], *, is_trusting: bool) -> bool:
        """Run every unit and make it durable; False, and no trace, where a waiter gave up."""
        with as_log_unavailable(), self._engine.connect() as connection:
            connection.begin()
            transaction = SqlLedgerTransaction(
                connection,
                chain_id=self._chain_id,
                head=lock_head(connection, self._chain_id),
                clock=self._clock,
                salt_source=self._salt_source,
                is_trusting=is_trusting,
            )
            for unit in units:
                savepoint = None if is_trusting else connection.begin_nested()
                with _Part(unit, transaction, savepoint, is_alone=len(units) == 1):
                    unit.result = unit.context.run(_run_at_once, unit.work(transaction))
                    if savepoint is not None:
                        transaction.flush()
            try:
                transaction.finish()
            except UnexpectedAnswerError as fault:
                raise _TrustBrokenError from fault
            except LogUnavailableError as fault:
                if not is_trusting or len(units) == 1:
                    raise
                raise _TrustBrokenError from fault
            return _commit(connection, units)


def _commit(connection: Connection, units: Sequence[_Unit]) -> bool:
    """Commit what the sound units did; False where the waiter of any unit has given up."""
    sound = [unit for unit in units if unit.fault is None]
    if any(unit.is_given_up for unit in units) or not all(unit.begin_commit() for unit in sound):
        for unit in units:
            unit.is_committing = False
        return False
    if sound:
        with as_commit_unconfirmed():
            connection.commit()
    for unit in units:
        unit.is_ended = True
    return True


class _Part:
    """One unit's part of a transaction: what it raises undoes this part, and is kept for it.

    Raises:
        _TrustBrokenError: this part must be undone without the others, and cannot be.
    """

    def __init__(
        self,
        unit: _Unit,
        transaction: SqlLedgerTransaction,
        savepoint: NestedTransaction | None,
        *,
        is_alone: bool,
    ) -> None:
        self._unit = unit
        self._transaction = transaction
        self._savepoint = savepoint
        self._is_alone = is_alone
        self._begin = transaction.place

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
        if not isinstance(fault, Exception):
            return False
        if self._savepoint is not None:
            self._savepoint.rollback()
        elif self._must_be_undone(fault):
            raise _TrustBrokenError from fault
        self._transaction.go_back_to(self._begin)
        self._unit.fault = fault
        return True

    def _must_be_undone(self, fault: Exception) -> bool:
        if isinstance(fault, UnexpectedAnswerError):
            return True
        has_written = self._transaction.writes > self._begin.writes
        # A statement that fails spoils the whole transaction on PostgreSQL, even one that reads.
        return not self._is_alone and (has_written or isinstance(fault, LogUnavailableError))


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


def _report(run: Future[None]) -> None:
    if run.exception():
        _log.error("the writer of the log failed", exc_info=run.exception())


async def _outcome_of(unit: _Unit, within_s: float | None) -> Any:
    """What the unit was told, or that its waiter waits no longer."""
    try:
        await asyncio.wait({unit.outcome}, timeout=within_s)
        if not unit.outcome.done() and not unit.give_up():
            await asyncio.wait({unit.outcome}, timeout=COMMIT_GRACE_S)
        if unit.outcome.done():
            return unit.outcome.result()
        if unit.give_up():
            raise LogUnavailableError(f"no answer within {within_s} s")
        raise CommitUnconfirmedError(f"a commit has not ended after {within_s} s")
    finally:
        unit.leave()


def _tell_all(units: Iterable[_Unit]) -> None:
    """Tell every waiter who is still there what came of the unit."""
    for unit in units:
        unit.tell()
