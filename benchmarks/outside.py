"""The cheapest Twilio and Slack that the bot can work with, as a process of its own.

They answer at once and check nothing, so that they take as little as possible of the processors
that the bot and the load share. `GET /updates` tells how many changes of calls came in. Argument:
the port.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from benchmarks.processes import HOST
from benchmarks.settings import ACCOUNT_SID, CHANNEL, TEAM_ID

SERVED_PATH = "/updates"
SLACK_ANSWERS: Mapping[str, dict[str, Any]] = {
    "auth.test": {"team_id": TEAM_ID, "user_id": "U0BOT", "bot_id": "B0BOT"},
    "conversations.info": {"channel": {"id": CHANNEL}},
}


def build_app() -> web.Application:
    """All that the bot asks for while it hangs up calls."""
    updates = 0

    async def update_call(request: web.Request) -> web.Response:
        nonlocal updates
        updates += 1
        call_sid = request.match_info["sid"]
        return web.json_response(
            {"sid": call_sid, "account_sid": ACCOUNT_SID, "status": "completed"},
            headers={"Twilio-Request-Id": f"RQ{updates:032x}"},
        )

    async def count_updates(_request: web.Request) -> web.Response:
        return web.json_response(updates)

    async def account(_request: web.Request) -> web.Response:
        return web.json_response({"sid": ACCOUNT_SID, "incoming_phone_numbers": []})

    async def slack(request: web.Request) -> web.Response:
        return web.json_response({"ok": True} | SLACK_ANSWERS[request.match_info["method"]])

    async def answered(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    of_account = f"/2010-04-01/Accounts/{ACCOUNT_SID}"
    app = web.Application()
    app.add_routes(
        [
            web.post(f"{of_account}/Calls/{{sid}}.json", update_call),
            web.get(f"{of_account}.json", account),
            web.get(f"{of_account}/IncomingPhoneNumbers.json", account),
            web.route("*", "/api/{method}", slack),
            web.post("/response", answered),
            web.get(SERVED_PATH, count_updates),
        ]
    )
    return app


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
