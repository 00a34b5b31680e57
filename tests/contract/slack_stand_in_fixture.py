"""The stage on which the tests of the Slack stand-in play, as a fixture."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackStandIn
from tests.contract.slack_stand_in_bot import BOT_TOKEN, SIGNING_SECRET, Clock, LittleBot, Stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """The stand-in with two people and an app that listens; taken down at the end."""
    bot, clock = LittleBot(), Clock()
    application = web.Application()
    application.router.add_post("/slack/events", bot.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    slack = SlackStandIn(
        bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET, request_url=request_url, clock=clock
    )
    ana, ben = slack.workspace.add_user("ana"), slack.workspace.add_user("ben")
    ops = slack.workspace.add_channel("ops", members=[ana, ben])
    async with slack, aiohttp.ClientSession() as http:
        web_client = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url, session=http)
        yield Stage(slack, bot, web_client, http, clock, ana, ben, ops)
    await runner.cleanup()
