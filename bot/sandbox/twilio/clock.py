"""The clock that the phone network lives on: the real one, or one that a test moves by hand."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
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

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        """Calls back once, after `delay_s` seconds."""


class RealClock:
    """The machine's own time; its timers belong to the running event loop."""

    def now(self) -> datetime:
        """The time as aware UTC."""
        return datetime.now(UTC)

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        """Calls back once, after `delay_s` seconds.

        Raises:
            RuntimeError: No event loop is running.
        """
        return asyncio.get_running_loop().call_later(delay_s, callback)


class ManualTimer:
    """A timer of the clock that stands still."""

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
        self._timers: list[tuple[datetime, int, ManualTimer]] = []

    def now(self) -> datetime:
        """The time as aware UTC."""
        return self._now

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        """Calls back once, when the clock has been moved by `delay_s` seconds."""
        timer = ManualTimer(callback)
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
