"""The stand-in as a server: sockets, credentials, the record of requests, and faults."""

import asyncio
import secrets
import ssl
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from aiohttp import web

from bot.sandbox.twilio.accounts import Account, basic_credentials
from bot.sandbox.twilio.answers import Answer
from bot.sandbox.twilio.clock import Clock, RealClock
from bot.sandbox.twilio.faults import ERRORS, Fault, FaultKind, Faults
from bot.sandbox.twilio.network import PhoneNetwork
from bot.sandbox.twilio.open_questions import OpenQuestions
from bot.sandbox.twilio.received import ReceivedRequest
from bot.sandbox.twilio.rest import RestApi

REMEMBERED_REQUESTS = 10_000
REMEMBERED_OF_A_BODY = 4_000
FORM = "application/x-www-form-urlencoded"


class TwilioStandIn:
    """A Twilio of one account on loopback; nothing of it reaches the real one.

    `port` 0 takes any free one. Without `clock` the network lives in real time. With `tls` it is
    spoken to through that.
    """

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        api_keys: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._clock = clock or RealClock()
        self._host = host
        self._port = port
        self._tls = tls
        self.account = Account(
            sid=account_sid,
            auth_token=auth_token,
            api_keys=dict(api_keys or {}),
            created_at=self._clock.now(),
        )
        self.network = PhoneNetwork(account_sid=account_sid, clock=self._clock)
        self.open_questions = OpenQuestions()
        self.faults = Faults()
        self.requests: list[ReceivedRequest] = []
        self.url = ""
        self._rest = RestApi(self.account, self.network, self.open_questions)
        self._runner: web.AppRunner | None = None
        self._is_stopping = asyncio.Event()
        self._under_way = 0
        self._watchers: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Listens from now on; `url` says where.

        Raises:
            OSError: The port is taken.
        """
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        # A client that gives up takes its request with it, so that silence does not pile up.
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0
        )
        self._is_stopping.clear()
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port, ssl_context=self._tls).start()
        self._port = self._runner.addresses[0][1]
        self.url = f"{'https' if self._tls else 'http'}://{self._host}:{self._port}"

    async def stop(self) -> None:
        """Closes every connection; whoever still waits for an answer gets none."""
        self._is_stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Calls back whenever a request is over; what is returned ends that."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    def updates(self, call_sid: str) -> list[dict[str, str]]:
        """The forms of the updates that were sent for this call, in order."""
        path = f"/Calls/{call_sid}.json"
        return [
            request.form
            for request in self.requests
            if request.method == "POST" and request.path.endswith(path)
        ]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        begin = time.perf_counter()
        received = await self._receive(request)
        self._under_way += 1
        try:
            answer = await self._answer(request, received)
            if answer is None:
                return _hang_up_on(request)
            received.status, received.answered = answer.status, answer.body[:REMEMBERED_OF_A_BODY]
            return web.Response(
                status=answer.status,
                text=answer.body or None,
                content_type=answer.content_type,
                headers={
                    **answer.headers,
                    "Twilio-Request-Id": received.request_id,
                    "Twilio-Concurrent-Requests": str(self._under_way),
                    "Twilio-Request-Duration": f"{time.perf_counter() - begin:.3f}",
                },
            )
        finally:
            self._under_way -= 1
            received.took_s = time.perf_counter() - begin
            for watcher in tuple(self._watchers):
                watcher()

    async def _receive(self, request: web.Request) -> ReceivedRequest:
        form = await request.post() if request.content_type == FORM else {}
        received = ReceivedRequest(
            method=request.method,
            path=request.path,
            query=list(request.query.items()),
            form={name: str(value) for name, value in form.items()},
            user=basic_credentials(request.headers.get("Authorization"))[0] or None,
            at=self._clock.now(),
            request_id="RQ" + secrets.token_hex(16),
        )
        self.requests.append(received)
        del self.requests[:-REMEMBERED_REQUESTS]
        return received

    async def _answer(self, request: web.Request, received: ReceivedRequest) -> Answer | None:
        """The answer, right or spoilt; None where the connection is to be closed without one."""
        limit = self.faults.rate_limit_concurrency
        if limit is not None and self._under_way > limit:
            return ERRORS[FaultKind.TOO_MANY_REQUESTS].answer()
        fault = self.faults.take(received)
        answer = None
        if fault is None or fault.acts:
            answer = self._rest.answer(received, request.headers.get("Authorization"))
        if self.faults.latency_s:
            await asyncio.sleep(self.faults.latency_s)
        return answer if fault is None else await self._spoil(fault, answer)

    async def _spoil(self, fault: Fault, answer: Answer | None) -> Answer | None:
        if fault.kind is FaultKind.SLOW:
            await fault.hold_up()
            return answer
        if fault.kind is FaultKind.SILENT:
            await self._is_stopping.wait()
            return None
        if fault.kind in {FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER}:
            return None
        return fault.spoil(answer)


def _hang_up_on(request: web.Request) -> web.Response:
    """Closes the connection under the client; the response is never seen."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
