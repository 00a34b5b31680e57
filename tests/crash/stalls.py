"""How long this program stood still, so that nothing is dated later than it may have happened."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

TICK_S = 0.02
REMEMBERED = 250
"""Ticks: five seconds and more."""


class StallWatch:
    """Keeps the longest time for which the event loop did nothing lately."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._gaps = deque([timedelta(0)], maxlen=REMEMBERED)
        self._ticked_at = clock()

    async def run(self) -> None:
        """Watch, for ever."""
        while True:
            await asyncio.sleep(TICK_S)
            self._gaps.append(self._clock() - self._ticked_at)
            self._ticked_at = self._clock()

    def not_before(self) -> datetime:
        """The earliest moment at which that came which is being handled now."""
        now = self._clock()
        return now - max(*self._gaps, now - self._ticked_at)


@asynccontextmanager
async def stall_watch(clock: Callable[[], datetime]) -> AsyncIterator[StallWatch]:
    """A watch at work."""
    watch = StallWatch(clock)
    working = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        working.cancel()
