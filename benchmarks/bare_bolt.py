"""The floor for Slack, as a process: Bolt with one empty listener, in the bot's mode.

Argument: the port.
"""

from __future__ import annotations

import asyncio
import sys

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult

from benchmarks.processes import HOST
from benchmarks.settings import BOT_TOKEN, SIGNING_SECRET, TEAM_ID


async def authorize() -> AuthorizeResult:
    """The same for each request, so that Slack is not asked."""
    return AuthorizeResult(
        enterprise_id=None, team_id=TEAM_ID, bot_token=BOT_TOKEN, bot_id="B0", bot_user_id="U0"
    )


def build_app() -> web.Application:
    """Bolt behind aiohttp, and nothing else."""
    app = AsyncApp(signing_secret=SIGNING_SECRET, authorize=authorize, process_before_response=True)

    @app.command("/calls")
    async def command(ack: AsyncAck) -> None:
        await ack()

    async def events(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    async def ready(_request: web.Request) -> web.Response:
        return web.Response()

    server = web.Application()
    server.add_routes([web.post("/slack/events", events), web.get("/readyz", ready)])
    return server


async def serve(port: int) -> None:
    """Serve until SIGTERM."""
    runner = web.AppRunner(build_app(), access_log=None, handle_signals=True)
    await runner.setup()
    await web.TCPSite(runner, HOST, port).start()
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    try:
        asyncio.run(serve(int(sys.argv[1])))
    except web.GracefulExit:
        sys.exit(0)
