"""Bots as processes of their own beside the stand-ins: started, stopped, killed, looked at."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import IO
from urllib.parse import urlsplit

import aiohttp

from bot.bootstrap import Bot
from bot.database.audit_reader import SqlAuditReader
from bot.database.engine import open_database
from bot.domain.audit import MAIN_CHAIN, Action
from bot.sandbox.slack import Delivery, Message, SlackStandIn
from bot.sandbox.twilio import Call, TwilioStandIn
from tests.ports import kept_port
from tests.scenario.company import (
    ANA,
    SUPPORT,
    SUPPORT_LINE,
    bot_at_work,
    environ_for,
    outside_world,
)
from tests.scenario.dying_bot import DEADLINES
from tests.scenario.trouble import until

HEALTHY = ("bot", "serve")
READY_WITHIN_S = 60.0
OUTCOMES = ("succeeded", "failed", "unknown")


@dataclass
class BotProcess:
    """One bot and where it listens."""

    process: asyncio.subprocess.Process
    url: str
    talk: IO[bytes]

    @property
    def request_url(self) -> str:
        """Where Slack's requests go."""
        return f"{self.url}/slack/events"

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    async def is_ready(self) -> bool:
        """Whether it can serve requests now.

        Raises:
            RuntimeError: it has ended, with what it said.
        """
        if self.process.returncode is not None:
            self.talk.seek(0)
            said = self.talk.read().decode()
            raise RuntimeError(f"the bot ended instead of being ready: {said}")
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{self.url}/readyz") as answer,
            ):
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def lets_nobody_in(self) -> bool:
        """Whether it does not listen any more, as when it has begun to stop."""
        at = urlsplit(self.url)
        try:
            _, writer = await asyncio.open_connection(at.hostname, at.port)
        except OSError:
            return True
        writer.close()
        return False

    async def ended(self) -> int:
        """Its exit code, once it has ended; a signal's number below zero where one killed it."""
        return await asyncio.wait_for(self.process.wait(), 30)


@dataclass
class Stage:
    """Slack, Twilio and a database, for bots that come and go."""

    slack: SlackStandIn
    twilio: TwilioStandIn
    reader: SqlAuditReader
    environ: Mapping[str, str]
    bots: list[BotProcess] = field(default_factory=list)
    _here: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self, *module: str, **settings: str) -> BotProcess:
        """A bot that is ready; Slack's requests go to the one that was started last."""
        port = self._here.enter_context(kept_port())
        talk = tempfile.TemporaryFile()  # noqa: SIM115 - the process writes to it as long as it lives
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *(module or HEALTHY),
            env={
                "PATH": os.environ["PATH"],
                **self.environ,
                **settings,
                "PORT": str(port),
                "HOST": "127.0.0.1",
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=talk,
        )
        bot = BotProcess(process, f"http://127.0.0.1:{port}", talk)
        self.bots.append(bot)
        await until(bot.is_ready, within_s=READY_WITHIN_S)
        self.slack.request_url = bot.request_url
        return bot

    async def start_here(self) -> Bot:
        """A healthy bot in this process, which costs no second to start."""
        return await self._here.enter_async_context(
            bot_at_work(self.slack, self.environ, deadlines=DEADLINES)
        )

    async def command_by(self, bot: BotProcess, who: str, text: str) -> Delivery:
        """The command reaches this one of the replicas."""
        self.slack.request_url = bot.request_url
        return await self.slack.command(who, SUPPORT, text)

    def call_in_progress(self) -> Call:
        """A call that is up."""
        return self.twilio.network.call_in_progress(to=SUPPORT_LINE)

    async def events(self) -> list[str]:
        """What the log says of changes, oldest first: event and reason."""
        return [
            " ".join(filter(None, (entry.event, str(entry.details.get("reason", "")))))
            async for entry, _ in self.reader.entries()
            if entry.action != Action.SERVE
        ]

    async def is_settled(self) -> bool:
        """Whether every change that the log knows of, one at least, has come to an outcome."""
        events = Counter(event.split()[0] for event in await self.events())
        return 0 < events["requested"] == sum(events[outcome] for outcome in OUTCOMES)

    def results(self) -> list[Message]:
        """What a bot has said in the channel, as Ana sees it, oldest first."""
        workspace = self.slack.workspace
        bot = workspace.app.bot_user_id
        return [one for one in workspace.messages_for(ANA, SUPPORT) if one.user == bot]

    async def log_holds(self) -> bool:
        """Whether the log's own check finds nothing wrong."""
        return (await self.reader.verify()).fault is None

    async def end(self) -> None:
        """Stop the bot that is here, and kill what else still runs."""
        await self._here.aclose()
        for bot in self.bots:
            if bot.process.returncode is None:
                bot.send(signal.SIGKILL)
                await bot.ended()
            bot.talk.close()


@asynccontextmanager
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """Everything but the bots."""
    database = open_database(database_url)
    reader = SqlAuditReader(database.reader, chain_id=MAIN_CHAIN)
    async with outside_world() as (slack, twilio):
        environ = environ_for(slack, twilio, database_url=database_url)
        set_up = Stage(slack, twilio, reader, environ)
        try:
            yield set_up
        finally:
            await set_up.end()
            await database.close()
