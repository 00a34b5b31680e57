"""The composition root: the one module that knows every layer. It opens nothing at import."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import structlog
from aiohttp import ClientSession, web

from bot.application.accept_change import ChangeDesk
from bot.application.deadlines import SECOND_LOOK_AFTER_S
from bot.application.find_call import CallFinder
from bot.application.find_destination import DestinationBook
from bot.application.freeze import FreezeSwitch
from bot.application.live_calls import LiveCalls
from bot.application.numbers import NumberBook
from bot.application.perform_change import ChangeWorker
from bot.application.ports import Clock
from bot.application.rights import Denials, Guard, Rights
from bot.application.send_change import ChangeSender
from bot.application.settle_changes import Settler
from bot.application.tasks import TaskSupervisor
from bot.database import migrate
from bot.database.audit_reader import SqlAuditReader
from bot.database.engine import Database, open_database
from bot.database.ledger import SqlLedger
from bot.database.url import driver_url, is_sqlite
from bot.domain.audit import MAIN_CHAIN
from bot.domain.errors import HookflashError
from bot.domain.people import Role
from bot.domain.redirects import RedirectPolicy
from bot.settings import Settings
from bot.slack.announcer import SlackAnnouncer
from bot.slack.app import build_slack_app, build_web_client
from bot.slack.channels import ChannelBook
from bot.slack.desk import Desk
from bot.slack.directory import SlackMemberDirectory
from bot.slack.http import events_handler
from bot.slack.installation import Installation
from bot.slack.listeners import FEATURES
from bot.slack.replies import Replies
from bot.slack.views.formatting import Place
from bot.twilio.gateway import TwilioGateway
from bot.web.metrics import Metrics
from bot.web.runner import serve_until_stopped
from bot.web.server import Readiness, build_web_app

DEFAULT_REGION = "us1"
# Heroku and Kubernetes kill a process 30 s after they have asked it to stop.
DRAIN_S = 20.0
# Slack and Twilio are waited for at the start, but their absence does not keep the bot down.
START_WAITS_S = 1.0

_log = structlog.get_logger(__name__)


class SchemaOutdatedError(HookflashError):
    """The database's schema is not the one that this version needs; the message says what to do."""


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was accepted.

    Raises:
        CannotListenError: the address is not free.
        LogUnavailableError: the database does not answer.
        SchemaOutdatedError: the schema must be brought up to date first.
    """
    async with run_bot(settings) as bot:
        await serve_until_stopped(
            bot.web_app,
            host=settings.host,
            port=settings.port,
            stop=asyncio.Event(),
            on_listening=lambda: _log.info("ready", host=settings.host, port=settings.port),
            on_stop=bot.stop,
        )


async def prepare_database(database_url: str) -> None:
    """Bring SQLite's schema up to date; refuse an out-of-date PostgreSQL, which may be shared.

    Raises:
        SchemaOutdatedError: with the command to run.
    """
    state = await asyncio.to_thread(migrate.check, database_url)
    if state.is_up_to_date:
        return
    if not is_sqlite(driver_url(database_url)):
        raise SchemaOutdatedError(
            f"The database's schema is {state.current or 'empty'} and must be {state.needed}. "
            "Run: hookflash db upgrade"
        )
    await asyncio.to_thread(migrate.upgrade, database_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """The parts that have to be started and ended."""

    web_app: web.Application
    gateway: TwilioGateway
    installation: Installation
    tasks: TaskSupervisor
    settler: Settler
    denials: Denials
    ledger: SqlLedger
    log: SqlAuditReader

    async def stop(self) -> None:
        """Finish what was accepted, write what is held back, close the log."""
        await self.tasks.stop(timeout_s=DRAIN_S)
        await self.denials.flush(everything=True)
        await self.ledger.close()


@asynccontextmanager
async def run_bot(
    settings: Settings, *, clock: Clock = now, second_look_after_s: float = SECOND_LOOK_AFTER_S
) -> AsyncIterator[Bot]:
    """Everything wired together and started, but for the HTTP server in front of it."""
    await prepare_database(settings.database_url.get_secret_value())
    async with AsyncExitStack() as closing:
        database = open_database(settings.database_url.get_secret_value())
        closing.push_async_callback(database.close)
        session = await closing.enter_async_context(ClientSession())
        bot = build_bot(
            settings,
            database=database,
            session=session,
            clock=clock,
            second_look_after_s=second_look_after_s,
        )
        closing.push_async_callback(bot.gateway.close)
        await asyncio.gather(bot.gateway.warm(), bot.installation.learn(timeout_s=START_WAITS_S))
        bot.tasks.serve(bot.settler.run, name="settle abandoned changes")
        bot.tasks.serve(bot.installation.keep_learning, name="learn the installation")
        yield bot


def build_bot(
    settings: Settings,
    *,
    database: Database,
    session: ClientSession,
    clock: Clock,
    second_look_after_s: float,
) -> Bot:
    """All layers, wired; nothing is started."""
    metrics = Metrics()
    tasks = TaskSupervisor()
    owner = f"{socket.gethostname()}/{os.getpid()}/{uuid4().hex[:8]}"
    username, password = settings.twilio_credentials
    gateway = TwilioGateway(
        account_sid=settings.twilio_account_sid,
        username=username,
        password=password,
        region=settings.twilio_region or "",
        edge=settings.twilio_edge or "",
        api_url=settings.twilio_api_url or "",
        clock=clock,
    )
    client = build_web_client(
        token=settings.slack_bot_token.get_secret_value(),
        api_url=settings.slack_api_url,
        session=session,
    )
    installation = Installation(client)
    place = Place(
        account_sid=settings.twilio_account_sid,
        region=settings.twilio_region or DEFAULT_REGION,
        command=settings.command,
    )
    ledger = SqlLedger(database.writer, chain_id=MAIN_CHAIN, clock=clock)
    log = SqlAuditReader(database.reader, chain_id=MAIN_CHAIN)
    directory = SlackMemberDirectory(client, team_id=lambda: installation.team_id)
    rights = Rights(settings.role_lists, directory)
    denials = Denials(ledger, clock=clock)
    guard = Guard(rights, denials)
    live = LiveCalls(gateway, poll_s=settings.poll_s)
    finder = CallFinder(gateway, live, account_sid=settings.twilio_account_sid)
    numbers = NumberBook(gateway)
    replies = Replies(client, session)
    channels = ChannelBook(client)
    worker = ChangeWorker(
        ledger=ledger,
        sender=ChangeSender(gateway, live, clock=clock),
        live=live,
        destinations=DestinationBook(finder, numbers),
        announcer=SlackAnnouncer(replies, channels, numbers, place=place),
        tasks=tasks,
        clock=clock,
        second_look_after_s=second_look_after_s,
    )
    desk = Desk(
        guard=guard,
        rights=rights,
        changes=ChangeDesk(
            ledger=ledger,
            rights=rights,
            denials=denials,
            live=live,
            policy=RedirectPolicy(
                hosts=settings.redirect_hosts,
                dial_prefixes=settings.dial_prefixes,
                ask=rights.who_to_ask(Role.ADMIN),
            ),
            account_sid=settings.twilio_account_sid,
            owner=owner,
            clock=clock,
        ),
        worker=worker,
        live=live,
        gateway=gateway,
        finder=finder,
        numbers=numbers,
        freeze=FreezeSwitch(guard, ledger),
        log=log,
        replies=replies,
        channels=channels,
        tasks=tasks,
        clock=clock,
        place=place,
    )
    slack_app = build_slack_app(
        client=client,
        signing_secret=settings.slack_signing_secret.get_secret_value(),
        installation=installation,
        features=FEATURES,
        desk=desk,
    )

    async def readiness() -> Readiness:
        return Readiness({"database": await log.is_answering()})

    return Bot(
        web_app=build_web_app(
            slack_events=events_handler(slack_app),
            readiness=readiness,
            metrics=metrics,
            metrics_token=(
                settings.metrics_token.get_secret_value() if settings.metrics_token else None
            ),
        ),
        gateway=gateway,
        installation=installation,
        tasks=tasks,
        settler=Settler(
            ledger=ledger, worker=worker, denials=denials, tasks=tasks, owner=owner, clock=clock
        ),
        denials=denials,
        ledger=ledger,
        log=log,
    )
