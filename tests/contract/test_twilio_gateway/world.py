"""An account, a gateway to it, and a Twilio whose answers a test writes itself."""

import json
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.sandbox.twilio import ManualClock
from bot.twilio.gateway import TwilioGateway

ACCOUNT_SID = "AC" + "0a" * 16
AUTH_TOKEN = "1b" * 16
API_KEY = "SK" + "2c" * 16
API_SECRET = "3d" * 16
CALL_SID = "CA" + "4e" * 16
CALLS_PATH = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json"

Answerer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def gateway_to(url: str, *, clock: ManualClock | None = None, **options: Any) -> TwilioGateway:
    """A gateway to a Twilio-compatible server; it does not wait long."""
    settings: dict[str, Any] = {
        "account_sid": ACCOUNT_SID,
        "username": ACCOUNT_SID,
        "password": AUTH_TOKEN,
        "timeout_s": 5.0,
    }
    settings |= options
    return TwilioGateway(api_url=url, clock=(clock or ManualClock()).now, **settings)


def call_row(sid: str = CALL_SID, **fields: Any) -> dict[str, Any]:
    """A call as Twilio writes it."""
    row = {
        "sid": sid,
        "account_sid": ACCOUNT_SID,
        "status": "in-progress",
        "direction": "inbound",
        "from": "+14155550123",
        "to": "+442079460000",
        "date_updated": "Mon, 05 Jan 2026 09:00:00 +0000",
        "start_time": "Mon, 05 Jan 2026 09:00:00 +0000",
        "duration": None,
    }
    return row | fields


def json_answer(body: object, *, status: int = 200, **headers: str) -> web.Response:
    """An answer with this body; `Retry_After` stands for the header `Retry-After`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(
        status=status, text=json.dumps(body), content_type="application/json", headers=named
    )


class OddTwilio:
    """A server that answers with the next of the given answers, the last one for ever."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.requests: list[web.Request] = []
        self._answers: list[web.Response | Answerer] = []
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._server = TestServer(app)

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    def answers(self, *answers: web.Response | Answerer) -> None:
        """What the next requests are told, one after the other."""
        self._answers = list(answers)

    async def __aenter__(self) -> Self:
        await self._server.start_server(ssl=self._tls)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._server.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        self.requests.append(request)
        answer = self._answers[0] if len(self._answers) == 1 else self._answers.pop(0)
        if isinstance(answer, web.Response):
            return web.Response(
                status=answer.status,
                text=answer.text,
                content_type=answer.content_type,
                headers={
                    name: value
                    for name, value in answer.headers.items()
                    if name not in {"Content-Type", "Content-Length"}
                },
            )
        return await answer(request)
