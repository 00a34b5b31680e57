"""Slack's side of the load: signed commands over kept connections, each one timed."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from time import perf_counter
from typing import Self
from urllib.parse import urlencode

from benchmarks.processes import HOST
from benchmarks.settings import CHANNEL, OPERATOR, SIGNING_SECRET, TEAM_ID

CONNECTIONS = 50
LONGEST_WAIT_S = 10.0


def hang_up(response_url: str) -> bytes:
    """A whole HTTP request: somebody hangs up a call that nobody hung up before, signed now."""
    form = {
        "team_id": TEAM_ID,
        "channel_id": CHANNEL,
        "user_id": OPERATOR,
        "user_name": "ana",
        "command": "/calls",
        "text": f"hangup CA{secrets.token_hex(16)} caller is abusive",
        "response_url": response_url,
        "trigger_id": secrets.token_hex(16),
    }
    return signed_request(urlencode(form).encode())


def signed_request(body: bytes) -> bytes:
    """A whole HTTP request of Slack's with this form, signed now."""
    timestamp = str(int(time.time()))
    base = b"v0:" + timestamp.encode() + b":" + body
    signature = hmac.new(SIGNING_SECRET.encode(), base, hashlib.sha256).hexdigest()
    head = (
        "POST /slack/events HTTP/1.1\r\n"
        f"Host: {HOST}\r\n"
        "User-Agent: Slackbot 1.0 (+https://api.slack.com/robots)\r\n"
        "Accept: application/json,*/*\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"X-Slack-Request-Timestamp: {timestamp}\r\n"
        f"X-Slack-Signature: v0={signature}\r\n\r\n"
    )
    return head.encode() + body


class Load:
    """Sends requests to one server; every method returns the seconds that each answer took."""

    def __init__(self, port: int, make_request: Callable[[], bytes]) -> None:
        self._port = port
        self._make_request = make_request
        self._idle: list[Connection] = []

    async def open(self) -> None:
        """Open the connections."""
        self._idle = [await Connection.to(self._port) for _ in range(CONNECTIONS)]

    def close(self) -> None:
        """Close them."""
        for connection in self._idle:
            connection.close()

    async def one_at_a_time(self, count: int, *, pause_s: float) -> list[float]:
        """One request after the other, with a pause after each answer."""
        times = []
        for _ in range(count):
            times.append(await self._send(self._make_request()))
            await asyncio.sleep(pause_s)
        return times

    async def all_at_once(self, count: int) -> list[float]:
        """So many requests in the same moment."""
        requests = [self._make_request() for _ in range(count)]
        return list(await asyncio.gather(*map(self._send, requests)))

    async def at_a_rate(self, count: int, *, per_s: float) -> list[float]:
        """An open loop: each is due at its time, and timed from then, however slow others are."""
        begins_at = perf_counter() + 0.05
        requests = [self._make_request() for _ in range(count)]

        async def send_when_due(number: int) -> float:
            due_at = begins_at + number / per_s
            await asyncio.sleep(due_at - perf_counter())
            return await self._send(requests[number])

        return list(await asyncio.gather(*map(send_when_due, range(count))))

    async def _send(self, request: bytes) -> float:
        began = perf_counter()
        connection = await self._connection()
        async with asyncio.timeout(LONGEST_WAIT_S):
            await connection.post(request)
        took_s = perf_counter() - began
        self._idle.append(connection)
        return took_s

    async def _connection(self) -> Connection:
        """One that is open still: a server closes those that were idle while others were asked."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
            connection.close()
        return await Connection.to(self._port)


class Connection:
    """One kept connection; lighter than a client that knows all of HTTP."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def to(cls, port: int) -> Self:
        """A connection to the server at this port."""
        return cls(*await asyncio.open_connection(HOST, port))

    @property
    def is_open(self) -> bool:
        """Whether the other side has not closed it."""
        return not self._reader.at_eof() and not self._writer.is_closing()

    def close(self) -> None:
        """Close it."""
        self._writer.close()

    async def post(self, request: bytes) -> None:
        """Send it and read the answer to its end.

        Raises:
            RuntimeError: it was not answered with 200, or with more than an empty ack.
        """
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("ascii").lower()
        length = int(head.partition("content-length:")[2].split("\r\n", 1)[0] or 0)
        body = await self._reader.readexactly(length)
        if not head.startswith("http/1.1 200 ") or body:
            raise RuntimeError(f"no ack but {head.splitlines()[0]} {body[:200]!r}")
