"""The paced clock: timers and durations follow the pace, the time of day does not."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from bot.sandbox.twilio import PacedClock, PhoneNetwork
from bot.sandbox.twilio.resources import call_json

BEGIN_AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
# Less than the minute that the timers have, so a pace that is not kept shows; or for ever.
WITHIN_S = 30.0


class Watch:
    """The machine's time, moved by hand."""

    def __init__(self) -> None:
        self.at = BEGIN_AT

    def __call__(self) -> datetime:
        return self.at

    def pass_s(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def clock(watch: Watch) -> PacedClock:
    return PacedClock(watch)


def test_seconds_count_as_often_as_the_pace_says_and_not_at_all_in_a_pause(
    watch: Watch, clock: PacedClock
) -> None:
    for speed in (10, 0, 1):
        clock.set_speed(speed)
        watch.pass_s(60)

    assert clock.passed_s(BEGIN_AT, watch.at) == 660
    assert clock.now() == BEGIN_AT + timedelta(minutes=3)


def test_what_lies_before_the_beginning_went_at_the_usual_pace(
    watch: Watch, clock: PacedClock
) -> None:
    clock.set_speed(10)
    watch.pass_s(1)

    assert clock.passed_s(BEGIN_AT - timedelta(seconds=30), watch.at) == 40


async def test_timer_comes_a_hundred_times_as_soon_at_a_hundred_times_the_pace() -> None:
    clock = PacedClock()
    fired = asyncio.Event()
    begin = time.monotonic()
    clock.call_later(60.0, fired.set)

    clock.set_speed(100)
    await asyncio.wait_for(fired.wait(), WITHIN_S)

    assert time.monotonic() - begin >= 0.59


async def test_nothing_falls_due_in_a_pause_and_goes_on_after_it() -> None:
    clock = PacedClock()
    fired = asyncio.Event()
    clock.call_later(0.02, fired.set)
    clock.set_speed(0)

    await asyncio.sleep(0.06)
    was_paused = not fired.is_set()
    clock.set_speed(10)

    assert was_paused
    await asyncio.wait_for(fired.wait(), WITHIN_S)


async def test_timers_fire_in_the_order_in_which_they_fall_due() -> None:
    clock = PacedClock()
    clock.set_speed(10)
    order: list[str] = []
    done = asyncio.Event()
    clock.call_later(0.3, done.set)
    clock.call_later(0.2, lambda: order.append("last"))
    clock.call_later(0.05, lambda: order.append("never")).cancel()
    clock.call_later(0.1, lambda: order.append("first"))

    await asyncio.wait_for(done.wait(), WITHIN_S)

    assert order == ["first", "last"]


async def test_call_lasts_as_long_for_the_api_as_on_the_network_and_never_begins_in_the_future(
    watch: Watch, clock: PacedClock
) -> None:
    network = PhoneNetwork(account_sid="AC" + "a1" * 16, clock=clock)
    call = network.call_in_progress()
    clock.set_speed(10)
    watch.pass_s(6)

    live = json.loads(call_json(call, clock))
    clock.set_speed(1)
    watch.pass_s(30)
    network.hang_up(call)
    watch.pass_s(600)
    ended = json.loads(call_json(call, clock))

    assert live["start_time"] == "Mon, 05 Jan 2026 08:59:06 +0000"
    assert live["date_created"] == "Mon, 05 Jan 2026 09:00:00 +0000"
    assert (ended["duration"], ended["end_time"]) == ("90", "Mon, 05 Jan 2026 09:00:36 +0000")
    assert ended["start_time"] == live["start_time"]


async def test_pause_in_what_a_call_says_lasts_its_time_at_any_pace() -> None:
    clock = PacedClock()
    clock.set_speed(100)
    network = PhoneNetwork(account_sid="AC" + "a1" * 16, clock=clock)
    begin = time.monotonic()
    ended = asyncio.Event()
    network.subscribe(lambda changed: None if changed.is_live else ended.set())
    call = network.call_in_progress(twiml="<Response><Pause length='60'/><Hangup/></Response>")

    await asyncio.wait_for(ended.wait(), WITHIN_S)

    took_s = time.monotonic() - begin
    assert took_s >= 0.59
    assert call.ended_at is not None
    assert 59 < clock.passed_s(call.created_at, call.ended_at) < 100 * took_s + 1
