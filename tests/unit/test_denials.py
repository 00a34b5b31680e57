"""Floods of refusals: few entries, little memory, and no refusal uncounted."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from bot.application.rights import DENIALS_A_MINUTE, MOST_PEOPLE, Denials
from bot.domain.audit import Action, EntryDraft, Event, Surface
from bot.domain.people import Actor
from tests.fakes.clocks import Clocks
from tests.fakes.ledger import FakeLedger

A_MILLION = 1_000_000
ONE_MINUTE_S = timedelta(minutes=1).total_seconds()


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger()


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def denials(ledger: FakeLedger, clocks: Clocks) -> Denials:
    return Denials(ledger, clock=clocks.now)


def denied(user_id: str) -> EntryDraft:
    return EntryDraft(
        request_id=f"of {user_id}",
        event=Event.DENIED,
        action=Action.HANG_UP,
        actor=Actor("T1", user_id, user_id.lower()),
        surface=Surface.BUTTON,
        details={"reason": "not_permitted"},
        personal={"actor_name": user_id.lower()},
    )


def counted(ledger: FakeLedger) -> int:
    """How many refusals the entries tell of."""
    return sum(int(draft.details.get("more_like_it", 1)) for draft in ledger.drafts)


async def twenty_a_minute_ago(denials: Denials, clocks: Clocks) -> None:
    """So many refusals of one person, in a minute that is over."""
    for _ in range(20):
        await denials.record(denied("U0EVE"))
    clocks.passes(ONE_MINUTE_S)


async def test_a_million_refusals_of_one_person_are_six_entries_that_count_them_all(
    denials: Denials, ledger: FakeLedger, clocks: Clocks
) -> None:
    draft = denied("U0EVE")
    for _ in range(A_MILLION):
        await denials.record(draft)
    clocks.passes(ONE_MINUTE_S)

    await denials.flush()

    assert len(ledger.drafts) == DENIALS_A_MINUTE + 1
    assert counted(ledger) == A_MILLION
    assert denials._minutes == {}


async def test_refusals_of_very_many_people_are_counted_together(
    denials: Denials, ledger: FakeLedger, clocks: Clocks
) -> None:
    people, each = 20 * MOST_PEOPLE, 7
    for _ in range(each):
        for n in range(people):
            await denials.record(denied(f"U0{n}"))
    kept_in_memory = len(denials._minutes)
    clocks.passes(ONE_MINUTE_S)

    await denials.flush()

    assert kept_in_memory == MOST_PEOPLE
    assert len(ledger.drafts) == MOST_PEOPLE * (DENIALS_A_MINUTE + 1) + 1
    assert counted(ledger) == people * each
    together = ledger.drafts[-1]
    assert (together.actor.user_id, together.personal) == ("", {})
    assert together.details == {
        "reason": "many_people",
        "more_like_it": (people - MOST_PEOPLE) * each,
    }


async def test_the_next_minute_has_room_for_others(
    denials: Denials, ledger: FakeLedger, clocks: Clocks
) -> None:
    for n in range(MOST_PEOPLE + 1):
        await denials.record(denied(f"U0{n}"))
    clocks.passes(ONE_MINUTE_S)
    await denials.flush()

    await denials.record(denied("U0NEW"))

    assert ledger.drafts[-1].actor.user_id == "U0NEW"


async def test_what_was_counted_while_the_log_is_down_is_written_when_it_is_back(
    denials: Denials, ledger: FakeLedger, clocks: Clocks
) -> None:
    await twenty_a_minute_ago(denials, clocks)
    ledger.is_down = True
    await denials.flush()
    await denials.record(denied("U0EVE"))
    ledger.is_down = False

    await denials.flush()
    await denials.flush()

    assert counted(ledger) == 21
    assert len(ledger.drafts) == DENIALS_A_MINUTE + 1


async def test_a_count_that_the_log_took_without_saying_so_is_written_once(
    denials: Denials, ledger: FakeLedger, clocks: Clocks
) -> None:
    await twenty_a_minute_ago(denials, clocks)
    ledger.is_silent = True
    await denials.flush()
    await denials.record(denied("U0EVE"))
    ledger.is_silent = False
    ledger.is_down = True
    await denials.flush()
    ledger.is_down = False

    for _ in range(3):
        await denials.flush()

    assert counted(ledger) == 21
    assert len(ledger.drafts) == DENIALS_A_MINUTE + 2


@pytest.mark.parametrize("by_s", [-3600.0, 3600.0])
async def test_a_clock_that_is_set_keeps_no_count_back(
    by_s: float, denials: Denials, ledger: FakeLedger, clocks: Clocks
) -> None:
    for _ in range(DENIALS_A_MINUTE + 1):
        await denials.record(denied("U0EVE"))
    clocks.set_by(by_s)

    await denials.flush()

    assert Counter(draft.surface for draft in ledger.drafts) == {
        Surface.BUTTON: DENIALS_A_MINUTE,
        Surface.MACHINE: 1,
    }
