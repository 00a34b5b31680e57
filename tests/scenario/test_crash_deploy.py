"""SIGTERM in the middle of a change: finished, answered, and a good exit code."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from bot.sandbox.twilio import Call, Fault
from tests.scenario.company import ANA, BEN, SUPPORT, VERA
from tests.scenario.processes import BotProcess, Stage, stage
from tests.scenario.trouble import ON_SQLITE, until

pytestmark = ON_SQLITE


@pytest.fixture
async def set_up(database_url: str) -> AsyncIterator[Stage]:
    """Slack, Twilio and a new database."""
    async with stage(database_url) as ready:
        yield ready


@pytest.fixture
def call(set_up: Stage) -> Call:
    """The one live call."""
    return set_up.call_in_progress()


async def stopped_while_twilio_thinks(
    set_up: Stage, call: Call, text: str
) -> tuple[BotProcess, Fault]:
    """SIGTERM comes when Twilio has the change, and answers only once it is let go."""
    slow = set_up.twilio.faults.next("slow", match="POST /", seconds=60.0)
    bot = await set_up.start()
    await set_up.slack.command(ANA, SUPPORT, f"/calls {text.format(call.sid)}")
    await until(lambda: len(set_up.twilio.updates(call.sid)) == 1)
    bot.send(signal.SIGTERM)
    return bot, slow


@pytest.mark.parametrize("text", ["hangup {}", "redirect {} hold-music"])
async def test_a_change_under_way_is_finished_recorded_and_answered_before_the_end(
    set_up: Stage, call: Call, text: str
) -> None:
    bot, slow = await stopped_while_twilio_thinks(set_up, call, text)

    await until(bot.lets_nobody_in)
    slow.let_go()
    exit_code = await bot.ended()

    assert exit_code == 0
    assert [event.split()[0] for event in await set_up.events()] == ["requested", "succeeded"]
    assert len(set_up.results()) == 1
    assert await set_up.log_holds()


async def test_a_click_that_comes_while_the_bot_stops_is_carried_out_or_refused_not_lost(
    set_up: Stage, call: Call
) -> None:
    """Slack tells the person when there was no ack; whoever got one gets an outcome too."""
    other = set_up.call_in_progress()
    bot, slow = await stopped_while_twilio_thinks(set_up, call, "hangup {}")

    deliveries = await asyncio.gather(
        *(set_up.slack.command(BEN, SUPPORT, f"/calls hangup {other.sid}") for _ in range(5))
    )
    slow.let_go()
    exit_code = await bot.ended()

    acknowledged = [delivery for delivery in deliveries if delivery.is_ok]
    assert exit_code == 0
    assert await set_up.is_settled()
    assert other.is_live == (not acknowledged)


async def test_what_was_held_back_of_many_refusals_is_written_before_the_end(
    set_up: Stage, call: Call
) -> None:
    bot = await set_up.start()
    for _ in range(8):
        await set_up.slack.command(VERA, SUPPORT, f"/calls hangup {call.sid}")

    bot.send(signal.SIGTERM)

    assert await bot.ended() == 0
    entries = [entry async for entry, _ in set_up.reader.entries()]
    assert [entry.event for entry in entries] == ["started", *["denied"] * 6, "stopped"]
    assert entries[-2].details["more_like_it"] == 3
