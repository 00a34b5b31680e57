"""A flood of refused clicks: each is answered, and the log does not drown."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.audit import Surface
from tests.scenario.company import ANA, GUS, VERA, Company, company

# So few at once that each has its answer in time on a machine that stalls, too: with more, the log
# is given up now and then, which is told as an outage and not as a refusal.
CLICKS, AT_ONCE = 1_000, 8
DENIED = "hang_up denied"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Company]:
    """The company at work, in a Slack that limits nothing."""
    async with company(f"sqlite:///{tmp_path}/hookflash.db") as at_work:
        at_work.slack.rates.scale = math.inf
        yield at_work


async def test_a_thousand_refused_clicks_in_a_minute_leave_few_entries_and_a_count(
    here: Company,
) -> None:
    """Five in full, and when the minute is over one that counts; another person's stand apart."""
    # On a machine that stalls, a thousand clicks may take longer than a minute.
    began_at = datetime.now(UTC)
    here.bot.denials._clock = lambda: began_at
    call = here.twilio.network.call_in_progress()
    await here.say(ANA, "/calls post")
    posted = here.last(VERA)
    for begin in range(0, CLICKS, AT_ONCE):
        clicks = range(begin, begin + AT_ONCE)
        await asyncio.gather(
            *(here.slack.click(VERA, posted, text="Hang up", value=call.sid) for _ in clicks)
        )
    await here.at_rest()
    await here.click(GUS, "Hang up", on=posted, call=call)
    within_the_minute = await here.events()

    here.bot.denials._clock = lambda: began_at + timedelta(minutes=1)
    await here.bot.denials.flush()

    assert within_the_minute == [(VERA, DENIED)] * 5 + [(GUS, DENIED)]
    counted = (await here.log())[-1].entry
    assert (counted.actor_user_id, counted.event, counted.surface) == (
        VERA,
        "denied",
        Surface.MACHINE,
    )
    assert counted.details["more_like_it"] == CLICKS - 5
    assert len(await here.events()) == len(within_the_minute) + 1
    assert here.changes_sent() == []
    refusals = [one for one in here.seen_by(VERA) if one.ephemeral_to == VERA]
    assert len(refusals) == CLICKS
    assert all(delivery.is_ok for delivery in here.slack.deliveries)


async def test_the_next_minute_begins_a_new_count(here: Company) -> None:
    call = here.twilio.network.call_in_progress()
    for _ in range(6):
        await here.say(VERA, f"/calls hangup {call.sid}")
    here.bot.denials._clock = lambda: datetime.now(UTC) + timedelta(minutes=1)
    await here.bot.denials.flush()

    await here.say(VERA, f"/calls hangup {call.sid}")

    assert await here.events() == [(VERA, DENIED)] * 7
