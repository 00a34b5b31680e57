"""The stand-in itself: an HTTP server that plays Slack, and the people who use it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from bot.sandbox.slack.arguments import json_or, parsed
from bot.sandbox.slack.client import SlackClient
from bot.sandbox.slack.deliveries import KEPT, Deliverer
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.faults import RESPONSE_URL, Fault, SlackFaults
from bot.sandbox.slack.rate_limits import ONE_A_SECOND, RateLimits
from bot.sandbox.slack.response_urls import ResponseUrls
from bot.sandbox.slack.sockets import PATH as SOCKETS_PATH
from bot.sandbox.slack.sockets import Sockets
from bot.sandbox.slack.triggers import TriggerIds
from bot.sandbox.slack.view_methods import ViewMethods
from bot.sandbox.slack.views import Views
from bot.sandbox.slack.web_api import ApiAnswer, ApiCall, Tokens, WebApi, rate_limited
from bot.sandbox.slack.workspace import Workspace

_LARGEST_BODY_BYTES = 4 * 1024 * 1024


def _now() -> datetime:
    return datetime.now(UTC)


class SlackStandIn(SlackClient):
    """A Slack of one workspace and one app, on loopback.

    The app finds the Web API at `api_url` and is sent what people do at `request_url`; with an
    `app_token` it may open connections instead (`sockets`), and while one is open all goes there.
    """

    def __init__(
        self,
        *,
        bot_token: str,
        signing_secret: str,
        team_id: str = "T0SANDBOX",
        request_url: str | None = None,
        app_token: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        workspace = Workspace(team_id=team_id, clock=clock)
        views, triggers = Views(workspace), TriggerIds(clock)
        deliverer = Deliverer(signing_secret, clock)
        deliverer.request_url = request_url
        response_urls = ResponseUrls(workspace, lambda: self.url)
        sockets = Sockets(workspace, clock, url=lambda: self.url)
        super().__init__(workspace, deliverer, views, triggers, response_urls, sockets=sockets)
        self.faults = SlackFaults()
        self.rates = RateLimits(clock)
        self.web_api = WebApi(
            workspace,
            ViewMethods(workspace, views, triggers),
            sockets,
            self.rates,
            Tokens(bot=bot_token, app=app_token),
        )
        self.api_calls: list[ApiCall] = []
        self.responses: list[ApiCall] = []
        """What was posted to response URLs."""
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None
        self._stopping = asyncio.Event()

    @property
    def url(self) -> str:
        """Where the stand-in listens, without a slash at the end."""
        return f"http://{self._host}:{self._port}"

    @property
    def api_url(self) -> str:
        """The base of the Web API, with a slash at the end."""
        return f"{self.url}/api/"

    @property
    def request_url(self) -> str | None:
        """Where the app is sent what people do."""
        return self._deliverer.request_url

    @request_url.setter
    def request_url(self, request_url: str | None) -> None:
        self._deliverer.request_url = request_url

    @property
    def ack_timeout_s(self) -> float:
        """How long Slack waits for the app; 3 s, unless a test is in a hurry."""
        return self._deliverer.ack_timeout_s

    @ack_timeout_s.setter
    def ack_timeout_s(self, ack_timeout_s: float) -> None:
        self._deliverer.ack_timeout_s = ack_timeout_s

    async def start(self) -> None:
        """Listens, on a free port if none was named."""
        self._stopping.clear()
        app = web.Application(client_max_size=_LARGEST_BODY_BYTES)
        app.router.add_route("*", "/api/{method}", self._handle_api)
        app.router.add_get(SOCKETS_PATH, self.sockets.serve)
        for origin in ("commands", "actions"):
            app.router.add_post(f"/{origin}/{{team_id}}/{{token}}", self._handle_response_url)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self._port = self._runner.addresses[0][1]
        await self._deliverer.open()

    async def stop(self) -> None:
        """Stops listening and ends every connection."""
        self._stopping.set()
        await self._deliverer.close()
        await self.sockets.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Calls back after each change of what people see; what is returned ends that."""
        return self.workspace.subscribe(callback)

    async def until(self, condition: Callable[[], object], *, timeout_s: float = 5.0) -> None:
        """Returns as soon as the condition holds, looking after each change of what people see.

        Raises:
            TimeoutError: it did not come to hold in time.
        """
        changed = asyncio.Event()
        unsubscribe = self.subscribe(changed.set)
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    changed.clear()
                    await changed.wait()
        finally:
            unsubscribe()

    async def _handle_api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        args = await _arguments(request)
        form_token = args.pop("token", None)
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        token = bearer if scheme.lower() == "bearer" else form_token
        call = ApiCall(method, args, self.workspace.clock())

        def answer(result: ApiAnswer) -> web.Response:
            call.response = result.body
            return web.json_response(result.body, status=result.status, headers=result.headers)

        answering = self._answer(
            method,
            act=lambda: answer(self.web_api.call(method, token, args)),
            refuse=lambda fault: answer(_refusal(fault)),
        )
        return await self._noted(answering, call, self.api_calls)

    async def _handle_response_url(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        body = json_or(await request.text())
        call = ApiCall(RESPONSE_URL, body if isinstance(body, dict) else {}, self.workspace.clock())
        answering = self._answer(
            RESPONSE_URL,
            act=lambda: self._respond(token, body),
            refuse=lambda fault: _plain(fault.status, fault.error or "", fault.retry_after_s),
        )
        return await self._noted(answering, call, self.responses)

    async def _noted(
        self, answering: Awaitable[web.Response], call: ApiCall, calls: list[ApiCall]
    ) -> web.Response:
        """The answer; the call is kept among these, with its status and how long it took."""
        calls.append(call)
        del calls[:-KEPT]
        started = time.monotonic()
        try:
            response = await answering
            call.status = response.status
            return response
        finally:
            call.took_s = time.monotonic() - started
            self.workspace.changed()

    def _respond(self, token: str, body: Any) -> web.Response:
        wait_s = self.rates.wait_s(f"{RESPONSE_URL} {token}", ONE_A_SECOND)
        if wait_s:
            return _plain(429, "ratelimited", wait_s)
        try:
            self._response_urls.use(token, body)
        except SlackError as refusal:
            is_gone = refusal.code in ("no_service", "used_url", "expired_url")
            return _plain(404 if is_gone else 400, refusal.code)
        return _plain(200, "ok")

    async def _answer(
        self,
        target: str,
        *,
        act: Callable[[], web.Response],
        refuse: Callable[[Fault], web.Response],
    ) -> web.Response:
        """The answer, after the fault that was set for this target, if any."""
        fault = self.faults.take(target)
        if fault is None:
            return act()
        if fault.error is not None:
            return refuse(fault)
        if fault.delay_s:
            await asyncio.sleep(fault.delay_s)
            return act()
        if fault.is_after_acting:
            act()
        if fault.is_silent:
            await self._stopping.wait()
        return _plain(fault.status, "trouble")


def _refusal(fault: Fault) -> ApiAnswer:
    if fault.retry_after_s is not None:
        return rate_limited(fault.retry_after_s)
    return ApiAnswer(200, {"ok": False, "error": fault.error}, {})


def _plain(status: int, text: str, retry_after_s: int | None = None) -> web.Response:
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return web.Response(status=status, text=text, headers=headers)


async def _arguments(request: web.Request) -> dict[str, Any]:
    """What a method was called with: query, then form or JSON."""
    if request.content_type == "application/json":
        body = json_or(await request.text())
        return {**request.query, **(body if isinstance(body, dict) else {})}
    return parsed({**request.query, **await request.post()})
