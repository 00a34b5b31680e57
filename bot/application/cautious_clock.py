"""The time by which old values are deleted, which nobody can bring back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.application.deadlines import seconds_since_start
from bot.application.ports import Clock

# What a clock may gain between two questions without having been set forward.
NOT_SET_FORWARD = timedelta(minutes=1)
# A machine whose clock is wrong for longer than this has been noticed.
BELIEVED_AFTER_S = 86_400.0


class CautiousClock:
    """The earliest of what may be the time.

    That is what this machine's clock says, what leases run by (with PostgreSQL, the database's),
    and what this machine's would say had it not been set forward, until it has stood so for a day.
    A clock that is set back is believed at once: it only keeps values for longer.
    """

    def __init__(
        self,
        clock: Clock,
        lease_time: Clock,
        *,
        elapsed: Callable[[], float] = seconds_since_start,
    ) -> None:
        self._clock = clock
        self._lease_time = lease_time
        self._elapsed = elapsed
        self._believed = clock(), elapsed()
        self._ahead_since: float | None = None

    def __call__(self) -> datetime:
        """The time."""
        now, elapsed = self._clock(), self._elapsed()
        believed_at, then = self._believed
        reckoned = believed_at + timedelta(seconds=elapsed - then)
        if now - reckoned <= NOT_SET_FORWARD:
            self._ahead_since = None
        elif self._ahead_since is None:
            self._ahead_since = elapsed
        if self._ahead_since is None or elapsed - self._ahead_since >= BELIEVED_AFTER_S:
            self._believed, self._ahead_since, reckoned = (now, elapsed), None, now
        return min(now, reckoned, self._lease_time())
