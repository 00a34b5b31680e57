"""A database that can be read and not written: nothing is sent, and it mends without a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager

import pytest

from bot.sandbox.twilio import Call
from tests.scenario.company import ANA, BEN, SUPPORT_LINE, VERA, Company, company
from tests.scenario.reading import shown
from tests.scenario.trouble import NOT_DONE, ON_POSTGRES, altered, readiness


@pytest.fixture
async def here(database_url: str) -> AsyncIterator[Company]:
    """The company at work."""
    async with company(database_url) as at_work:
        yield at_work


@pytest.fixture
def call(here: Company) -> Call:
    """The one live call."""
    return here.twilio.network.call_in_progress(to=SUPPORT_LINE)


def read_only(database_url: str) -> AbstractContextManager[None]:
    """Every connection from now on is one to a server that takes no changes, as a standby's is."""
    setting = "default_transaction_read_only"
    return altered(database_url, f"SET {setting} = on", back=f"RESET {setting}")


@ON_POSTGRES
async def test_a_connection_to_a_server_that_takes_no_changes_is_not_kept(
    here: Company, call: Call, database_url: str
) -> None:
    """After a failover the connections that were made meanwhile lead to a standby for ever."""
    await here.say(VERA, "/calls")
    with read_only(database_url):
        delivery = await here.say(ANA, f"/calls hangup {call.sid}")
        await here.say(VERA, "/calls")
        ready_meanwhile = await readiness(here)
        changes = here.changes_sent()

    await here.say(BEN, f"/calls hangup {call.sid}")

    assert NOT_DONE in delivery.body
    assert call.sid in str(here.last(VERA).blocks)
    assert changes == []
    assert (ready_meanwhile, await readiness(here)) == (503, 200)
    assert not call.is_live
    assert [event for _, event in await here.events()] == [
        "hang_up requested",
        "hang_up succeeded",
    ]
    assert shown(here.last(BEN))
