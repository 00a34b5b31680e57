"""The composition root: the one package that knows every layer. It opens nothing at import."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import structlog
from aiohttp import ClientSession, ClientTimeout

from bot.application.deadlines import DEFAULT_DEADLINES, Deadlines
from bot.application.ports import Clock
from bot.bootstrap.bot import DRAIN_S, Bot
from bot.database import migrate
from bot.database.engine import open_database
from bot.settings import Settings
from bot.slack.app import SLACK_TIMEOUT_S
from bot.web.runner import serve_until_stopped

__all__ = ["DRAIN_S", "Bot", "run_bot", "serve"]

_log = structlog.get_logger(__name__)


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


async def serve(settings: Settings, *, deadlines: Deadlines = DEFAULT_DEADLINES) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP, then finish what was accepted.

    Raises:
        CannotListenError: the address is not free.
        LogUnavailableError: the database does not answer.
        SchemaOutdatedError: the schema must be brought up to date first.
    """
    async with run_bot(settings, deadlines=deadlines) as bot:
        bot.tasks.spawn(bot.keeping.life.started(), name="record the start")
        await serve_until_stopped(
            bot.web_app,
            host=settings.host,
            port=settings.port,
            stop=asyncio.Event(),
            on_listening=lambda: _log.info("ready", host=settings.host, port=settings.port),
            on_stop=bot.stop,
        )
        _log.info("stopped")


@asynccontextmanager
async def run_bot(
    settings: Settings, *, clock: Clock = now, deadlines: Deadlines = DEFAULT_DEADLINES
) -> AsyncIterator[Bot]:
    """Everything wired together and started, but for the HTTP server in front of it."""
    await asyncio.to_thread(migrate.prepare, settings.database_url.get_secret_value())
    async with AsyncExitStack() as closing:
        database = open_database(settings.database_url.get_secret_value())
        closing.push_async_callback(database.close)
        session = await closing.enter_async_context(
            ClientSession(timeout=ClientTimeout(total=SLACK_TIMEOUT_S))
        )
        bot = Bot(settings, database=database, session=session, clock=clock, deadlines=deadlines)
        closing.push_async_callback(bot.outside.gateway.close)
        await bot.start()
        yield bot
