"""A PostgreSQL server that crashes: it comes back, or another one takes its place."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.application.deadlines import Deadlines
from bot.sandbox.twilio import Call
from tests.fixtures_database import administration
from tests.scenario.company import ANA, BEN, SUPPORT_LINE, VERA, Company, company
from tests.scenario.postgres_servers import NAME, Server, own_server
from tests.scenario.trouble import NOT_DONE, until

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(
        "os.environ.get('HOOKFLASH_TEST_SKIP_POSTGRES') == '1'",
        reason="HOOKFLASH_TEST_SKIP_POSTGRES=1 leaves PostgreSQL out",
    ),
]
# What is left open is settled soon after the log is back.
HASTY = Deadlines(
    twilio_s=4.0,
    finish_s=0.2,
    hang_up_try_s=0.5,
    look_s=0.3,
    claim_lease_s=1.5,
    second_look_after_s=0.1,
    settle_every_s=0.2,
)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that may be crashed."""
    with own_server() as running:
        yield running


def a_call(here: Company) -> Call:
    """A call that is up."""
    return here.twilio.network.call_in_progress(to=SUPPORT_LINE)


async def test_what_was_recorded_outlives_a_server_that_answers_before_its_disk(
    server: Server,
) -> None:
    """Some operators set it so for speed. A call was changed by then, so it must not be lost."""
    server.set("wal_writer_delay", "10s")
    server.set("synchronous_commit", "off")
    async with company(server.url(), deadlines=HASTY) as here:
        call = a_call(here)
        await here.say(ANA, f"/calls hangup {call.sid}")
        await until(lambda: len(here.changes_sent()) == 1)

        await asyncio.to_thread(server.restart)

        with administration(server.url()) as connection:
            asked = "SELECT count(*) FROM audit_entries WHERE event = 'requested'"
            assert connection.scalar(text(asked)) == 1


async def test_a_server_that_crashes_in_the_middle_of_an_accept_and_comes_back(
    server: Server,
) -> None:
    """The accept waits for somebody else's transaction when the server goes."""
    async with company(server.url(), deadlines=HASTY) as here:
        call = a_call(here)
        await here.say(VERA, "/calls")
        with suppress(DBAPIError), administration(server.url()) as other:
            other.execute(text("BEGIN"))
            other.execute(text("LOCK TABLE audit_heads IN ACCESS EXCLUSIVE MODE"))
            deed = asyncio.create_task(here.say(ANA, f"/calls hangup {call.sid}"))
            await until(lambda: _is_waiting(server))
            await asyncio.to_thread(server.restart)
            delivery = await deed
        changes = here.changes_sent()

        await here.say(BEN, f"/calls hangup {call.sid}")

        assert NOT_DONE in delivery.body
        assert changes == []
        assert await here.events() == [(BEN, "hang_up requested"), (BEN, "hang_up succeeded")]
        assert not call.is_live
        assert (await here.bot.outside.log.verify()).fault is None


async def test_when_a_standby_takes_over_nothing_is_lost_and_the_bot_goes_on(
    server: Server,
) -> None:
    """The server goes while Twilio thinks, and the standby takes no changes for a while."""
    standby = server.make_standby()
    url = f"postgresql://postgres@/{NAME}?host={server.data},{standby.data}"
    async with company(url, deadlines=HASTY) as here:
        first, second = a_call(here), a_call(here)
        slow = here.twilio.faults.next("slow", match="POST /", seconds=60.0)
        deed = asyncio.create_task(here.say(ANA, f"/calls redirect {first.sid} hold-music"))
        await until(lambda: len(here.changes_sent()) == 1)

        await asyncio.to_thread(server.crash)
        slow.let_go()
        await deed
        delivery = await here.say(ANA, f"/calls hangup {second.sid}")
        changes = here.changes_sent()
        await asyncio.to_thread(standby.promote)
        await until(lambda: _has_ended(here, ANA))
        await here.say(BEN, f"/calls hangup {second.sid}")

        assert NOT_DONE in delivery.body
        assert len(changes) == 1
        assert await here.events() == [
            (ANA, "redirect requested"),
            (ANA, "redirect succeeded"),
            (BEN, "hang_up requested"),
            (BEN, "hang_up succeeded"),
        ]
        assert not second.is_live
        assert (await here.bot.outside.log.verify()).fault is None


def _is_waiting(server: Server) -> bool:
    with administration(server.url()) as connection:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return bool(connection.scalar(text(waiting)))


async def _has_ended(here: Company, who: str) -> bool:
    return (who, "redirect succeeded") in await here.events()
