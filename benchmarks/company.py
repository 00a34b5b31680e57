"""The bot as a process of its own between the sandbox's stand-ins for Slack and Twilio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from benchmarks.processes import HOST, Server, free_port, running
from benchmarks.settings import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    BOT_TOKEN,
    CHANNEL,
    OPERATOR,
    SIGNING_SECRET,
    TEAM_ID,
    environment,
)
from bot.database.migrate import upgrade
from bot.sandbox.slack import Message, SlackStandIn
from bot.sandbox.twilio import TwilioStandIn

ANSWERS_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Company:
    """One operator in one channel, the phone network, and the bot."""

    slack: SlackStandIn
    twilio: TwilioStandIn
    bot: Server

    def seen(self) -> list[Message]:
        """What the operator sees in the channel, oldest first."""
        return self.slack.workspace.messages_for(OPERATOR, CHANNEL)

    async def type(self, text: str) -> None:
        """Type a command and wait for its ack.

        Raises:
            RuntimeError: it was not acknowledged.
        """
        delivery = await self.slack.command(OPERATOR, CHANNEL, text)
        if not delivery.is_ok:
            raise RuntimeError(f"{text}: {delivery.outcome}")

    async def ask(self, text: str) -> Message:
        """The message that answers a command."""
        before = len(self.seen())
        await self.type(text)
        await self.slack.until(lambda: len(self.seen()) > before, timeout_s=ANSWERS_WITHIN_S)
        return self.seen()[-1]


@asynccontextmanager
async def company(database_url: str) -> AsyncIterator[Company]:
    """The company at work, on a database with all its tables."""
    await asyncio.to_thread(upgrade, database_url)
    port = free_port()
    async with (
        SlackStandIn(bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET, team_id=TEAM_ID) as slack,
        TwilioStandIn(account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN) as twilio,
    ):
        slack.workspace.add_user("ana", user_id=OPERATOR)
        slack.workspace.add_channel("support", channel_id=CHANNEL, members=(OPERATOR,))
        slack.request_url = f"http://{HOST}:{port}/slack/events"
        settings = environment(
            port=port,
            database_url=database_url,
            slack_api_url=slack.api_url,
            twilio_url=twilio.url,
        )
        async with running(("bot", "serve"), settings, port=port) as bot:
            yield Company(slack, twilio, bot)
