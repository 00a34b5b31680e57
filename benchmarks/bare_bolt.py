"""The floors for Slack, as a process: Bolt with one listener, in the bot's mode.

The listener is empty, or inserts and commits one bare row, by itself or with those of the same
moment. Arguments: the port, and for the last two the URL of the database and `alone` or `shared`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult

from benchmarks.bare_rows import SharedRows, bare_engine, insert_bare_row
from benchmarks.processes import HOST
from benchmarks.settings import BOT_TOKEN, SIGNING_SECRET, TEAM_ID


async def authorize() -> AuthorizeResult:
    """The same for each request, so that Slack is not asked."""
    return AuthorizeResult(
        enterprise_id=None, team_id=TEAM_ID, bot_token=BOT_TOKEN, bot_id="B0", bot_user_id="U0"
    )


async def nothing() -> None:
    """Keep nothing."""


def build_app(keep: Callable[[], Awaitable[None]]) -> web.Application:
    """Bolt behind aiohttp, whose listener does nothing but *keep* something before its ack."""
    app = AsyncApp(signing_secret=SIGNING_SECRET, authorize=authorize, process_before_response=True)

    @app.command("/calls")
    async def command(ack: AsyncAck) -> None:
        await keep()
        await ack()

    async def events(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    async def ready(_request: web.Request) -> web.Response:
        return web.Response()

    server = web.Application()
    server.add_routes([web.post("/slack/events", events), web.get("/readyz", ready)])
    return server


def keeper(database_url: str, how: str) -> Callable[[], Awaitable[None]]:
    """What keeps one row, durable."""
    if how == "shared":
        return SharedRows(database_url).insert
    bare = bare_engine(database_url)

    async def keep() -> None:
        await bare.run(insert_bare_row, bare.engine)

    return keep


async def serve(port: int, *database: str) -> None:
    """Serve until SIGTERM."""
    keep = keeper(*database) if database else nothing
    runner = web.AppRunner(build_app(keep), access_log=None, handle_signals=True)
    await runner.setup()
    await web.TCPSite(runner, HOST, port).start()
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    try:
        asyncio.run(serve(int(sys.argv[1]), *sys.argv[2:]))
    except web.GracefulExit:
        sys.exit(0)
