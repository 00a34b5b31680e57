"""Replicas that meet on one PostgreSQL: one looks at Twilio, all see what it saw."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from bot.application import shared_looks
from bot.application.live_calls import LiveCalls
from bot.application.shared_looks import READ_EVERY_S, SharedLooker
from bot.application.snapshot import Snapshot
from bot.application.take_look import TwilioLooker
from bot.application.tasks import TaskSupervisor
from bot.database.engine import open_database
from bot.database.look_board import SqlLookBoard
from bot.database.notifications import AGAIN_AFTER_S
from bot.domain.calls import Call
from bot.domain.errors import (
    TwilioAuthenticationError,
    TwilioRateLimitedError,
    TwilioUnavailableError,
)
from bot.domain.looks import Learnt, Look
from tests.contract.database.test_look_rows import calls_of_all_kinds
from tests.fakes.gateway import FakeGateway
from tests.fixtures_database import administration, now

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.parametrize("make_database", ["postgresql"], indirect=True),
]
ACCOUNT_SID = "AC1"
POLL_S = 60.0
# So short for who is lost; nobody else loses the turn where a machine stalls.
LEASE_S = 0.4
LONG_LEASE_S = 60.0
SLOW_LEASE_S = 1.0
# Longer than any machine stalls: these only keep a test from going on for ever.
SOON_S = 30.0
NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def a_call(end: str, status: str = "in-progress", *, parent: str = "") -> Call:
    return Call(
        sid=f"CA{end.rjust(32, '0')}",
        account_sid=ACCOUNT_SID,
        status=status,
        created_at=NOW,
        parent_call_sid=f"CA{parent.rjust(32, '0')}" if parent else None,
    )


@dataclass
class Replica:
    """One process, as far as it looks at calls; `gateway` is how it reaches Twilio."""

    live: LiveCalls
    looker: SharedLooker
    board: SqlLookBoard
    gateway: FakeGateway
    tasks: TaskSupervisor

    def known(self) -> set[str]:
        """The last digits of the calls that it knows."""
        listing = self.live.known()
        return {call.sid[-1] for call in listing.calls} if listing else set()

    async def listed(self) -> set[str]:
        """The last digits of the calls that somebody who asks is shown."""
        await self.live.listing()
        return self.known()

    def hear(self) -> None:
        """Listen to the others, and read what they show."""
        self.tasks.serve(self.board.listen, name="listen")
        self.read_now_and_then()

    def read_now_and_then(self) -> None:
        """Read what the others show, without listening to them."""
        self.tasks.serve(self.looker.follow, name="follow")


Make = Callable[..., Replica]


@pytest.fixture
async def replica(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Make]:
    """Makes replicas; they hear each other only where a test lets them.

    None of them looks alone since the board was slow for once.
    """
    for deadline in ("BOARD_DEADLINE_S", "SHOW_DEADLINE_S"):
        monkeypatch.setattr(shared_looks, deadline, SOON_S)
    async with AsyncExitStack() as closing:

        def make(*calls: Call, lease_s: float = LONG_LEASE_S) -> Replica:
            engine = open_database(database_url).board
            assert engine is not None
            closing.push_async_callback(engine.close)
            tasks = TaskSupervisor()
            closing.push_async_callback(tasks.stop, timeout_s=5.0)
            gateway = FakeGateway(calls)
            snapshot = Snapshot(poll_s=POLL_S)
            board = SqlLookBoard(engine, account_sid=ACCOUNT_SID, clock=now)
            shared = SharedLooker(
                snapshot,
                TwilioLooker(gateway, snapshot),
                board,
                tasks=tasks,
                owner=f"replica {id(gateway)}",
                lease_s=lease_s,
            )
            live = LiveCalls(snapshot, shared, on_learnt=shared.tell)
            return Replica(live, shared, board, gateway, tasks)

        yield make


async def until(holds: Callable[[], bool], *, within_s: float = SOON_S) -> None:
    async with asyncio.timeout(within_s):
        while True:
            if holds():
                return
            await asyncio.sleep(0.01)


async def test_people_at_three_replicas_cost_twilio_what_one_costs(replica: Make) -> None:
    replicas = [replica(a_call("a"), a_call("b")) for _ in range(3)]

    listings = await asyncio.gather(
        *(one.live.listing() for one in replicas for _ in range(10)),
    )

    assert sum(one.gateway.looks for one in replicas) == 1
    assert {len(listing.calls) for listing in listings} == {2}


async def test_all_that_is_known_of_calls_reaches_the_other_replica(replica: Make) -> None:
    calls = calls_of_all_kinds()
    first, second = replica(*calls), replica()

    seen = await first.live.listing()
    await first.tasks.at_rest()
    shown = await second.live.listing()

    assert shown.calls == seen.calls
    assert abs(shown.looked_at - seen.looked_at) < timedelta(seconds=5)
    assert (shown.took_s, shown.is_cut_off) == (seen.took_s, seen.is_cut_off)


async def test_a_look_is_known_at_the_other_replica_before_anybody_asks_there(
    replica: Make,
) -> None:
    first, second = replica(a_call("a")), replica()
    second.hear()

    await first.live.listing()

    await until(lambda: second.known() == {"a"})
    assert second.gateway.looks == 0


async def test_a_call_that_one_replica_saw_end_is_gone_at_the_other(replica: Make) -> None:
    first, second = replica(a_call("a"), a_call("b")), replica()
    await first.live.listing()
    await first.tasks.at_rest()
    second.hear()
    await until(lambda: second.known() == {"a", "b"})

    first.live.learn(a_call("a", "completed"))

    await until(lambda: second.known() == {"b"})
    assert await second.listed() == {"b"}
    assert second.gateway.looks == 0


async def test_what_nobody_hears_of_is_read_all_the_same(replica: Make) -> None:
    """As it is behind a pooler, or when a notification is lost."""
    first, second = replica(a_call("a"), a_call("b")), replica()
    second.read_now_and_then()
    await first.live.listing()
    await until(lambda: second.known() == {"a", "b"}, within_s=READ_EVERY_S + SOON_S)

    first.live.learn(a_call("a", "completed"))

    await until(lambda: second.known() == {"b"}, within_s=READ_EVERY_S + SOON_S)


async def test_who_listens_hears_again_after_the_server_has_dropped_the_connection(
    replica: Make, database_url: str
) -> None:
    first, second = replica(a_call("a")), replica()
    second.tasks.serve(second.board.listen, name="listen")
    await until(second.board.next_change().is_set)
    dropped = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    with administration(database_url) as connection:
        connection.execute(text(dropped))
    await until(second.board.next_change().is_set, within_s=AGAIN_AFTER_S + SOON_S)

    change = second.board.next_change()
    await first.live.listing()

    await until(change.is_set)


async def test_a_call_that_ended_during_a_look_of_another_replica_stays_away(
    replica: Make,
) -> None:
    """Twilio may have listed it before it ended."""
    first, second = replica(a_call("a"), a_call("b")), replica()
    first.gateway.gate.clear()
    looking = asyncio.create_task(first.live.listing())
    await until(lambda: first.gateway.looks == 1)
    second.live.learn(a_call("a", "completed"))
    await second.tasks.at_rest()
    first.gateway.gate.set()
    await looking
    await first.tasks.at_rest()

    assert await second.listed() == {"b"}


async def test_a_redirect_at_one_replica_makes_the_next_asker_at_the_other_look(
    replica: Make,
) -> None:
    first, second = replica(a_call("a"), a_call("b", parent="a")), replica(a_call("a"))
    await first.live.listing()
    await first.tasks.at_rest()
    await second.live.listing()
    assert second.gateway.looks == 0

    first.live.learn_redirected(a_call("a"))
    await first.tasks.at_rest()
    second.hear()
    await until(lambda: not second.looker._snapshot.is_current())

    assert await second.listed() == {"a"}
    assert second.gateway.looks == 1


async def test_another_looks_when_the_one_whose_turn_it_is_is_lost(replica: Make) -> None:
    lost, other = replica(), replica(a_call("a"))
    await lost.board.read()
    assert await lost.board.claim("lost", lease_s=LEASE_S)

    assert await asyncio.wait_for(other.listed(), LEASE_S + SOON_S) == {"a"}
    assert not await lost.board.show("lost", Look(fault=TwilioRateLimitedError("late")))
    assert not await lost.board.claim("lost", lease_s=LEASE_S)


async def test_who_lost_the_turn_while_it_looked_shows_what_another_saw_since(
    replica: Make, database_url: str
) -> None:
    """As one that was paused: what it saw is older than what the other has shown."""
    paused, other = replica(a_call("a"), lease_s=LEASE_S), replica(a_call("b"))
    paused.gateway.gate.clear()
    looking = asyncio.create_task(paused.listed())
    await until(lambda: paused.gateway.looks == 1)
    with administration(database_url) as connection:
        connection.execute(text("UPDATE live_looks SET holder = 'nobody', held_until = NULL"))
    await other.live.listing()
    await asyncio.sleep(LEASE_S)
    paused.gateway.gate.set()

    assert await looking == {"b"}
    assert paused.gateway.looks == 1


async def test_nobody_looks_again_where_another_has_just_looked(replica: Make) -> None:
    one, other = replica(a_call("a")), replica()
    await other.board.read()
    await one.live.listing()
    await one.tasks.at_rest()

    assert not await other.board.claim("other", lease_s=LEASE_S)


async def test_a_look_has_its_age_wherever_it_is_read(replica: Make) -> None:
    one, other = replica(a_call("a")), replica()
    await one.live.listing()
    await one.tasks.at_rest()
    await asyncio.sleep(0.2)

    look = (await other.board.read()).look

    assert look is not None
    assert look.listing is not None
    assert look.age_s >= 0.2
    assert (now() - look.listing.looked_at).total_seconds() >= 0.2


async def test_a_look_that_takes_longer_than_the_lease_is_waited_for(replica: Make) -> None:
    slow, patient = replica(a_call("a"), lease_s=SLOW_LEASE_S), replica()
    slow.gateway.gate.clear()
    looking = asyncio.create_task(slow.live.listing())
    await until(lambda: slow.gateway.looks == 1)
    waiting = asyncio.create_task(patient.listed())

    await asyncio.sleep(2 * SLOW_LEASE_S)
    slow.gateway.gate.set()
    await looking

    assert await waiting == {"a"}
    assert patient.gateway.looks == 0


async def test_who_cannot_reach_twilio_leaves_the_turn_to_another(replica: Make) -> None:
    first, second = replica(), replica(a_call("a"))
    first.gateway.fault = TwilioUnavailableError("cut off", may_have_acted=False)
    with pytest.raises(TwilioUnavailableError):
        await first.live.listing()
    await first.tasks.at_rest()
    assert await second.listed() == {"a"}


@pytest.mark.parametrize("kind", [TwilioRateLimitedError, TwilioAuthenticationError])
async def test_what_twilio_refused_to_one_replica_the_others_do_not_ask_at_once(
    replica: Make, kind: type[TwilioRateLimitedError]
) -> None:
    first, second = replica(), replica()
    first.gateway.fault = kind("no", code=20429, status=429, request_id="RQ1")
    with pytest.raises(kind):
        await first.live.listing()
    await first.tasks.at_rest()

    with pytest.raises(kind, match="no") as refusal:
        await second.live.listing()

    assert (refusal.value.code, refusal.value.request_id) == (20429, "RQ1")
    assert second.gateway.looks == 0


async def test_without_the_board_each_replica_looks_by_itself(
    replica: Make, database_url: str
) -> None:
    first, second = replica(a_call("a")), replica(a_call("a"))
    with administration(database_url) as connection:
        connection.execute(text("DROP TABLE live_looks"))

    listings = [await one.live.listing() for one in (first, second)]

    assert [len(listing.calls) for listing in listings] == [1, 1]
    assert [one.gateway.looks for one in (first, second)] == [1, 1]


async def test_what_a_crash_of_the_database_took_is_looked_up_again(
    replica: Make, database_url: str
) -> None:
    """The tables are unlogged: after a crash they are empty."""
    first, second = replica(a_call("a")), replica(a_call("b"))
    await first.live.listing()
    await first.tasks.at_rest()
    await second.live.listing()
    with administration(database_url) as connection:
        connection.execute(text("TRUNCATE live_looks"))

    second.looker._snapshot.outdate()
    await second.live.listing()
    await second.tasks.at_rest()

    assert second.known() == {"b"}
    assert (await first.board.read()).look is not None


async def test_endings_that_the_board_did_not_take_are_told_later(
    replica: Make, database_url: str
) -> None:
    one = replica(a_call("a"))
    await one.live.listing()
    with administration(database_url) as connection:
        connection.execute(text("ALTER TABLE live_endings RENAME TO gone"))
        one.live.learn(a_call("a", "completed"))
        await one.tasks.at_rest()
        connection.execute(text("ALTER TABLE gone RENAME TO live_endings"))

        one.hear()

        await until(lambda: connection.scalar(text("SELECT count(*) FROM live_endings")) == 1)


async def test_endings_are_told_for_a_minute_and_then_forgotten(
    replica: Make, database_url: str
) -> None:
    one = replica()
    await one.board.tell(Learnt(ended=frozenset({"CA1"})))
    with administration(database_url) as connection:
        connection.execute(text("UPDATE live_endings SET seen_at = seen_at - interval '61 s'"))
        assert (await one.board.read()).ended == frozenset()
        connection.execute(text("UPDATE live_endings SET seen_at = seen_at - interval '61 s'"))

        await one.board.tell(Learnt(ended=frozenset({"CA2"})))

        assert list(connection.scalars(text("SELECT call_sid FROM live_endings"))) == ["CA2"]
