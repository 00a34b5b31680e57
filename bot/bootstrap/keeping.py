"""What the log tells of itself: outages, starts and stops, set clocks, old values that go."""

from __future__ import annotations

from bot import __version__
from bot.application.cautious_clock import CautiousClock
from bot.application.lives import Life
from bot.application.log_watch import LogWatch
from bot.application.ports import Clock
from bot.application.retention import DailyRedaction, Retention
from bot.application.tasks import TaskSupervisor
from bot.application.timekeeper import SteadyClock, Timekeeper
from bot.bootstrap.outside import Outside
from bot.settings import Settings


class Keeping:
    """Watches over the log from this process; *lease_time* is the clock that leases run by."""

    def __init__(
        self,
        settings: Settings,
        outside: Outside,
        *,
        tasks: TaskSupervisor,
        owner: str,
        clock: Clock,
    ) -> None:
        self._tasks = tasks
        self.watch = LogWatch(outside.ledger, replica=owner, clock=clock)
        self.ledger = self.watch.for_machine
        self.ledger_for_people = self.watch.for_people
        self.life = Life(self.ledger, replica=owner, version=__version__)
        self.lease_time = SteadyClock(clock)
        self._timekeeper = Timekeeper(
            self.lease_time,
            self.ledger,
            shared_time=outside.shared_time,
            replica=owner,
            clock=clock,
        )
        self._daily = (
            DailyRedaction(
                Retention(self.ledger),
                keep_for=settings.redact_after,
                clock=CautiousClock(clock, self.lease_time),
            )
            if settings.redact_after
            else None
        )

    async def start(self) -> None:
        """Learn the time that the replicas share, and begin to watch."""
        await self._timekeeper.start()
        self._tasks.serve(self._timekeeper.run, name="keep the time")
        self._tasks.serve(self.watch.run, name="watch the log")
        if self._daily is not None:
            self._tasks.serve(self._daily.run, name="redact old entries")

    async def stop(self) -> None:
        """Write down what is known and not written yet."""
        await self.watch.write_down()
        await self.life.stopped()
