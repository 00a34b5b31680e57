"""The time by which leases run, which nobody sets, and the record of clocks that were set."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import uuid4

from bot.application.append_once import append_once
from bot.application.deadlines import seconds_since_start
from bot.application.ports import Clock, Ledger
from bot.domain.audit import Action, EntryDraft, Event, Surface
from bot.domain.errors import LogUnavailableError
from bot.domain.people import MACHINE

_log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
# What a clock may be off between two looks without having been set: time servers slew by less.
NOT_SET = timedelta(seconds=2)
# A time that differs by more is believed once it has stayed so for longer than any lease.
BELIEVED_AT_ONCE = timedelta(seconds=1)
BELIEVED_AFTER_S = 30.0


class SteadyClock:
    """A clock that goes on evenly while that of the machine is set forward or back."""

    def __init__(self, clock: Clock, *, elapsed: Callable[[], float] = seconds_since_start) -> None:
        self._elapsed = elapsed
        self._zero = self._zero_of(clock())
        self._differs_since: float | None = None

    def __call__(self) -> datetime:
        """The time."""
        return self._zero + timedelta(seconds=self._elapsed())

    def set_to(self, moment: datetime) -> None:
        """Take over this time."""
        self._zero = self._zero_of(moment)
        self._differs_since = None

    def follow(self, moment: datetime) -> None:
        """Take over this time if it is about the same; if not, once it has long been so."""
        now = self._elapsed()
        is_about_the_same = abs(moment - self()) <= BELIEVED_AT_ONCE
        self._differs_since = now if self._differs_since is None else self._differs_since
        if is_about_the_same or now - self._differs_since >= BELIEVED_AFTER_S:
            self.set_to(moment)

    def _zero_of(self, moment: datetime) -> datetime:
        return moment - timedelta(seconds=self._elapsed())


class Timekeeper:
    """Keeps the steady clock right, and appends `clock_set` when this machine's clock is set.

    `shared_time` asks what all replicas go by, the database's clock; where it gives None, that is
    the clock of this machine.
    """

    def __init__(
        self,
        steady: SteadyClock,
        ledger: Ledger,
        *,
        shared_time: Callable[[], Awaitable[datetime | None]],
        replica: str,
        clock: Clock,
        elapsed: Callable[[], float] = seconds_since_start,
    ) -> None:
        self._steady = steady
        self._ledger = ledger
        self._shared_time = shared_time
        self._replica = replica
        self._clock = clock
        self._elapsed = elapsed
        self._booted_at = self._boot_time()
        self._to_record: list[EntryDraft] = []

    async def start(self) -> None:
        """Take over the time that the replicas share; without it, this machine's serves."""
        try:
            self._steady.set_to(await self._shared_time() or self._clock())
        except LogUnavailableError:
            _log.warning("the database did not tell its time; this machine's is used")

    async def run(self) -> None:
        """Look every few seconds, for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.look()
            except LogUnavailableError:
                _log.debug("the database does not tell its time")

    async def look(self) -> None:
        """Follow the shared time, and write down that this machine's clock was set.

        Raises:
            LogUnavailableError: the database does not answer; the next look tries again.
        """
        set_by = self._boot_time() - self._booted_at
        if abs(set_by) >= NOT_SET:
            self._to_record.append(self._clock_set(set_by))
        self._booted_at += set_by
        while self._to_record:
            await self._ledger.write(lambda tx: append_once(tx, self._to_record[0]))
            del self._to_record[0]
        self._steady.follow(await self._shared_time() or self._clock())

    def _boot_time(self) -> datetime:
        """When the machine began to run, by what its clock says now."""
        return self._clock() - timedelta(seconds=self._elapsed())

    def _clock_set(self, set_by: timedelta) -> EntryDraft:
        _log.warning("this machine's clock was set", extra={"by_s": set_by.total_seconds()})
        return EntryDraft(
            request_id=f"clock-{uuid4().hex}",
            event=Event.CLOCK_SET,
            action=Action.SERVE,
            actor=MACHINE,
            surface=Surface.MACHINE,
            details={"replica": self._replica, "by_s": round(set_by.total_seconds())},
        )
