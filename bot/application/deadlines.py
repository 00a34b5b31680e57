"""How long each step of a change may take, in seconds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.domain.errors import LogUnavailableError

# Slack gives up after 3 s (https://docs.slack.dev/interactivity/handling-user-interaction), and a
# refusal comes after the accept that found it.
ACCEPT_DEADLINE_S = 1.5
DENIAL_DEADLINE_S = 0.75
# From the moment a change is marked as sent: Twilio has this long in all.
TWILIO_DEADLINE_S = 10.0
# A hang-up may be looked at and sent again within that, so one try gets less.
HANG_UP_TRY_S = 5.0
LOOK_S = 2.5
# A claim outlives what its owner may still do with it.
CLAIM_LEASE_S = 15.0
SENT_LEASE_S = TWILIO_DEADLINE_S + 3.0
# A hang-up that Twilio never confirmed is given up as unknown.
HANG_UP_MAX_AGE_S = 300.0
SECOND_LOOK_AFTER_S = 5.0


@asynccontextmanager
async def database_deadline(timeout_s: float = ACCEPT_DEADLINE_S) -> AsyncIterator[None]:
    """Give the database *timeout_s* seconds.

    Raises:
        LogUnavailableError: it took longer; what had not been committed is rolled back.
    """
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as error:
        raise LogUnavailableError(f"no answer within {timeout_s} s") from error
