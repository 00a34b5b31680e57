"""How long each step of a change may take, in seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.domain.errors import LogUnavailableError

# Slack gives up after 3 s (https://docs.slack.dev/interactivity/handling-user-interaction), and a
# refusal comes after the accept that found it.
LOG_DEADLINE_S = 1.5
DENIAL_DEADLINE_S = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """What the steps after an accept get, in seconds.

    A lease outlives what its owner may still do with it, so that nobody takes over too early.

    Args:
        claim_lease_s: from the accept, or from a takeover, until the change is marked as sent.
        twilio_s: from the mark as sent: Twilio has this long in all.
        answer_s: from the accept: Twilio is not waited for longer, however late it was asked.
        finish_s: after twilio_s, for its owner to record the outcome.
        hang_up_try_s: one try of a hang-up, which may be looked at and sent again within twilio_s.
        look_s: one look at a call.
        hang_up_max_age_s: a hang-up that Twilio never confirmed is given up as unknown.
        second_look_after_s: from a redirect to the look that tells whether its target failed.
        told_within_s: from an outcome's record, or the last try to tell it, to its being told;
            later, any process tells it.
        tell_for_s: from an outcome's record; after that it is not tried again.
        settle_every_s: between two searches for changes whose owner is lost.
    """

    claim_lease_s: float = 15.0
    twilio_s: float = 10.0
    answer_s: float = 12.0
    finish_s: float = 3.0
    hang_up_try_s: float = 5.0
    look_s: float = 2.5
    hang_up_max_age_s: float = 300.0
    second_look_after_s: float = 5.0
    told_within_s: float = 20.0
    tell_for_s: float = 900.0
    settle_every_s: float = 2.0

    @property
    def sent_lease_s(self) -> float:
        """From the mark as sent until another process may take over."""
        return self.twilio_s + self.finish_s


DEFAULT_DEADLINES = Deadlines()


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment after which nothing may be sent to Twilio any more, whoever was paused how long.

    It is kept by two clocks, and the one that is further decides: seconds since the machine was
    started, which also pass while it sleeps and which nobody sets, and the time of day, which also
    knows of the time for which a virtual machine was stopped from outside.
    """

    since_start_s: float
    of_day_s: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """So many seconds from now."""
        return cls(seconds_since_start(), time.time()).moved(seconds)

    @property
    def left_s(self) -> float:
        """Seconds until then; none or fewer when it has passed."""
        return min(self.since_start_s - seconds_since_start(), self.of_day_s - time.time())

    def moved(self, seconds: float) -> Deadline:
        """So many seconds later than this one."""
        return Deadline(self.since_start_s + seconds, self.of_day_s + seconds)

    def at_most(self, seconds: float) -> Deadline:
        """This one, or so many seconds from now if that is earlier."""
        other = Deadline.after(seconds)
        return Deadline(
            min(self.since_start_s, other.since_start_s), min(self.of_day_s, other.of_day_s)
        )


def seconds_since_start() -> float:
    """Seconds since the machine was started, its sleep included where the system tells them."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)  # only Linux has it
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@asynccontextmanager
async def database_deadline(timeout_s: float = LOG_DEADLINE_S) -> AsyncIterator[None]:
    """Give the database *timeout_s* seconds.

    Raises:
        LogUnavailableError: it took longer; what had not been committed is rolled back.
    """
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as error:
        raise LogUnavailableError(f"no answer within {timeout_s} s") from error
