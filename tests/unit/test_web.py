"""The HTTP server, asked by real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from io import BytesIO

import aiohttp
import pytest
from aiohttp import web

from bot.web import server as server_module
from bot.web.metrics import Metrics
from bot.web.server import Readiness, build_web_app

SIGNED = {"X-Slack-Request-Timestamp": "1700000000", "X-Slack-Signature": "v0=" + "0" * 64}
TOKEN = "a-long-random-text"


async def echo(request: web.Request) -> web.Response:
    """A stand-in for Bolt: says how much it was given."""
    return web.Response(text=str(len(await request.read())))


async def database_answers() -> Readiness:
    return Readiness({"database": True})


@asynccontextmanager
async def served(
    *,
    slack_events: Callable[[web.Request], Awaitable[web.StreamResponse]] = echo,
    readiness: Callable[[], Awaitable[Readiness]] = database_answers,
    metrics: Metrics | None = None,
    metrics_token: str | None = None,
) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the application, which listens on a free port of this machine."""
    app = build_web_app(
        slack_events=slack_events,
        readiness=readiness,
        metrics=metrics or Metrics(),
        metrics_token=metrics_token,
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        async with aiohttp.ClientSession(f"http://{host}:{port}") as client:
            yield client
    finally:
        await runner.cleanup()


async def exchange_raw(client: aiohttp.ClientSession, request: bytes) -> str:
    """What comes back for bytes that no client would send."""
    address = client._base_url
    assert address is not None
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer.decode()


async def test_slacks_requests_reach_the_bot() -> None:
    async with served() as client, client.post("/slack/events", data=b"a=1", headers=SIGNED) as got:
        assert (got.status, await got.text()) == (200, "3")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {**SIGNED, "X-Slack-Request-Timestamp": "yesterday"},
        {**SIGNED, "X-Slack-Request-Timestamp": "1700000000.5"},
        {**SIGNED, "X-Slack-Request-Timestamp": "1" * 400},
        {**SIGNED, "X-Slack-Signature": "v0=é"},
        {**SIGNED, "X-Slack-Signature": "v1=" + "0" * 64},
    ],
)
async def test_signature_headers_of_another_form_are_refused(headers: dict[str, str]) -> None:
    async with served() as client, client.post("/slack/events", headers=headers) as got:
        assert got.status == 401


async def test_a_body_over_one_mebibyte_is_refused() -> None:
    largest, too_large = BytesIO(bytes(1024 * 1024)), BytesIO(bytes(1024 * 1024 + 1))

    async with served() as client:
        async with client.post("/slack/events", data=largest, headers=SIGNED) as got:
            at_the_limit = got.status
        async with client.post("/slack/events", data=too_large, headers=SIGNED) as got:
            over_the_limit = got.status

    assert (at_the_limit, over_the_limit) == (200, 413)


async def test_a_body_that_is_packed_is_refused() -> None:
    headers = {**SIGNED, "Content-Encoding": "gzip"}

    async with served() as client, client.post("/slack/events", data=b"?", headers=headers) as got:
        assert got.status == 415


async def test_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_BODY_TIMEOUT_S", 0.05)

    async def never() -> AsyncIterator[bytes]:
        yield b"a="
        await asyncio.Event().wait()

    async with (
        served() as client,
        client.post("/slack/events", data=never(), headers=SIGNED) as got,
    ):
        assert got.status == 408


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /slack/events HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n",
        b"POST /slack/events HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /slack/events HTTP/1.1\r\nHost: a\r\nBad Header: 1\r\n\r\n",
        b"POST /slack/events HTTP/1.1\r\nHost: a\r\nX-Long: " + b"a" * 20000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    ],
)
async def test_what_is_no_http_gets_a_400(request_bytes: bytes) -> None:
    async with served() as client:
        answer = await exchange_raw(client, request_bytes)

    assert " 400 " in answer.partition("\r\n")[0]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/slack/events", 405),
        ("POST", "/healthz", 405),
        ("GET", "/", 404),
        ("GET", "/%00", 404),
    ],
)
async def test_each_path_has_its_method_and_no_answer_tells_of_the_server(
    method: str, path: str, status: int
) -> None:
    async with served() as client, client.request(method, path) as got:
        assert got.status == status
        assert "Server" not in got.headers


async def test_ready_while_every_part_works() -> None:
    async with served() as client, client.get("/readyz") as got:
        assert got.status == 200
        assert await got.json() == {"ready": True, "parts": {"database": True}}


async def test_not_ready_when_the_database_does_not_answer() -> None:
    async def silent_database() -> Readiness:
        return Readiness({"database": False, "schema": True})

    async with served(readiness=silent_database) as client, client.get("/readyz") as got:
        assert got.status == 503
        assert await got.json() == {"ready": False, "parts": {"database": False, "schema": True}}


async def test_not_ready_when_the_check_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_READINESS_TIMEOUT_S", 0.05)

    async def hanging() -> Readiness:
        await asyncio.Event().wait()
        return Readiness({})

    async with served(readiness=hanging) as client, client.get("/readyz") as got:
        assert got.status == 503


async def test_metrics_are_for_this_machine_alone_without_a_token() -> None:
    async with served() as client:
        async with client.get("/metrics") as got:
            from_here = got.status
        async with client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}) as got:
            through_a_proxy = got.status

    assert (from_here, through_a_proxy) == (200, 403)


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        ("Bearer another", 401),
        (TOKEN, 401),
        ("Bearer é", 401),
        ("", 401),
    ],
)
async def test_metrics_ask_everybody_for_the_token(authorization: str, status: int) -> None:
    async with (
        served(metrics_token=TOKEN) as client,
        client.get("/metrics", headers={"Authorization": authorization}) as got,
    ):
        assert got.status == status


async def test_metrics_count_what_happened() -> None:
    metrics = Metrics()
    metrics.change_closed(action="hang_up", outcome="succeeded")
    metrics.twilio_answered(result="ok", took_s=0.2)
    metrics.audit_written(result="ok", took_s=0.002)

    async with served(metrics=metrics) as client:
        async with client.post("/slack/events", data=b"", headers=SIGNED):
            pass
        async with client.get("/nowhere/at/all"):
            pass
        async with client.get("/metrics") as got:
            lines = (await got.text()).splitlines()

    assert 'hookflash_call_changes_total{action="hang_up",outcome="succeeded"} 1.0' in lines
    assert 'hookflash_http_requests_total{route="/slack/events",status="200"} 1.0' in lines
    assert 'hookflash_http_requests_total{route="none",status="404"} 1.0' in lines
    assert "hookflash_slack_ack_seconds_count 1.0" in lines
    assert 'hookflash_twilio_request_seconds_count{result="ok"} 1.0' in lines
    assert 'hookflash_audit_write_seconds_count{result="ok"} 1.0' in lines


async def test_a_fault_in_the_bot_is_counted_and_shows_no_traceback() -> None:
    async def broken(_request: web.Request) -> web.Response:
        raise RuntimeError("secret detail")

    metrics = Metrics()
    async with (
        served(slack_events=broken, metrics=metrics) as client,
        client.post("/slack/events", headers=SIGNED) as got,
    ):
        status, text = got.status, await got.text()

    labels = {"route": "/slack/events", "status": "500"}
    assert metrics.registry.get_sample_value("hookflash_http_requests_total", labels) == 1
    assert status == 500
    assert "secret detail" not in text
