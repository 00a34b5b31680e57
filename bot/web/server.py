"""The aiohttp application: what answers at which path, and what is refused before it gets there."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client.aiohttp import make_aiohttp_handler

from bot.web.metrics import Metrics
from bot.web.signature_headers import has_sane_signature_headers

SLACK_EVENTS_PATH = "/slack/events"
MAX_BODY_BYTES = 1024 * 1024

_BODY_TIMEOUT_S = 5.0
_READINESS_TIMEOUT_S = 2.0
_PROXY_HEADERS = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")


@dataclass(frozen=True, slots=True)
class Readiness:
    """Which parts work; ready when all of them do."""

    parts: Mapping[str, bool]

    @property
    def is_ready(self) -> bool:
        """Whether Slack's requests can be served."""
        return all(self.parts.values())


def build_web_app(
    *,
    slack_events: Handler | None,
    readiness: Callable[[], Awaitable[Readiness]],
    metrics: Metrics,
    metrics_token: str | None = None,
    max_body_bytes: int = MAX_BODY_BYTES,
) -> web.Application:
    """The application that Slack, the platform's health checks and Prometheus talk to.

    Without a *metrics_token*, `/metrics` answers this machine only; without *slack_events*, as in
    Socket Mode, nothing is taken from Slack here.
    """
    app = web.Application(client_max_size=max_body_bytes, middlewares=[_measuring(metrics)])
    app.on_response_prepare.append(_leave_out_banner)
    app.add_routes(
        [
            web.get("/healthz", _alive),
            web.get("/readyz", _ready_when(readiness)),
            web.get("/metrics", _metrics_for(metrics, metrics_token)),
        ]
    )
    if slack_events is not None:
        app.router.add_post(SLACK_EVENTS_PATH, _guarded(slack_events))
    return app


def _measuring(metrics: Metrics) -> Middleware:
    @web.middleware
    async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.perf_counter()
        status = 500
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as answer:
            status = answer.status
            raise
        finally:
            resource = request.match_info.route.resource
            route = resource.canonical if resource else "none"
            metrics.request_answered(route=route, status=status)
            if route == SLACK_EVENTS_PATH:
                metrics.slack_acknowledged(time.perf_counter() - started)
        return response

    return measure


async def _leave_out_banner(_request: web.Request, response: web.StreamResponse) -> None:
    """Nobody needs to know which server of which version this is."""
    response.headers.popall(hdrs.SERVER, None)


def _guarded(slack_events: Handler) -> Handler:
    """Lets through only what can be verified and read: small, plain and in time."""

    async def receive(request: web.Request) -> web.StreamResponse:
        if not has_sane_signature_headers(request.headers):
            raise web.HTTPUnauthorized(text="The signature headers are not Slack's.")
        if hdrs.CONTENT_ENCODING in request.headers:
            raise web.HTTPUnsupportedMediaType(text="Slack sends plain bodies.")
        try:
            async with asyncio.timeout(_BODY_TIMEOUT_S):
                await request.read()
        except TimeoutError as slow:
            raise web.HTTPRequestTimeout(text="The body did not arrive in time.") from slow
        return await slack_events(request)

    return receive


async def _alive(_request: web.Request) -> web.Response:
    return web.json_response({"alive": True})


def _ready_when(readiness: Callable[[], Awaitable[Readiness]]) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(_READINESS_TIMEOUT_S):
                state = await readiness()
        except TimeoutError:
            state = Readiness({"checks_in_time": False})
        body = {"ready": state.is_ready, "parts": dict(state.parts)}
        return web.json_response(body, status=200 if state.is_ready else 503)

    return answer


def _metrics_for(metrics: Metrics, token: str | None) -> Handler:
    show = make_aiohttp_handler(metrics.registry)

    async def answer(request: web.Request) -> web.StreamResponse:
        if token is None and not _comes_from_this_machine(request):
            raise web.HTTPForbidden(text="Set HOOKFLASH_METRICS_TOKEN to read this from elsewhere.")
        if token is not None and not _bears(token, request):
            raise web.HTTPUnauthorized(
                text="A bearer token is needed.", headers={hdrs.WWW_AUTHENTICATE: "Bearer"}
            )
        return await show(request)

    return answer


def _comes_from_this_machine(request: web.Request) -> bool:
    """Whether the peer is on loopback and is not a proxy that speaks for somebody else."""
    if any(header in request.headers for header in _PROXY_HEADERS):
        return False
    try:
        return ip_address(request.remote or "").is_loopback
    except ValueError:
        return False


def _bears(token: str, request: web.Request) -> bool:
    given = request.headers.get(hdrs.AUTHORIZATION, "")
    expected = f"Bearer {token}"
    # Header bytes outside ASCII arrive as surrogates, which compare_digest refuses as text.
    return hmac.compare_digest(
        given.encode("utf-8", "surrogateescape"), expected.encode("utf-8", "surrogateescape")
    )
