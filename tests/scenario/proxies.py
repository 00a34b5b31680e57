"""What stands between a bot and others: a way to the database that can be cut, and a balancer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from sqlalchemy import make_url

POSTGRES_PORT = 5432


class End(asyncio.Protocol):
    """One end of a connection that leads through a way; what comes in goes out at the other."""

    def __init__(self, way: DatabaseWay, other: End | None = None) -> None:
        self._way = way
        self.other = other
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take what comes once there is a way out for it."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._way.ends.add(self)
        if self.other is None:
            transport.pause_reading()
            self._way.go_on_from(self)
        else:
            self._way.let_through()

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the other end too."""
        del exc
        self._way.ends.discard(self)
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


@dataclass(eq=False)
class DatabaseWay:
    """A way to a PostgreSQL server on which everything can come to a stop."""

    server_url: str
    port: int = 0
    ends: set[End] = field(default_factory=set)
    _is_cut: bool = False
    _connecting: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """The URL of the same database, by this way."""
        url = make_url(self.server_url).set(host="127.0.0.1", port=self.port, query={})
        return url.render_as_string(hide_password=False)

    def cut(self) -> None:
        """Let nothing through; no connection is closed, and new ones are taken."""
        self._is_cut = True
        for end in self.ends:
            if end.transport is not None:
                end.transport.pause_reading()

    def mend(self) -> None:
        """Carry on, as a network does that was gone for a while."""
        self._is_cut = False
        self.let_through()

    def let_through(self) -> None:
        """Read from every end that has another."""
        for end in self.ends:
            if not self._is_cut and end.other is not None and end.transport is not None:
                end.transport.resume_reading()

    def go_on_from(self, near: End) -> None:
        """Make the rest of a connection."""
        task = asyncio.create_task(self._connect(near))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, near: End) -> None:
        far = near.other = End(self, near)
        url = make_url(self.server_url)
        folder = url.normalized_query.get("host")
        loop = asyncio.get_running_loop()
        if folder:
            path = f"{folder[0]}/.s.PGSQL.{POSTGRES_PORT}"
            await loop.create_unix_connection(lambda: far, path)
        else:
            host, port = url.host or "127.0.0.1", url.port or POSTGRES_PORT
            await loop.create_connection(lambda: far, host, port)


@asynccontextmanager
async def way_to(database_url: str) -> AsyncIterator[DatabaseWay]:
    """A way to the database, open until it is cut."""
    way = DatabaseWay(database_url)
    server = await asyncio.get_running_loop().create_server(lambda: End(way), "127.0.0.1", 0)
    way.port = server.sockets[0].getsockname()[1]
    try:
        yield way
    finally:
        server.close()
        for end in way.ends:
            if end.transport is not None:
                end.transport.abort()


@dataclass
class Balancer:
    """Gives each request to the next of the bots that takes it, as any balancer does."""

    url: str = ""
    bot_urls: Sequence[str] = ()
    _turn: int = 0

    async def answer(self, request: web.Request) -> web.Response:
        """What the first bot says that says anything.

        A request may be sent again: bots know a delivery that they have seen.
        """
        body = await request.read()
        self._turn += 1
        async with aiohttp.ClientSession() as session:
            for number in range(len(self.bot_urls)):
                bot_url = self.bot_urls[(self._turn + number) % len(self.bot_urls)]
                url = f"{bot_url}{urlsplit(str(request.url)).path}"
                with suppress(aiohttp.ClientError):
                    async with session.post(url, data=body, headers=request.headers) as answer:
                        content = await answer.read()
                        kind = answer.content_type
                        return web.Response(status=answer.status, body=content, content_type=kind)
        return web.Response(status=503)


@asynccontextmanager
async def balancer() -> AsyncIterator[Balancer]:
    """A balancer that listens; it knows no bot yet."""
    balancing = Balancer()
    app = web.Application()
    app.router.add_post("/slack/events", balancing.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    balancing.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield balancing
    finally:
        await runner.cleanup()
