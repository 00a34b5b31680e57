"""A small company with its Slack, its Twilio and its bot, all on loopback, for stories."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from bot.application.deadlines import Deadlines
from bot.application.ports import Clock
from bot.bootstrap import Bot, now, run_bot
from bot.domain.audit import AuditEntry, PersonalValue
from bot.sandbox.slack import Delivery, Message, SlackStandIn, View
from bot.sandbox.twilio import Call, TwilioStandIn
from bot.settings import load_settings

ACCOUNT_SID = "AC" + "a1" * 16
AUTH_TOKEN = "b2" * 16
BOT_TOKEN = "xoxb-1-2-test"
SIGNING_SECRET = "c3" * 16
APP_TOKEN = "xapp-1-A0SANDBOX-1-test"

ANA, BEN, VERA, ADA, GUS, OLGA = "U0ANA", "U0BEN", "U0VERA", "U0ADA", "U0GUS", "U0OLGA"
SUPPORT, FRAUD, SHARED = "C0SUPPORT", "C0FRAUD", "C0SHARED"
QUICK = Deadlines(second_look_after_s=0.25)
# How long one look at the live calls is shared: less than the settings allow, so that tests need
# not wait long for the next one.
LOOK_SHARED_FOR_S = 0.1
SUPPORT_LINE = "+442079460000"
SUPPORT_FLOW = "https://voice.example.com/support"


@dataclass(frozen=True, slots=True)
class Logged:
    """One entry of the log with its personal values in clear."""

    entry: AuditEntry
    personal: Mapping[str, str]


@dataclass
class Company:
    """What a test can do and look at. Deeds return once everything that they started has ended."""

    slack: SlackStandIn
    twilio: TwilioStandIn
    bot: Bot

    async def say(self, who: str, text: str, *, where: str = SUPPORT) -> Delivery:
        """Type a slash command."""
        delivery = await self.slack.command(who, where, text)
        await self.at_rest()
        return delivery

    async def click(
        self,
        who: str,
        label: str,
        *,
        on: Message | View | None = None,
        call: Call | None = None,
        where: str = SUPPORT,
        typed: Mapping[str, str] | None = None,
    ) -> Delivery:
        """Press the button with this label, on the newest message unless another is named.

        What is typed into the message's inputs before is given by their block ids.
        """
        message = on or self.last(who, where=where)
        value = call.sid if call else None
        delivery = await self.slack.click(who, message, text=label, value=value, typed=typed)
        await self.at_rest()
        return delivery

    async def submit(self, who: str, values: Mapping[str, str]) -> Delivery:
        """Fill the modal on top and submit it."""
        delivery = await self.slack.submit(who, self.modal(who), values)
        await self.at_rest()
        return delivery

    async def at_rest(self, *, within_s: float = 60.0) -> None:
        """Wait until the bot has ended all that it does after its acks."""
        async with asyncio.timeout(within_s):
            await self.bot.tasks.at_rest()

    async def next_look(self) -> None:
        """Wait until the next person who asks for live calls makes the bot look at Twilio again.

        That depends on how long the last look took.
        """
        snapshot = self.bot.live._snapshot
        async with asyncio.timeout(30):
            while snapshot.is_current():  # noqa: ASYNC110 - a matter of the clock, nobody tells of it
                await asyncio.sleep(LOOK_SHARED_FOR_S)

    def seen_by(self, who: str, *, where: str = SUPPORT) -> list[Message]:
        """The channel's messages as this person sees them, oldest first."""
        return self.slack.workspace.messages_for(who, where)

    def last(self, who: str, *, where: str = SUPPORT) -> Message:
        """The newest message that this person sees there."""
        return self.seen_by(who, where=where)[-1]

    def modal(self, who: str) -> View:
        """The modal that this person has before them."""
        return self.slack.workspace.views[who][-1]

    def posted(self, *, where: str = SUPPORT) -> list[Message]:
        """What the bot has posted for everybody there, oldest first."""
        workspace = self.slack.workspace
        return [
            message
            for message in workspace.messages
            if (message.channel_id, message.user) == (where, workspace.app.bot_user_id)
            and message.ephemeral_to is None
            and not message.deleted
        ]

    def changes_sent(self) -> list[dict[str, str]]:
        """The form of each change of a call that Twilio was asked for, oldest first."""
        return [request.form for request in self.twilio.requests if request.method == "POST"]

    async def log(self) -> list[Logged]:
        """The whole log, oldest entry first."""
        return [
            Logged(entry, _in_clear(personal))
            async for entry, personal in self.bot.outside.log.entries()
        ]

    async def events(self) -> list[tuple[str, str]]:
        """Who (user id) and what (event of an action), oldest entry first."""
        return [
            (logged.entry.actor_user_id, f"{logged.entry.action} {logged.entry.event}")
            for logged in await self.log()
        ]


def _in_clear(personal: object) -> dict[str, str]:
    values: list[PersonalValue] = list(personal)  # type: ignore[call-overload]
    return {value.field: value.value for value in values}


def environ_for(
    slack: SlackStandIn, twilio: TwilioStandIn, *, database_url: str, **more: str
) -> dict[str, str]:
    """The settings with which a bot works for this company."""
    return {
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "SLACK_API_URL": slack.api_url,
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_API_URL": twilio.url,
        "DATABASE_URL": database_url,
        "HOOKFLASH_ADMINS": ADA,
        "HOOKFLASH_OPERATORS": f"{ANA},{BEN}",
        "HOOKFLASH_REDIRECT_HOSTS": "voice.example.com",
        "HOOKFLASH_DIAL_PREFIXES": "+44",
    } | more


@asynccontextmanager
async def outside_world() -> AsyncIterator[tuple[SlackStandIn, TwilioStandIn]]:
    """Slack with its people and channels, and Twilio with its numbers."""
    async with (
        SlackStandIn(
            bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET, app_token=APP_TOKEN
        ) as slack,
        TwilioStandIn(account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN) as twilio,
    ):
        # How long an ack takes is measured by a benchmark: a machine that stalls breaks no promise.
        slack.ack_timeout_s = 60.0
        people(slack)
        twilio.network.example_hosts.register(
            SUPPORT_FLOW, "<Response><Say>Welcome to support</Say><Pause length='600'/></Response>"
        )
        twilio.network.add_number(SUPPORT_LINE, "Support line", SUPPORT_FLOW)
        yield slack, twilio


def people(slack: SlackStandIn) -> None:
    """Two operators, a viewer, an admin, a guest and somebody of another company."""
    workspace = slack.workspace
    for user_id, name in ((ANA, "ana"), (BEN, "ben"), (VERA, "vera"), (ADA, "ada")):
        workspace.add_user(name, user_id=user_id)
    workspace.add_user("gus", user_id=GUS, is_restricted=True)
    workspace.add_user("olga", user_id=OLGA, team_id="T0OTHER")
    everybody = (ANA, BEN, VERA, ADA, GUS)
    workspace.add_channel("support", channel_id=SUPPORT, members=everybody)
    workspace.add_channel("fraud", channel_id=FRAUD, members=everybody, app_is_member=False)
    workspace.add_channel("shared", channel_id=SHARED, members=(*everybody, OLGA), is_shared=True)


@asynccontextmanager
async def company(
    database_url: str, *, deadlines: Deadlines = QUICK, clock: Clock = now, **settings: str
) -> AsyncIterator[Company]:
    """The whole company at work."""
    async with outside_world() as (slack, twilio):
        environ = environ_for(slack, twilio, database_url=database_url, **settings)
        async with bot_at_work(slack, environ, deadlines=deadlines, clock=clock) as bot:
            yield Company(slack, twilio, bot)


@asynccontextmanager
async def bot_at_work(
    slack: SlackStandIn,
    environ: Mapping[str, str],
    *,
    deadlines: Deadlines = QUICK,
    clock: Clock = now,
) -> AsyncIterator[Bot]:
    """The bot, to which Slack's requests go from now on."""
    settings = load_settings(environ).model_copy(update={"poll_s": LOOK_SHARED_FOR_S})
    async with run_bot(settings, deadlines=deadlines, clock=clock) as bot:
        runner = web.AppRunner(bot.web_app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        try:
            yield bot
        finally:
            await runner.cleanup()
            await bot.stop()
