"""The working state of changes: the slot, the leases, and what several processes do at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.application.ports import LedgerTransaction
from bot.database.audit_reader import SqlAuditReader
from bot.database.engine import open_database
from bot.database.ledger import SqlLedger
from bot.domain.audit import MAIN_CHAIN, Action, Event, Surface
from bot.domain.changes import Change, ChangeState, LastChange, Origin, OriginKind
from bot.domain.errors import LogUnavailableError
from tests.contract.database.drafts import ACCOUNT, BEN, CALL, OTHER_CALL, change, outcome
from tests.fixtures_database import now

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[SqlLedger]:
    """The ledger of another process on the same database."""
    elsewhere = open_database(database_url)
    yield SqlLedger(elsewhere.writer, chain_id=MAIN_CHAIN, clock=now)
    await elsewhere.close()


async def insert(ledger: SqlLedger, one: Change) -> Change:
    await ledger.write(lambda tx: tx.insert_change(one))
    return one


async def find(ledger: SqlLedger, one: Change) -> Change | None:
    return await ledger.write(lambda tx: tx.find_change(one.request.request_id))


async def mark_sent(ledger: SqlLedger, one: Change) -> Change | None:
    at = now()
    return await ledger.write(
        lambda tx: tx.mark_sent(one, deadline_at=at + SECOND, lease_until=at + MINUTE, now=at)
    )


async def claim(ledger: SqlLedger, owner: str, *, limit: int = 10) -> list[Change]:
    at = now()
    found = await ledger.write(
        lambda tx: tx.claim_abandoned(owner=owner, now=at, lease_until=at + MINUTE, limit=limit)
    )
    return list(found)


async def test_a_change_comes_back_as_it_was_kept(ledger: SqlLedger) -> None:
    origin = Origin(
        kind=OriginKind.LIST,
        channel_id="C9",
        response_url="https://hooks.slack.com/x",
        is_ephemeral=False,
        list_state='{"page": 2}',
    )
    kept = await insert(
        ledger,
        change(
            action=Action.REDIRECT,
            actor=BEN,
            surface=Surface.MODAL,
            origin=origin,
            reason="laut 🎺",
            target="url:https://example.com/",
            card_version="v1",
            deadline_at=now(),
            attempts=3,
        ),
    )

    found = await find(ledger, kept)

    assert found == kept
    assert found is not None
    assert found.actor.name == "ben"


async def test_text_that_no_database_holds_is_kept_without_it(ledger: SqlLedger) -> None:
    kept = await insert(ledger, change(request_id="a\0b", reason="c\0d\ud800e"))

    found = await find(ledger, kept)

    assert found is not None
    assert found.request.reason == "c\ufffdd\ufffde"


async def test_a_request_that_made_no_change_is_not_found(ledger: SqlLedger) -> None:
    assert await find(ledger, change()) is None


async def test_the_slot_is_held_until_the_change_is_closed(ledger: SqlLedger) -> None:
    first = await insert(ledger, change())
    assert await ledger.write(lambda tx: tx.open_change(ACCOUNT, CALL)) == first
    assert await ledger.write(lambda tx: tx.open_change(ACCOUNT, OTHER_CALL)) is None

    assert await ledger.write(lambda tx: tx.close_change(first, outcome()))

    assert await ledger.write(lambda tx: tx.open_change(ACCOUNT, CALL)) is None
    await insert(ledger, change())


async def test_the_database_itself_refuses_a_second_change_in_the_slot(ledger: SqlLedger) -> None:
    await insert(ledger, change())

    with pytest.raises(LogUnavailableError):
        await insert(ledger, change())


async def test_the_database_itself_refuses_a_second_change_of_one_request(
    ledger: SqlLedger,
) -> None:
    await insert(ledger, change(request_id="r1"))

    with pytest.raises(LogUnavailableError):
        await insert(ledger, change(request_id="r1", call_sid=OTHER_CALL))


async def test_of_many_who_want_one_call_at_once_one_gets_it(
    ledger: SqlLedger, other: SqlLedger
) -> None:
    """Twenty people click in two processes; nobody fails, and one change is made."""

    async def accept(tx: LedgerTransaction) -> bool:
        if await tx.open_change(ACCOUNT, CALL):
            return False
        await tx.insert_change(change())
        return True

    got = await asyncio.gather(*(one.write(accept) for one in (ledger, other) for _ in range(10)))

    assert sorted(got) == [False] * 19 + [True]


async def test_marking_as_sent_sets_deadline_and_lease_and_counts(ledger: SqlLedger) -> None:
    claimed = await insert(ledger, change())

    sent = await mark_sent(ledger, claimed)

    assert sent is not None
    assert (sent.state, sent.attempts) == (ChangeState.SENT, 1)
    assert sent.deadline_at is not None
    assert sent.lease_until > claimed.lease_until
    assert await find(ledger, claimed) == sent


@pytest.mark.parametrize(
    "stale",
    [
        {"owner": "another"},
        {"state": ChangeState.SENT},
        {"change_id": "none"},
    ],
)
async def test_only_who_holds_the_claim_can_mark_it_as_sent(
    ledger: SqlLedger, stale: dict[str, object]
) -> None:
    claimed = await insert(ledger, change())

    assert await mark_sent(ledger, replace(claimed, **stale)) is None  # type: ignore[arg-type]

    assert await find(ledger, claimed) == claimed


async def test_a_lease_that_has_run_out_is_no_licence_to_send(ledger: SqlLedger) -> None:
    late = await insert(ledger, change(lease_until=now() - SECOND))

    assert await mark_sent(ledger, late) is None


async def test_a_closed_change_tells_its_outcome_and_no_longer_its_target(
    ledger: SqlLedger,
) -> None:
    claimed = await insert(ledger, change(target="twiml:<Response/>"))
    came_out = outcome(Event.FAILED)

    assert await ledger.write(lambda tx: tx.close_change(claimed, came_out))

    closed = await find(ledger, claimed)
    assert closed is not None
    assert (closed.state, closed.outcome) == (ChangeState.CLOSED, Event.FAILED)
    assert closed.closed_at == came_out.at
    assert closed.request.target == ""


async def test_a_change_is_closed_once_and_by_its_owner(ledger: SqlLedger) -> None:
    claimed = await insert(ledger, change())
    not_mine = replace(claimed, owner="another")
    assert not await ledger.write(lambda tx: tx.close_change(not_mine, outcome()))

    first = await ledger.write(lambda tx: tx.close_change(claimed, outcome()))
    second = await ledger.write(lambda tx: tx.close_change(claimed, outcome(Event.FAILED)))

    assert (first, second) == (True, False)
    closed = await find(ledger, claimed)
    assert closed is not None
    assert closed.outcome is Event.SUCCEEDED


async def test_what_a_lost_process_left_is_taken_over_oldest_first(ledger: SqlLedger) -> None:
    past = now() - SECOND
    claimed = await insert(ledger, change(lease_until=past, call_sid="CA1"))
    sent = await insert(
        ledger,
        change(lease_until=past, deadline_at=past, state=ChangeState.SENT, call_sid="CA2"),
    )
    await insert(ledger, change(call_sid="CA3"))
    await insert(ledger, change(lease_until=past, deadline_at=now() + MINUTE, call_sid="CA4"))
    closed = await insert(ledger, change(lease_until=past, call_sid="CA5"))
    await ledger.write(lambda tx: tx.close_change(closed, outcome()))

    taken = await claim(ledger, "two")

    assert [one.change_id for one in taken] == [claimed.change_id, sent.change_id]
    assert {one.owner for one in taken} == {"two"}
    assert [one.state for one in taken] == [ChangeState.CLAIMED, ChangeState.SENT]
    assert [await find(ledger, one) for one in taken] == taken
    assert not await ledger.write(lambda tx: tx.close_change(claimed, outcome()))
    assert await mark_sent(ledger, claimed) is None


async def test_no_more_is_taken_over_than_was_asked_for(ledger: SqlLedger) -> None:
    for number in range(3):
        await insert(ledger, change(lease_until=now() - SECOND, call_sid=f"CA{number}"))

    assert len(await claim(ledger, "two", limit=2)) == 2
    assert len(await claim(ledger, "three", limit=2)) == 1
    assert await claim(ledger, "four") == []


async def test_two_processes_take_over_each_change_once(
    ledger: SqlLedger, other: SqlLedger
) -> None:
    for number in range(12):
        await insert(ledger, change(lease_until=now() - SECOND, call_sid=f"CA{number}"))

    taken = await asyncio.gather(
        *(claim(one, f"owner {one is other}", limit=3) for one in (ledger, other) for _ in range(4))
    )

    ids = [one.change_id for few in taken for one in few]
    assert len(ids) == len(set(ids)) == 12


async def test_the_newest_change_of_a_call_is_the_last_one_kept(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    """Whatever the clocks of the processes say."""
    assert await reader.last_changes(ACCOUNT, [CALL]) == {}
    first = await insert(ledger, change(requested_at=now() + MINUTE))
    await ledger.write(lambda tx: tx.close_change(first, outcome()))

    second = await insert(ledger, change(requested_at=now() - MINUTE))

    newest = LastChange(
        change_id=second.change_id,
        action=second.action,
        by=second.actor,
        at=second.requested_at,
    )
    assert await reader.last_changes(ACCOUNT, [CALL]) == {CALL: newest}
    assert await ledger.write(lambda tx: tx.last_changes(ACCOUNT, [CALL])) == {CALL: newest}


async def test_the_newest_changes_of_many_calls_are_read_together(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    kept = [await insert(ledger, change(call_sid=f"CA{number}")) for number in range(3)]

    found = await reader.last_changes(ACCOUNT, ["CA0", "CA2", "CA9"])

    assert {sid: one.change_id for sid, one in found.items()} == {
        "CA0": kept[0].change_id,
        "CA2": kept[2].change_id,
    }
    assert await reader.last_changes(ACCOUNT, []) == {}
    assert await reader.last_changes("AC of somebody else", ["CA0"]) == {}


@pytest.mark.parametrize("state", [ChangeState.CLAIMED, ChangeState.SENT])
async def test_a_lease_from_a_clock_that_was_an_hour_ahead_is_not_waited_for(
    state: ChangeState, ledger: SqlLedger, other: SqlLedger
) -> None:
    """Its owner died, and the clock was set right: the call must not stay taken for an hour."""
    ahead = now() + timedelta(hours=1)
    is_sent = state is ChangeState.SENT
    left = await insert(
        ledger,
        change(state=state, lease_until=ahead + MINUTE, deadline_at=ahead if is_sent else None),
    )

    [taken] = await claim(other, "two")

    assert (taken.change_id, taken.owner) == (left.change_id, "two")


async def test_a_lease_of_a_clock_that_is_a_little_ahead_is_kept(
    ledger: SqlLedger, other: SqlLedger
) -> None:
    await insert(ledger, change(lease_until=now() + MINUTE + 30 * SECOND))

    assert await claim(other, "two") == []
