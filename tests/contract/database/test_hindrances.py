"""One question tells what four others tell: whether anything stands in a new change's way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from bot.application.ports import LedgerTransaction
from bot.database.ledger import SqlLedger
from bot.domain.audit import Action, Event
from tests.contract.database.drafts import ACCOUNT, CALL, OTHER_CALL, append, change, draft, outcome

REQUEST = "the request"
Past = Callable[[SqlLedger], Awaitable[object]]


def told(event: Event, **given: object) -> Past:
    """An entry about the call, or about all calls."""
    return lambda ledger: append(ledger, draft(event=event, **given))


def inserted(**given: object) -> Past:
    """An open change."""
    return lambda ledger: ledger.write(lambda tx: tx.insert_change(change(**given)))


async def closed_change_of_the_request(ledger: SqlLedger) -> None:
    """The request was made, for another call, and is done with."""

    async def work(tx: LedgerTransaction) -> None:
        one = change(request_id=REQUEST, call_sid=OTHER_CALL)
        await tx.insert_change(one)
        await tx.close_change(one, outcome())

    await ledger.write(work)


async def closed_change_of_the_call(ledger: SqlLedger) -> None:
    """Another request changed the call; nothing was told of it."""

    async def work(tx: LedgerTransaction) -> None:
        one = change()
        await tx.insert_change(one)
        await tx.close_change(one, outcome())

    await ledger.write(work)


async def frozen_and_unfrozen(ledger: SqlLedger) -> None:
    """A freeze that is over."""
    await told(Event.SUCCEEDED, action=Action.FREEZE, call_sid="")(ledger)
    await told(Event.SUCCEEDED, action=Action.UNFREEZE, call_sid="")(ledger)


async def hinders(tx: LedgerTransaction) -> bool:
    """What the four single questions say."""
    return bool(
        await tx.find_change(REQUEST)
        or await tx.open_change(ACCOUNT, CALL)
        or await tx.current_freeze()
        or await tx.ending_of(ACCOUNT, CALL)
    )


HINDRANCES: dict[str, Past] = {
    "its own request, done with": closed_change_of_the_request,
    "an open change of the call": inserted(),
    "a freeze": told(Event.SUCCEEDED, action=Action.FREEZE, call_sid=""),
    "the call's end": told(Event.SUCCEEDED, details={"status_after": "completed"}),
    "the call's end, seen later": told(Event.NOTED, details={"status_after": "completed"}),
}
NO_HINDRANCES: dict[str, Past] = {
    "an open change of another call": inserted(call_sid=OTHER_CALL),
    "a closed change of the call": closed_change_of_the_call,
    "a freeze that is over": frozen_and_unfrozen,
    "a freeze that was refused": told(Event.DENIED, action=Action.FREEZE, call_sid=""),
    "a request": told(Event.REQUESTED),
    "the end of another call": told(
        Event.SUCCEEDED, call_sid=OTHER_CALL, details={"status_after": "completed"}
    ),
    "the end of the call's namesake": told(
        Event.SUCCEEDED, account_sid="AC" + "9" * 32, details={"status_after": "completed"}
    ),
}


@pytest.mark.parametrize("past", HINDRANCES.values(), ids=HINDRANCES)
async def test_what_stands_in_the_way_is_seen(ledger: SqlLedger, past: Past) -> None:
    await past(ledger)

    assert await ledger.write(hinders)
    assert await ledger.write(lambda tx: tx.is_hindered(REQUEST, ACCOUNT, CALL))


@pytest.mark.parametrize("past", NO_HINDRANCES.values(), ids=NO_HINDRANCES)
async def test_what_does_not_stand_in_the_way_is_not(ledger: SqlLedger, past: Past) -> None:
    await past(ledger)

    assert not await ledger.write(hinders)
    assert not await ledger.write(lambda tx: tx.is_hindered(REQUEST, ACCOUNT, CALL))


async def test_what_twilio_said_of_a_live_call_is_looked_at_closely(ledger: SqlLedger) -> None:
    """The one question may say too much, never too little."""
    await told(Event.SUCCEEDED, details={"status_after": "in-progress"})(ledger)

    assert not await ledger.write(hinders)
    assert await ledger.write(lambda tx: tx.is_hindered(REQUEST, ACCOUNT, CALL))
