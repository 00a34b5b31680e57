"""Runs the web application until it is told to stop, then lets what has begun come to its end."""

from __future__ import annotations

import asyncio
import errno
import gc
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import structlog
from aiohttp import web

from bot.domain.errors import HookflashError

_log = structlog.get_logger(__name__)

# Also how long a connection may take over its headers, and stay open between two requests.
_KEEPALIVE_S = 75.0
# Slack has given up on whatever is not answered by then.
_LAST_ANSWERS_S = 5.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class CannotListenError(HookflashError):
    """The address cannot be listened on; the message says why and what to do."""


async def serve_until_stopped(
    app: web.Application,
    *,
    host: str,
    port: int,
    stop: asyncio.Event,
    on_listening: Callable[[], object] | None = None,
    on_stop: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Serve until *stop* is set or SIGTERM, SIGINT or SIGHUP arrives; a second ends at once.

    *on_stop* is awaited after the last request has been answered and before this returns.

    Raises:
        CannotListenError: the port is in use, or not for us.
    """
    runner = web.AppRunner(
        app, access_log=None, keepalive_timeout=_KEEPALIVE_S, shutdown_timeout=_LAST_ANSWERS_S
    )
    await runner.setup()
    try:
        with _set_by_signals(stop):
            await _listen(runner, host, port)
            _collect_only_what_comes()
            if on_listening is not None:
                on_listening()
            await stop.wait()
            _log.info("told to stop: finishing what was accepted")
    finally:
        await runner.cleanup()
        if on_stop is not None:
            await on_stop()


def _collect_only_what_comes() -> None:
    """Leave out of garbage collections what stands by now: it lives as long as the process.

    To look at all of it takes 70 ms, in which nobody is answered.
    """
    gc.freeze()
    gc.enable()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise CannotListenError(_why_not(error, host, port)) from error


@contextmanager
def _set_by_signals(stop: asyncio.Event) -> Iterator[None]:
    """Until the block ends, SIGTERM and SIGINT set *stop* instead of ending the process.

    So does SIGHUP, for good, since a terminal that is closed sends it twice; not under nohup.
    """
    loop = asyncio.get_running_loop()
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, stop.set)
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


def _why_not(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"Port {port} on {host} is in use; stop what uses it, or set PORT to another."
        case errno.EACCES:
            return f"Port {port} may not be used by this user; set PORT to 1024 or more."
        case _:
            return f"Cannot listen on {host}; set HOST to an address of this machine."
