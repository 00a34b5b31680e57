"""The sandbox's page over real HTTP, with a little app in the place of the bot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from bot.sandbox import company
from bot.sandbox.page.server import PageServer
from bot.sandbox.page.stage import Stage
from bot.sandbox.run import set_stage
from bot.sandbox.slack import Message, SlackStandIn
from bot.sandbox.slack.content import Content
from bot.sandbox.twilio import PacedClock, TwilioStandIn
from tests.contract.slack_stand_in_bot import BOT_TOKEN, SIGNING_SECRET, Json, LittleBot

ACCOUNT_SID = "AC" + "a1" * 16
ANA, BEN, SUPPORT = "U0ANA", "U0BEN", "C0SUPPORT"


@dataclass
class Page:
    """The page as Ana has it open at #support, and what stands behind it."""

    stage: Stage
    app: LittleBot
    http: aiohttp.ClientSession
    server: PageServer

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def slack(self) -> SlackStandIn:
        return self.stage.slack

    @property
    def origin(self) -> str:
        return self.url.rstrip("/")

    async def part(self, name: str, *, who: str = ANA, where: str = SUPPORT) -> str:
        """The HTML of a part of the page."""
        async with self.http.get(f"{self.url}part/{name}?as={who}&in={where}") as response:
            assert response.status == 200
            return await response.text()

    async def do(self, path: str, **form: str | list[str]) -> tuple[int, str]:
        """Posts a form as the page does: the status, and what the person is told."""
        fields = [
            (name, each)
            for name, value in {"as": ANA, "in": SUPPORT, **form}.items()
            for each in ([value] if isinstance(value, str) else value)
        ]
        headers = {"Origin": self.origin}
        async with self.http.post(f"{self.url}{path}", data=fields, headers=headers) as response:
            return response.status, await response.text()

    def post(self, *blocks: Json, text: str = "fallback", to: str | None = None) -> Message:
        """A message of the app in #support, which no judge of Block Kit has seen."""
        content = Content(text, list(blocks))
        return self.slack.workspace.post(SUPPORT, content, ephemeral_to=to)


@asynccontextmanager
async def page_at_work() -> AsyncIterator[Page]:
    """Both stand-ins, the little app and the page, open in a browser that keeps its cookie."""
    app, bot_url, runner = await _start_app()
    slack = SlackStandIn(
        bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET, request_url=f"{bot_url}/slack/events"
    )
    clock = PacedClock()
    twilio = TwilioStandIn(account_sid=ACCOUNT_SID, auth_token="b2" * 16, clock=clock)
    company.seed_workspace(slack)
    company.seed_network(twilio.network)
    jar = aiohttp.CookieJar(unsafe=True)
    async with slack, twilio, aiohttp.ClientSession(cookie_jar=jar) as http:
        stage = set_stage(slack, twilio, clock, {}, bot_url)
        server = PageServer(stage)
        await server.start()
        async with http.get(server.url) as response:
            assert response.status == 200
        yield Page(stage, app, http, server)
        await server.stop()
    await runner.cleanup()


async def _start_app() -> tuple[LittleBot, str, web.AppRunner]:
    little = LittleBot()
    app = web.Application()
    app.router.add_post("/slack/events", little.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return little, f"http://127.0.0.1:{runner.addresses[0][1]}", runner
