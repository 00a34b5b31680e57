"""Clocks that are set: leases run on, and the log tells."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.application.timekeeper import BELIEVED_AFTER_S, SteadyClock, Timekeeper
from bot.domain.errors import LogUnavailableError
from tests.fakes.clocks import NOON, Clocks
from tests.fakes.ledger import FakeLedger

HOUR_S = 3600.0


class Shared:
    """The time of a database that may not answer, and where there may be none."""

    def __init__(self) -> None:
        self.ahead: timedelta | None = None
        self.is_down = False

    async def time(self, clocks: Clocks) -> datetime | None:
        if self.is_down:
            raise LogUnavailableError("down")
        return None if self.ahead is None else clocks.at + self.ahead


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger()


@pytest.fixture
def shared() -> Shared:
    return Shared()


@pytest.fixture
def steady(clocks: Clocks) -> SteadyClock:
    return SteadyClock(clocks.now, elapsed=clocks.elapsed)


@pytest.fixture
def keeper(steady: SteadyClock, ledger: FakeLedger, clocks: Clocks, shared: Shared) -> Timekeeper:
    return Timekeeper(
        steady,
        ledger,
        shared_time=lambda: shared.time(clocks),
        replica="one",
        clock=clocks.now,
        elapsed=clocks.elapsed,
    )


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S])
async def test_a_clock_that_is_set_moves_no_lease(
    by_s: float, clocks: Clocks, steady: SteadyClock, keeper: Timekeeper
) -> None:
    clocks.passes(10)
    clocks.set_by(by_s)
    await keeper.look()

    clocks.passes(5)
    await keeper.look()

    assert steady() == NOON + timedelta(seconds=15)


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S])
async def test_a_clock_that_is_set_is_one_entry(
    by_s: float, clocks: Clocks, ledger: FakeLedger, keeper: Timekeeper
) -> None:
    clocks.passes(2)
    clocks.set_by(by_s)
    for _ in range(3):
        clocks.passes(2)
        await keeper.look()

    assert ledger.told == [("clock_set", {"replica": "one", "by_s": round(by_s)})]


async def test_a_clock_that_is_slewed_is_no_entry(
    clocks: Clocks, ledger: FakeLedger, steady: SteadyClock, keeper: Timekeeper
) -> None:
    """Time servers let it run up to 500 millionths faster or slower."""
    for _ in range(100):
        clocks.passes(2)
        clocks.set_by(0.001)
        await keeper.look()

    assert ledger.told == []
    assert steady() == clocks.at


async def test_a_clock_that_was_set_while_the_log_was_down_is_told_later(
    clocks: Clocks, ledger: FakeLedger, keeper: Timekeeper
) -> None:
    ledger.is_down = True
    clocks.set_by(HOUR_S)
    with pytest.raises(LogUnavailableError):
        await keeper.look()
    ledger.is_down = False

    await keeper.look()

    assert [event for event, _details in ledger.told] == ["clock_set"]


async def test_an_entry_that_the_log_took_without_saying_so_is_not_written_again(
    clocks: Clocks, ledger: FakeLedger, keeper: Timekeeper
) -> None:
    ledger.is_silent = True
    clocks.set_by(HOUR_S)
    with pytest.raises(LogUnavailableError):
        await keeper.look()
    clocks.set_by(-HOUR_S / 2)
    ledger.is_silent = False

    await keeper.look()

    assert [details["by_s"] for _event, details in ledger.told] == [3600, -1800]


async def test_a_time_that_stays_is_believed_in_the_end(
    clocks: Clocks, steady: SteadyClock, keeper: Timekeeper
) -> None:
    """No lease is older then, so none ends early."""
    clocks.set_by(HOUR_S)
    await keeper.look()
    clocks.passes(BELIEVED_AFTER_S)

    await keeper.look()

    assert steady() == clocks.at


async def test_a_time_that_was_wrong_for_a_moment_is_not_believed(
    clocks: Clocks, steady: SteadyClock, keeper: Timekeeper
) -> None:
    clocks.set_by(HOUR_S)
    await keeper.look()
    clocks.set_by(-HOUR_S)
    clocks.passes(10)
    await keeper.look()
    clocks.set_by(HOUR_S)
    clocks.passes(BELIEVED_AFTER_S - 5)

    await keeper.look()

    assert steady() == clocks.at - timedelta(seconds=HOUR_S)


async def test_replicas_go_by_the_time_of_their_database(
    clocks: Clocks, steady: SteadyClock, keeper: Timekeeper, shared: Shared
) -> None:
    shared.ahead = timedelta(minutes=-10)

    await keeper.start()

    assert steady() == clocks.at - timedelta(minutes=10)


async def test_a_database_that_does_not_tell_leaves_the_time_as_it_runs(
    clocks: Clocks, steady: SteadyClock, keeper: Timekeeper, shared: Shared
) -> None:
    shared.is_down = True

    await keeper.start()
    clocks.passes(5)

    assert steady() == NOON + timedelta(seconds=5)
