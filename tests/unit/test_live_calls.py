"""The shared look at Twilio: what it costs, and what is known in between."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.application.live_calls import LiveCalls
from bot.domain.calls import Call, Listing
from bot.domain.errors import TwilioNotFoundError, TwilioRateLimitedError
from tests.fakes.gateway import FakeGateway

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def a_call(end: str, status: str = "in-progress") -> Call:
    return Call(sid=f"CA{end.rjust(32, '0')}", account_sid="AC1", status=status, created_at=NOW)


class Seconds:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def elapsed() -> Seconds:
    return Seconds()


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway([a_call("a")])


@pytest.fixture
def live(gateway: FakeGateway, elapsed: Seconds) -> LiveCalls:
    return LiveCalls.alone(gateway, poll_s=5.0, elapsed=elapsed)


async def test_many_askers_share_one_look(live: LiveCalls, gateway: FakeGateway) -> None:
    listings = await asyncio.gather(*(live.listing() for _ in range(100)))

    assert gateway.looks == 1
    assert all(listing is listings[0] for listing in listings)


async def test_a_look_is_taken_again_once_it_is_too_old(
    live: LiveCalls, gateway: FakeGateway, elapsed: Seconds
) -> None:
    await live.listing()
    elapsed.now += 4.9
    await live.listing()
    assert gateway.looks == 1

    elapsed.now += 0.2
    await live.listing()

    assert gateway.looks == 2


async def test_a_costly_look_is_shared_five_times_as_long_as_it_took(
    live: LiveCalls, gateway: FakeGateway, elapsed: Seconds
) -> None:
    gateway.took_s = 3.0
    await live.listing()
    elapsed.now += 14.0

    await live.listing()

    assert gateway.looks == 1


async def test_who_gives_up_does_not_end_the_look_of_the_others(
    live: LiveCalls, gateway: FakeGateway
) -> None:
    gateway.gate.clear()
    impatient = asyncio.create_task(live.listing())
    patient = asyncio.create_task(live.listing())
    await asyncio.sleep(0)
    impatient.cancel()
    gateway.gate.set()

    listing = await patient

    assert [call.sid for call in listing.calls] == [a_call("a").sid]


async def test_a_call_that_moved_between_the_listings_is_still_listed(
    live: LiveCalls, gateway: FakeGateway, elapsed: Seconds
) -> None:
    await live.listing()
    moved = a_call("a")
    gateway.calls, gateway.hidden = [], [moved]
    elapsed.now += 6

    listing = await live.listing()

    assert listing.find(moved.sid) == moved


async def test_a_call_that_ended_between_the_looks_is_gone(
    live: LiveCalls, gateway: FakeGateway, elapsed: Seconds
) -> None:
    await live.listing()
    gateway.calls, gateway.hidden = [], [a_call("a", "completed")]
    elapsed.now += 6

    assert (await live.listing()).calls == ()


async def test_a_failed_look_is_shared_and_rate_limits_lower_the_pace(
    live: LiveCalls, gateway: FakeGateway, elapsed: Seconds
) -> None:
    gateway.fault = TwilioRateLimitedError("too many", code=20429)
    for seconds in (0, 1, 8):
        elapsed.now += seconds
        with pytest.raises(TwilioRateLimitedError):
            await live.listing()
    assert gateway.looks == 1

    gateway.fault = None
    elapsed.now += 2

    assert len((await live.listing()).calls) == 1


async def test_what_is_learnt_of_a_call_is_in_the_snapshot_at_once(live: LiveCalls) -> None:
    await live.listing()

    live.learn(a_call("a", "completed"), a_call("b"))

    known = live.known()
    assert isinstance(known, Listing)
    assert [call.sid for call in known.calls] == [a_call("b").sid]


@pytest.mark.parametrize(("ends", "with_it"), [("a", "b"), ("b", "a")], ids=["caller", "leg"])
async def test_a_call_that_ends_makes_the_next_asker_look_for_who_was_on_the_line_with_it(
    live: LiveCalls, gateway: FakeGateway, ends: str, with_it: str
) -> None:
    """Without its caller a leg drops; the caller goes on with the next verb, if there is one."""
    calls = {"a": a_call("a"), "b": replace(a_call("b"), parent_call_sid=a_call("a").sid)}
    gateway.calls = list(calls.values())
    await live.listing()
    gateway.calls, gateway.hidden = [], [replace(calls[with_it], status="completed")]

    live.learn(replace(calls[ends], status="completed"))

    assert (await live.listing()).calls == ()
    assert gateway.looks == 2


@pytest.mark.parametrize(("legs", "looks"), [(["b"], 2), ([], 1)])
async def test_a_redirect_makes_the_next_asker_look_where_others_were_on_the_line(
    live: LiveCalls, gateway: FakeGateway, legs: list[str], looks: int
) -> None:
    dialled = [replace(a_call(leg), parent_call_sid=a_call("a").sid) for leg in legs]
    gateway.calls = [a_call("a"), *dialled]
    await live.listing()

    live.learn_redirected(a_call("a"))
    await live.listing()

    assert gateway.looks == looks


async def test_a_call_that_twilio_does_not_tell_counts_as_ended(
    live: LiveCalls, gateway: FakeGateway, elapsed: Seconds
) -> None:
    await live.listing()
    gateway.calls = []
    elapsed.now += 6

    with pytest.raises(TwilioNotFoundError):
        await gateway.fetch_call(a_call("a").sid)
    assert (await live.listing()).calls == ()
