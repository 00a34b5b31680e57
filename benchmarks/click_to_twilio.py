"""From a click on **Hang up** to Twilio's receiving the update, against the bare SDK's call.

Ours begins when the signed click is written to the bot's connection, so its way through Bolt
counts, as does the commit before Twilio is asked; what Slack needs to make a click does not. The
floor begins when the warm SDK (AsyncTwilioHttpClient) is called. Both end when the same stand-in of
Twilio has the request. The bot is a process of its own; clicks and calls of the SDK take turns.

Bound: the median is at most the SDK's and 5 ms. p99 is reported.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Self

from aiohttp import web
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from benchmarks.company import Company, company
from benchmarks.databases import sqlite
from benchmarks.figures import Figure, arguments, at_most_more, context, percentile, report
from benchmarks.processes import HOST, free_port
from benchmarks.settings import ACCOUNT_SID, AUTH_TOKEN, OPERATOR
from benchmarks.slack_load import Connection, signed_request
from bot.sandbox.slack import SlackStandIn
from bot.sandbox.twilio import Call, TwilioStandIn

MORE_MS = 5.0
WARM_UP = 20
ENDS_WITHIN_S = 10.0
# The outcome is written and told within this, and disturbs nothing that is measured next.
REST_S = 0.1


@asynccontextmanager
async def bare_sdk(twilio_url: str) -> AsyncIterator[Client]:
    """The SDK with its own asynchronous HTTP client, pointed at a stand-in."""
    http_client = AsyncTwilioHttpClient()
    client = Client(ACCOUNT_SID, AUTH_TOKEN, http_client=http_client)  # type: ignore[no-untyped-call]
    client.api.base_url = twilio_url
    try:
        yield client
    finally:
        await http_client.close()  # type: ignore[no-untyped-call]


class Intercept:
    """Stands before the bot for a moment and takes what Slack's stand-in would bring it."""

    def __init__(self) -> None:
        self.url = ""
        self._taken = b""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/", self._take)
        port = free_port()
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, port).start()
        self.url = f"http://{HOST}:{port}/"
        return self

    async def __aexit__(self, *_fault: object) -> None:
        await self._runner.cleanup()

    async def body_of(self, slack: SlackStandIn, act: Awaitable[object]) -> bytes:
        """The body of what the person does, which the bot has not got yet."""
        bot_url, slack.request_url = slack.request_url, self.url
        await act
        slack.request_url = bot_url
        return self._taken

    async def _take(self, request: web.Request) -> web.Response:
        self._taken = await request.read()
        return web.Response()


async def click(at: Company, intercept: Intercept, connection: Connection) -> float:
    """Open the card of a new call and hang it up there; milliseconds from arrival to Twilio."""
    call = at.twilio.network.call_in_progress()
    card = await at.ask(f"/calls show {call.sid}")
    body = await intercept.body_of(at.slack, at.slack.click(OPERATOR, card, text="Hang up"))
    await asyncio.sleep(REST_S)
    request = signed_request(body)
    began_at = datetime.now(UTC)
    await connection.post(request)
    return _ms_since(began_at, await _updated_at(at.twilio, call))


async def call_sdk(twilio: TwilioStandIn, sdk: Client) -> float:
    """Hang up a new call by the SDK; milliseconds from its call to Twilio."""
    call = twilio.network.call_in_progress()
    await asyncio.sleep(REST_S)
    began_at = datetime.now(UTC)
    await sdk.calls(call.sid).update_async(status="completed")
    return _ms_since(began_at, await _updated_at(twilio, call))


async def _updated_at(twilio: TwilioStandIn, call: Call) -> datetime:
    """When the one update of the call came in.

    Raises:
        RuntimeError: there were several.
    """
    async with asyncio.timeout(ENDS_WITHIN_S):
        while call.is_live:  # noqa: ASYNC110 - the stand-in tells nobody of single calls
            await asyncio.sleep(0.001)
    path = f"/Calls/{call.sid}.json"
    received = [
        request.at
        for request in twilio.requests
        if request.method == "POST" and request.path.endswith(path)
    ]
    if len(received) != 1:
        raise RuntimeError(f"{call.sid} was updated {len(received)} times")
    return received[0]


def _ms_since(began_at: datetime, ended_at: datetime) -> float:
    return (ended_at - began_at).total_seconds() * 1000


async def measure(*, is_quick: bool) -> list[Figure]:
    """Median and p99 of both."""
    clicks = 50 if is_quick else 300
    ours, floor = [], []
    with sqlite() as database_url:
        async with (
            company(database_url) as at,
            bare_sdk(at.twilio.url) as sdk,
            Intercept() as intercept,
        ):
            connection = await Connection.to(at.bot.port)
            for _ in range(WARM_UP + clicks):
                ours.append(await click(at, intercept, connection))
                floor.append(await call_sdk(at.twilio, sdk))
            connection.close()
    del ours[:WARM_UP], floor[:WARM_UP]
    return [
        at_most_more(MORE_MS, "median", percentile(ours, 0.5), percentile(floor, 0.5), "ms"),
        context("p99", percentile(ours, 0.99), percentile(floor, 0.99), "ms"),
    ]


def main() -> int:
    """Measure and print; 1 where a bound does not hold."""
    given = arguments(__doc__)
    figures = asyncio.run(measure(is_quick=given.quick))
    return report("From a click to Twilio's receiving the update, SQLite", figures)


if __name__ == "__main__":
    sys.exit(main())
