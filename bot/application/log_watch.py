"""Noticing when the log takes no entries, and writing that down once it does again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic
from typing import TypeVar
from uuid import uuid4

from bot.application.append_once import append_once
from bot.application.deadlines import LOG_DEADLINE_S
from bot.application.ports import Clock, Ledger, LedgerTransaction
from bot.domain.audit import Action, EntryDraft, Event, Surface, timestamp
from bot.domain.errors import CommitUnconfirmedError, LogUnavailableError
from bot.domain.people import MACHINE

_log = logging.getLogger(__name__)

T = TypeVar("T")

# A log that comes and goes leaves one entry for all of it.
STEADY_AFTER_S = 10.0
LOOK_EVERY_S = 1.0
# On PostgreSQL each rehearsal leaves about 1 kB that is free again after the next vacuum.
REHEARSE_EVERY_S = 60.0


@dataclass(slots=True)
class _Outage:
    """From the first unit of work that was not taken until an entry could be written again."""

    began_at: datetime
    ended_at: datetime | None = None
    ended: float = 0.0
    requests_refused: int = 0


class LogWatch:
    """Sees which units of work are not taken, and appends `log_down` after an outage.

    What only reads is taken on a full disk too, so it ends no outage: a rehearsal of an entry does.
    `replica` is the name under which this process writes. A process that ends before the log is
    back takes with it what it knows; its missing `stopped` tells of that.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        replica: str,
        clock: Clock,
        elapsed: Callable[[], float] = monotonic,
        steady_after_s: float = STEADY_AFTER_S,
    ) -> None:
        self._ledger = ledger
        self._replica = replica
        self._clock = clock
        self._elapsed = elapsed
        self._steady_after_s = steady_after_s
        self._outage: _Outage | None = None
        self._may_stand: list[EntryDraft] = []
        self._rehearsed = elapsed()

    @property
    def is_down(self) -> bool:
        """Whether the last that is known is that the log takes no entries."""
        return self._outage is not None and self._outage.ended_at is None

    @property
    def for_people(self) -> Ledger:
        """The ledger for what people ask for: what it does not take is counted."""
        return _WatchedLedger(self._ledger, self, is_for_people=True)

    @property
    def for_machine(self) -> Ledger:
        """The ledger for what nobody asked for."""
        return _WatchedLedger(self._ledger, self, is_for_people=False)

    def now(self) -> tuple[datetime, float]:
        """The time of day, and a clock that nobody sets."""
        return self._clock(), self._elapsed()

    def missed(self, began_at: datetime, *, is_for_people: bool) -> None:
        """A unit of work that began then was not taken."""
        if self._outage is None:
            self._outage = _Outage(began_at)
            _log.error("the log takes no entries")
        self._outage.ended_at = None
        self._outage.requests_refused += is_for_people

    async def takes_entries(self) -> bool:
        """Whether an entry could be recorded at this moment, as far as that is known."""
        return await (self.rehearse() if self.is_down else self._is_done(_nothing))

    async def rehearse(self) -> bool:
        """Whether all that an entry needs can be done; nothing of it is left."""
        self._rehearsed = self._elapsed()
        now = self._clock()
        draft = self._log_down(_Outage(now), now)
        is_possible = await self._is_done(lambda tx: tx.rehearse(draft))
        if is_possible and self._outage is not None and self._outage.ended_at is None:
            self._outage.ended_at, self._outage.ended = self.now()
            _log.warning("the log takes entries again")
        return is_possible

    async def run(self) -> None:
        """Look every second whether an outage is over, or is to be written down, for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Rehearse while the log is down and once a minute; write down what is over for long."""
        outage, now = self._outage, self._elapsed()
        if self.is_down or now - self._rehearsed >= REHEARSE_EVERY_S:
            await self.rehearse()
        elif outage and now - outage.ended >= self._steady_after_s:
            await self.write_down()

    async def write_down(self) -> None:
        """Append the entry of an outage that is over; what cannot be appended is kept."""
        if self.is_down:
            await self.rehearse()
        outage = self._outage
        if outage is None or outage.ended_at is None:
            return
        as_told, asked_at = replace(outage), self._clock()
        drafts = [*self._may_stand, self._log_down(as_told, outage.ended_at)]
        try:
            await self._ledger.write(lambda tx: _append_each_once(tx, drafts))
        except CommitUnconfirmedError:
            self._may_stand = drafts
            outage.ended_at = None
        except LogUnavailableError:
            outage.ended_at = None
            return
        else:
            self._may_stand = []
        # What stands, or may stand, is not told again: what is not taken since is another outage.
        is_over = outage.ended_at == as_told.ended_at
        outage.began_at = asked_at
        outage.requests_refused -= as_told.requests_refused
        self._outage = None if is_over else outage

    async def _is_done(self, work: Callable[[LedgerTransaction], Awaitable[None]]) -> bool:
        try:
            await self.for_machine.write(work, within_s=LOG_DEADLINE_S)
        except LogUnavailableError:
            return False
        return True

    def _log_down(self, outage: _Outage, ended_at: datetime) -> EntryDraft:
        return EntryDraft(
            request_id=f"outage-{uuid4().hex}",
            event=Event.LOG_DOWN,
            action=Action.SERVE,
            actor=MACHINE,
            surface=Surface.MACHINE,
            details={
                "replica": self._replica,
                "from": timestamp(outage.began_at),
                "to": timestamp(ended_at),
                "requests_refused": outage.requests_refused,
            },
        )


class _WatchedLedger:
    """A ledger that tells the watch what becomes of each unit of work."""

    def __init__(self, ledger: Ledger, watch: LogWatch, *, is_for_people: bool) -> None:
        self._ledger = ledger
        self._watch = watch
        self._is_for_people = is_for_people

    async def write(
        self,
        work: Callable[[LedgerTransaction], Awaitable[T]],
        *,
        within_s: float | None = None,
    ) -> T:
        """What the ledger itself does.

        Raises:
            LogUnavailableError: the database did not take it in time, or did not say so.
        """
        began_at, _ = self._watch.now()
        try:
            return await self._ledger.write(work, within_s=within_s)
        except LogUnavailableError:
            self._watch.missed(began_at, is_for_people=self._is_for_people)
            raise


async def _append_each_once(tx: LedgerTransaction, drafts: Sequence[EntryDraft]) -> None:
    for draft in drafts:
        await append_once(tx, draft)


async def _nothing(_tx: LedgerTransaction) -> None:
    """A unit of work that leaves no trace."""
