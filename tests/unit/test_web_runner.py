"""Starting and stopping the HTTP server."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator

import aiohttp
import pytest
from aiohttp import web

from bot.web.runner import CannotListenError, serve_until_stopped
from tests.ports import kept_port


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port of this machine that nobody listens on."""
    with kept_port() as port:
        yield port


class SlowApp:
    """An application with one slow path, and a record of what happened in which order."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.web = web.Application()
        self.web.add_routes([web.get("/slow", self._slow)])

    async def _slow(self, _request: web.Request) -> web.Response:
        self.asked.set()
        await self.may_answer.wait()
        self.happened.append("answered")
        return web.Response(text="done")

    async def drain(self) -> None:
        """Stands for the work that is finished after the last answer."""
        self.happened.append("drained")


async def until_refused(port: int) -> None:
    """Return once nobody is let in any more."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                return
            writer.close()


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    "numbers",
    [[signal.SIGTERM], [signal.SIGINT], [signal.SIGHUP, signal.SIGHUP]],
    ids=["SIGTERM", "SIGINT", "terminal closed"],
)
async def test_a_signal_lets_the_last_request_end_and_then_drains(
    free_port: int, numbers: list[signal.Signals]
) -> None:
    app, listening = SlowApp(), asyncio.Event()
    serving = asyncio.create_task(
        serve_until_stopped(
            app.web,
            host="127.0.0.1",
            port=free_port,
            stop=asyncio.Event(),
            on_listening=listening.set,
            on_stop=app.drain,
        )
    )
    await listening.wait()

    async with aiohttp.ClientSession() as client:
        asking = asyncio.create_task(client.get(f"http://127.0.0.1:{free_port}/slow"))
        await app.asked.wait()
        for number in numbers:
            os.kill(os.getpid(), number)
            await until_refused(free_port)
        app.may_answer.set()
        async with await asking as answer:
            assert await answer.text() == "done"
    await serving

    assert app.happened == ["answered", "drained"]


@pytest.fixture
def nohup() -> Iterator[None]:
    """The signal of a terminal that is closed is ignored, as nohup has it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("nohup")
async def test_it_outlives_its_terminal_where_it_was_told_to(free_port: int) -> None:
    stop, listening = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(
        serve_until_stopped(
            web.Application(),
            host="127.0.0.1",
            port=free_port,
            stop=stop,
            on_listening=listening.set,
        )
    )
    await listening.wait()

    os.kill(os.getpid(), signal.SIGHUP)
    await asyncio.sleep(0.1)

    assert not stop.is_set()
    stop.set()
    await serving


async def test_it_stops_when_told_from_within(free_port: int) -> None:
    app, stop = SlowApp(), asyncio.Event()
    stop.set()

    await serve_until_stopped(
        app.web, host="127.0.0.1", port=free_port, stop=stop, on_stop=app.drain
    )

    assert app.happened == ["drained"]


async def test_a_port_in_use_is_told_in_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(CannotListenError, match=rf"Port {port} on 127\.0\.0\.1 is in use"):
            await serve_until_stopped(
                web.Application(), host="127.0.0.1", port=port, stop=asyncio.Event()
            )


async def test_an_address_of_another_machine_is_told_in_a_sentence(free_port: int) -> None:
    with pytest.raises(CannotListenError, match="set HOST"):
        await serve_until_stopped(
            web.Application(), host="192.0.2.1", port=free_port, stop=asyncio.Event()
        )
