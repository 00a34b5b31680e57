"""How a bot in Socket Mode starts, and how it stops."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.bootstrap import run_bot
from bot.sandbox.slack import Delivery
from bot.sandbox.twilio import Call
from bot.settings import load_settings
from bot.slack.access import TokenRefusedError
from bot.slack.socket_mode import CONNECTIONS
from tests.scenario.company import ANA, APP_TOKEN, SUPPORT, environ_for, outside_world
from tests.scenario.processes import BotProcess, Stage, stage
from tests.scenario.sockets import OPEN, is_up
from tests.scenario.trouble import log_taken, until

HANG_UP = {"Status": "completed"}


async def test_a_wrong_app_level_token_is_told_at_the_start(tmp_path: Path) -> None:
    async with outside_world() as (slack, twilio), AsyncExitStack() as bots:
        environ = environ_for(
            slack,
            twilio,
            database_url=f"sqlite:///{tmp_path}/hookflash.db",
            SLACK_APP_TOKEN="xapp-1-A0OTHER-1-other",
        )

        with pytest.raises(TokenRefusedError, match="SLACK_APP_TOKEN"):
            await bots.enter_async_context(run_bot(load_settings(environ)))


async def test_a_slack_that_is_away_at_the_start_is_waited_for_beside_the_rest(
    tmp_path: Path,
) -> None:
    async with outside_world() as (slack, twilio):
        environ = environ_for(
            slack,
            twilio,
            database_url=f"sqlite:///{tmp_path}/hookflash.db",
            SLACK_APP_TOKEN=APP_TOKEN,
        )
        slack.faults.break_down(OPEN, times=None)
        async with run_bot(load_settings(environ)) as bot:
            try:
                at_first = dict((await bot.readiness()).parts)
                slack.faults.clear(OPEN)
                await until(lambda: is_up(slack))
                later = dict((await bot.readiness()).parts)
            finally:
                await bot.stop()

        assert (at_first["slack_socket"], later["slack_socket"]) == (False, True)
        assert slack.sockets.open == []


async def test_sigterm_acknowledges_what_came_and_what_still_comes_does_it_and_closes(
    tmp_path: Path,
) -> None:
    """One request at each connection before the signal, and one after it."""
    database_url = f"sqlite:///{tmp_path}/hookflash.db"
    async with stage(database_url) as set_up:
        bot = await _bot_in_socket_mode(set_up)
        calls = [set_up.call_in_progress() for _ in range(2 * CONNECTIONS)]

        def hang_up(call: Call) -> asyncio.Task[Delivery]:
            command = set_up.slack.command(ANA, SUPPORT, f"/calls hangup {call.sid}")
            return asyncio.create_task(command)

        async with log_taken(database_url):
            deeds = [hang_up(call) for call in calls[:CONNECTIONS]]
            await until(lambda: len(set_up.slack.sockets.envelopes) == len(deeds))
            bot.send(signal.SIGTERM)
            await until(bot.lets_nobody_in)
            deeds += [hang_up(call) for call in calls[CONNECTIONS:]]
            await until(lambda: len(set_up.slack.sockets.envelopes) == len(deeds))
            await asyncio.sleep(0.1)

        assert [(await deed).outcome for deed in deeds] == ["ok"] * len(calls)
        assert await bot.ended() == 0
        assert set_up.slack.sockets.open == []
        assert [set_up.twilio.updates(call.sid) for call in calls] == [[HANG_UP]] * len(calls)
        assert await set_up.is_settled()


async def _bot_in_socket_mode(set_up: Stage) -> BotProcess:
    set_up.environ = {**set_up.environ, "SLACK_APP_TOKEN": APP_TOKEN}
    bot = await set_up.start()
    set_up.slack.request_url = None
    await until(lambda: is_up(set_up.slack))
    return bot
