"""What is known of the live calls when looks of several replicas come in, in any order."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.application.snapshot import LONGEST_PAUSE_S, Snapshot
from bot.domain.calls import Call, Listing
from bot.domain.errors import TwilioAuthenticationError, TwilioRateLimitedError
from bot.domain.looks import Learnt, Look

POLL_S = 5.0


def a_look(*ends: str, took_s: float = 0.0, age_s: float = 0.0) -> Look:
    calls = tuple(Call(sid=f"CA{end}", account_sid="AC1", status="ringing") for end in ends)
    listing = Listing(calls=calls, looked_at=datetime.now(UTC), took_s=took_s)
    return Look(listing=listing, took_s=took_s, age_s=age_s)


def known(snapshot: Snapshot) -> list[str]:
    return [call.sid for call in snapshot.listing().calls]


@pytest.fixture
def snapshot() -> Snapshot:
    """One whose clock stands still."""
    return Snapshot(poll_s=POLL_S, elapsed=lambda: 1000.0)


def test_a_look_of_another_is_as_old_as_it_says(snapshot: Snapshot) -> None:
    snapshot.take(a_look("1", age_s=POLL_S + 0.1))

    assert known(snapshot) == ["CA1"]
    assert not snapshot.is_current()


def test_an_older_look_does_not_replace_a_newer_one(snapshot: Snapshot) -> None:
    snapshot.take(a_look("2", age_s=1.0))

    snapshot.take(a_look("1", age_s=2.0))

    assert known(snapshot) == ["CA2"]


def test_an_older_fault_does_not_hide_a_newer_look(snapshot: Snapshot) -> None:
    snapshot.take(a_look("1"))

    snapshot.take(Look(fault=TwilioAuthenticationError("no"), age_s=1.0, pause_s=POLL_S))

    assert known(snapshot) == ["CA1"]


def test_what_outdates_looks_outdates_those_alone_that_had_begun(snapshot: Snapshot) -> None:
    snapshot.take(a_look("1", took_s=1.0, age_s=1.0))

    snapshot.outdate(age_s=2.5)
    assert snapshot.is_current()
    snapshot.outdate(age_s=1.5)

    assert not snapshot.is_current()


def test_a_look_through_a_pause_of_the_process_is_not_shared_for_long(snapshot: Snapshot) -> None:
    snapshot.take(a_look("1", took_s=600.0, age_s=LONGEST_PAUSE_S + 1))

    assert not snapshot.is_current()


def test_an_ending_is_learnt_once_and_its_legs_are_asked_for_once(snapshot: Snapshot) -> None:
    leg = Call(sid="CA2", account_sid="AC1", status="ringing", parent_call_sid="CA1")
    snapshot.take(a_look("1"))
    snapshot.learn([leg])

    first, again = snapshot.forget(["CA1"]), snapshot.forget(["CA1"])

    assert first == Learnt(ended=frozenset({"CA1"}), is_outdated=True)
    assert not again


def test_the_pause_grows_from_where_another_replica_left_it(snapshot: Snapshot) -> None:
    refusal = TwilioRateLimitedError("too many")
    snapshot.take(Look(fault=refusal, pause_s=20.0))

    assert snapshot.pause_after(refusal) == 40.0
    assert snapshot.pause_after(TwilioAuthenticationError("no")) == 20.0
