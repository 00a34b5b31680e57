"""The time by which values are deleted, when clocks are set."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bot.application.cautious_clock import CautiousClock

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@dataclass(slots=True)
class Machine:
    """One whose clock can be set, and which knows how long it has run."""

    shown: datetime = NOON
    leases: datetime = NOON
    ran_s: float = 0.0
    clock: CautiousClock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = CautiousClock(
            lambda: self.shown, lambda: self.leases, elapsed=lambda: self.ran_s
        )

    def pass_time(self, **duration: float) -> None:
        passed = timedelta(**duration)
        self.shown += passed
        self.leases += passed
        self.ran_s += passed.total_seconds()

    def set_forward(self, **duration: float) -> None:
        self.shown += timedelta(**duration)
        self.leases = self.shown  # as on SQLite, where leases come to go by the machine's clock


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_it_goes_as_the_clock_does(machine: Machine) -> None:
    told = []
    for _ in range(3):
        machine.pass_time(hours=1, seconds=5)
        told.append(machine.clock() == machine.shown)

    assert told == [True, True, True]


def test_a_clock_that_is_set_ahead_is_believed_after_a_day(machine: Machine) -> None:
    machine.pass_time(hours=1)
    machine.set_forward(days=400)
    at_first = machine.clock()
    machine.pass_time(hours=23)
    later = machine.clock()
    machine.pass_time(hours=2)

    assert at_first == NOON + timedelta(hours=1)
    assert later == NOON + timedelta(hours=24)
    assert machine.clock() == machine.shown


def test_a_clock_that_was_ahead_for_a_while_leaves_no_trace(machine: Machine) -> None:
    machine.set_forward(days=400)
    machine.clock()
    machine.pass_time(hours=23)
    machine.clock()
    machine.set_forward(days=-400)
    machine.clock()
    machine.set_forward(days=400)
    machine.pass_time(hours=2)

    assert machine.clock() == NOON + timedelta(hours=25)


def test_a_clock_that_is_set_back_is_believed_at_once(machine: Machine) -> None:
    machine.set_forward(days=-3)

    assert machine.clock() == machine.shown


def test_a_machine_that_starts_with_a_wrong_clock_goes_by_what_replicas_share() -> None:
    machine = Machine(shown=NOON + timedelta(days=400))

    assert machine.clock() == NOON
