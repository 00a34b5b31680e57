"""The clocks that the phone network can live on: the real one, a paced one, or a test's own."""

import asyncio
import bisect
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Timer(Protocol):
    """Something that will happen, unless it is cancelled before."""

    def cancel(self) -> None:
        """Keeps it from happening; does nothing when it has happened."""


class Clock(Protocol):
    """Tells the time, and calls back when some of it has passed."""

    def now(self) -> datetime:
        """The time as aware UTC."""

    def passed_s(self, since: datetime, until: datetime) -> float:
        """How many seconds the network has lived through between the two times."""

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        """Calls back once, after the network has lived through `delay_s` seconds."""


class RealClock:
    """The machine's own time; its timers belong to the running event loop."""

    def now(self) -> datetime:
        """The time as aware UTC."""
        return datetime.now(UTC)

    def passed_s(self, since: datetime, until: datetime) -> float:
        """How many seconds lie between the two times."""
        return (until - since).total_seconds()

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        """Calls back once, after `delay_s` seconds.

        Raises:
            RuntimeError: No event loop is running.
        """
        return asyncio.get_running_loop().call_later(delay_s, callback)


class HeldTimer:
    """A timer that its clock fires."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        """Keeps it from happening; does nothing when it has happened."""
        self._callback = None

    def fire(self) -> None:
        """Calls back, unless the timer was cancelled."""
        if self._callback is not None:
            self._callback()


class ManualClock:
    """A clock that stands still until somebody moves it."""

    def __init__(self, start_at: datetime = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)) -> None:
        self._now = start_at
        self._order = itertools.count()
        self._timers: list[tuple[datetime, int, HeldTimer]] = []

    def now(self) -> datetime:
        """The time as aware UTC."""
        return self._now

    def passed_s(self, since: datetime, until: datetime) -> float:
        """How many seconds lie between the two times."""
        return (until - since).total_seconds()

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        """Calls back once, when the clock has been moved by `delay_s` seconds."""
        timer = HeldTimer(callback)
        due_at = self._now + timedelta(seconds=delay_s)
        heapq.heappush(self._timers, (due_at, next(self._order), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Moves the time on; what falls due on the way happens in its order, at its own time."""
        until_at = self._now + timedelta(seconds=seconds)
        while self._timers and self._timers[0][0] <= until_at:
            self._now, _, timer = heapq.heappop(self._timers)
            timer.fire()
        self._now = until_at


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the network lives from `at` on; `age_s` is how long it had lived till then."""

    at: datetime
    age_s: float
    speed: float


class PacedClock:
    """The real time, in which the network lives faster or slower, or stands still.

    `now` is always the machine's own time, so that nothing is ever told to have happened in the
    future: only timers, and what `passed_s` counts, follow the pace.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.now = now
        self._paces = [Pace(now(), 0.0, 1.0)]
        self._order = itertools.count()
        self._timers: list[tuple[float, int, HeldTimer]] = []
        self._alarm: Timer | None = None

    @property
    def is_real_time(self) -> bool:
        """Has it never gone at another pace?"""
        return len(self._paces) == 1

    @property
    def pace(self) -> Pace:
        """How fast the network lives at the moment."""
        return self._paces[-1]

    def set_speed(self, speed: float) -> None:
        """The network lives this many times as fast from now on; 0 lets it stand still."""
        now = self.now()
        self._paces.append(Pace(now, self.age_s(now), speed))
        self._set_alarm()

    def age_s(self, at: datetime) -> float:
        """How many seconds the network had lived through at that time."""
        after = bisect.bisect_right(self._paces, at, key=lambda pace: pace.at)
        # What lies before the beginning went at the usual pace.
        pace = self._paces[max(0, after - 1)]
        return pace.age_s + (at - pace.at).total_seconds() * pace.speed

    def passed_s(self, since: datetime, until: datetime) -> float:
        """How many seconds the network has lived through between the two times."""
        return self.age_s(until) - self.age_s(since)

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        """Calls back once, after the network has lived through `delay_s` seconds.

        Raises:
            RuntimeError: No event loop is running.
        """
        timer = HeldTimer(callback)
        entry = (self.age_s(self.now()) + delay_s, next(self._order), timer)
        heapq.heappush(self._timers, entry)
        if self._timers[0] is entry:
            self._set_alarm()
        return timer

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._timers and self.pace.speed:
            left_s = (self._timers[0][0] - self.age_s(self.now())) / self.pace.speed
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(max(0.0, left_s), self._ring)

    def _ring(self) -> None:
        age_s = self.age_s(self.now())
        try:
            while self._timers and self._timers[0][0] <= age_s:
                heapq.heappop(self._timers)[-1].fire()
        finally:
            # One callback that fails must not stop the clock for the others.
            self._set_alarm()
