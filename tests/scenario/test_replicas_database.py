"""Two bots on a PostgreSQL that is failed over: both go on, and they go on as one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from bot.sandbox.slack import Delivery
from bot.sandbox.twilio import Call
from tests.scenario.company import ANA, BEN
from tests.scenario.postgres_servers import NAME, Server, own_server
from tests.scenario.processes import BotProcess, Stage, stage
from tests.scenario.trouble import until

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(
        "os.environ.get('HOOKFLASH_TEST_SKIP_POSTGRES') == '1'",
        reason="HOOKFLASH_TEST_SKIP_POSTGRES=1 leaves PostgreSQL out",
    ),
]
NOT_DONE = "It was *not* done"


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that may be crashed."""
    with own_server() as running:
        yield running


async def hang_up(set_up: Stage, bot: BotProcess, call: Call) -> Delivery:
    """Ana hangs up a call at this replica."""
    return await set_up.command_by(bot, ANA, f"/calls hangup {call.sid}")


async def test_when_a_standby_takes_over_both_replicas_go_on_as_one(server: Server) -> None:
    """What replicas show each other of the calls is not copied to the standby."""
    standby = server.make_standby()
    url = f"postgresql://postgres@/{NAME}?host={server.data},{standby.data}"
    async with stage(url) as set_up:
        calls = [set_up.call_in_progress() for _ in range(4)]
        first, second = await asyncio.gather(set_up.start(), set_up.start())
        for bot in (first, second):
            await set_up.command_by(bot, BEN, "/calls")
        await hang_up(set_up, first, calls[0])
        await until(lambda: not calls[0].is_live)

        await asyncio.to_thread(server.crash)
        refused = [await hang_up(set_up, bot, calls[1]) for bot in (first, second)]
        sent_meanwhile = set_up.twilio.updates(calls[1].sid)
        await asyncio.to_thread(standby.promote)
        for bot in (first, second):
            await until(bot.is_ready)
        deliveries = [await hang_up(set_up, bot, calls[1]) for bot in (first, second)]
        await hang_up(set_up, first, calls[2])
        await hang_up(set_up, second, calls[3])
        await until(lambda: not any(call.is_live for call in calls))

        assert all(NOT_DONE in delivery.body for delivery in refused)
        assert sent_meanwhile == []
        assert all(delivery.is_ok for delivery in deliveries)
        assert [len(set_up.twilio.updates(call.sid)) for call in calls] == [1, 1, 1, 1]
        assert await set_up.log_holds()
