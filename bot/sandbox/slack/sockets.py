"""Socket Mode as Slack plays it: tickets, up to ten connections, envelopes, disconnects."""

import asyncio
import contextlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from aiohttp import WSMsgType, web

from bot.sandbox.slack.arguments import json_or
from bot.sandbox.slack.records import Json
from bot.sandbox.slack.workspace import Workspace

PATH = "/link/"
MOST_SOCKETS = 10
TICKET_LIFE = timedelta(seconds=30)
PING_EVERY_S = 5.0
DRAINS_WITHIN_S = 3.0
LASTS_S = 18_060
DEBUG_LASTS_S = 360
WARNS_BEFORE_S = 10.0
KEPT = 2_000
"""How many envelopes are remembered."""

Reason = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]


class SocketLostError(Exception):
    """The connection ended before the envelope was acknowledged."""


@dataclass(eq=False, slots=True)
class Socket:
    """One connection of the app's."""

    response: web.WebSocketResponse
    transport: asyncio.BaseTransport | None
    opened_at: datetime
    waiting: dict[str, asyncio.Future[Any]] = field(default_factory=dict)
    """The envelopes that are not acknowledged yet, by id."""


@dataclass(frozen=True, slots=True)
class SentEnvelope:
    """An envelope as it was sent, and the connection that it was sent through."""

    envelope: Json
    socket: Socket


class Sockets:
    """The connections of an app in Socket Mode; every envelope goes through any one of them.

    Source: https://docs.slack.dev/apis/events-api/using-socket-mode
    """

    def __init__(
        self, workspace: Workspace, clock: Callable[[], datetime], *, url: Callable[[], str]
    ) -> None:
        self.open: list[Socket] = []
        self.is_link_enabled = True
        self.most = MOST_SOCKETS
        self.envelopes: list[SentEnvelope] = []
        self.holds_acks = False
        """Whether acknowledgements are thrown away, as if they had never arrived."""
        self.adds_debug_reconnects = False
        """Whether the app opens each address with `debug_reconnects`, as its developer may."""
        self.lasts_s: float = LASTS_S
        self.debug_lasts_s: float = DEBUG_LASTS_S
        """How long a connection lives that was opened with `debug_reconnects`."""
        self.warns_before_s = WARNS_BEFORE_S
        self._ending: set[asyncio.Task[None]] = set()
        self._workspace = workspace
        self._clock = clock
        self._url = url
        self._tickets: dict[str, datetime] = {}

    def ticket(self) -> str:
        """An address that one connection can be opened at within half a minute."""
        ticket = secrets.token_hex(16)
        self._tickets[ticket] = self._clock()
        address = self._url().replace("http", "ws", 1)
        debug = "&debug_reconnects=true" if self.adds_debug_reconnects else ""
        return f"{address}{PATH}?ticket={ticket}&app_id={self._workspace.app.app_id}{debug}"

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Holds one connection until either side ends it."""
        made_at = self._tickets.pop(request.query.get("ticket", ""), None)
        if made_at is None or self._clock() - made_at > TICKET_LIFE:
            raise web.HTTPUnauthorized
        response = web.WebSocketResponse(heartbeat=PING_EVERY_S, timeout=1.0)
        await response.prepare(request)
        if refusal := self._refusal():
            await response.send_json(_disconnect(refusal))
            await response.close()
            return response
        is_debugging = request.query.get("debug_reconnects") == "true"
        await self._hold(
            Socket(response, request.transport, self._clock()),
            lasts_s=self.debug_lasts_s if is_debugging else self.lasts_s,
        )
        return response

    async def deliver(self, envelope: Json, *, timeout_s: float) -> Json | None:
        """What the app put into its acknowledgement, if anything.

        Raises:
            TimeoutError: it was not acknowledged in time.
            SocketLostError: there is no connection, or the one it went through ended.
        """
        if not self.open:
            raise SocketLostError
        socket = self.open.pop(0)
        self.open.append(socket)
        acknowledged = asyncio.get_running_loop().create_future()
        socket.waiting[envelope["envelope_id"]] = acknowledged
        self.envelopes.append(SentEnvelope(envelope, socket))
        del self.envelopes[:-KEPT]
        try:
            async with asyncio.timeout(timeout_s):
                await _send(socket, json.dumps(envelope))
                payload: Json | None = await acknowledged
        finally:
            socket.waiting.pop(envelope["envelope_id"], None)
        if payload and not envelope["accepts_response_payload"]:
            self._workspace.complain("acknowledgement", f"no payload fits a {envelope['type']}")
        return payload

    async def send_text(self, text: str) -> None:
        """Sends a frame of any content through every connection."""
        for socket in list(self.open):
            await _send(socket, text)

    async def refresh(
        self,
        *sockets: Socket,
        reason: Reason = "refresh_requested",
        closes_after_s: float = 0.2,
    ) -> None:
        """Announces the end of these connections, or of all, and ends them a moment later.

        Until then they are used on; what is then under way may still be acknowledged.
        """
        leaving = list(sockets or self.open)
        for socket in leaving:
            await _send(socket, json.dumps(_disconnect(reason)))
        await asyncio.sleep(closes_after_s)
        for socket in leaving:
            self._take_out(socket)
            if socket.waiting:
                await asyncio.wait(socket.waiting.values(), timeout=DRAINS_WITHIN_S)
            await socket.response.close()

    async def disable(self) -> None:
        """Turns Socket Mode off in the app's settings, until `is_link_enabled` is set again."""
        self.is_link_enabled = False
        await self.refresh(reason="link_disabled", closes_after_s=0)

    def drop(self, *sockets: Socket) -> None:
        """Cuts these connections, or all, without a word."""
        for socket in sockets or tuple(self.open):
            if isinstance(socket.transport, asyncio.Transport):
                socket.transport.abort()
            self._forget(socket)

    def freeze(self, *sockets: Socket) -> None:
        """Falls silent without an end, as a firewall does that has forgotten the connection."""
        for socket in sockets or tuple(self.open):
            if isinstance(socket.transport, asyncio.Transport):
                socket.transport.pause_reading()

    async def close(self) -> None:
        """Ends every connection."""
        for ending in self._ending:
            ending.cancel()
        for socket in list(self.open):
            await socket.response.close()

    def _refusal(self) -> Reason | None:
        if not self.is_link_enabled:
            return "link_disabled"
        return "too_many_websockets" if len(self.open) >= self.most else None

    async def _hold(self, socket: Socket, *, lasts_s: float) -> None:
        self.open.append(socket)
        await _send(socket, json.dumps(self._hello(lasts_s)))
        self._workspace.changed()
        end_of_life = asyncio.get_running_loop().call_later(
            lasts_s - self.warns_before_s, self._begin_to_end, socket
        )
        try:
            async for message in socket.response:
                if message.type is WSMsgType.TEXT:
                    self._acknowledge(socket, json_or(message.data))
        finally:
            end_of_life.cancel()
            self._forget(socket)

    def _begin_to_end(self, socket: Socket) -> None:
        ending = asyncio.create_task(self._end(socket))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _end(self, socket: Socket) -> None:
        """Warns, and refreshes the connection a little later."""
        with contextlib.suppress(SocketLostError):
            await _send(socket, json.dumps(_disconnect("warning")))
            await asyncio.sleep(self.warns_before_s)
            await self.refresh(socket)

    def _acknowledge(self, socket: Socket, frame: Any) -> None:
        if not isinstance(frame, dict) or not isinstance(frame.get("envelope_id"), str):
            self._workspace.complain("acknowledgement", "there is no envelope_id in it")
            return
        waiting = socket.waiting.get(frame["envelope_id"])
        if waiting is not None and not waiting.done() and not self.holds_acks:
            waiting.set_result(frame.get("payload"))

    def _forget(self, socket: Socket) -> None:
        for waiting in socket.waiting.values():
            if not waiting.done():
                waiting.set_exception(SocketLostError())
        self._take_out(socket)

    def _take_out(self, socket: Socket) -> None:
        if socket in self.open:
            self.open.remove(socket)
            self._workspace.changed()

    def _hello(self, lasts_s: float) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.open),
            "debug_info": _debug_info() | {"approximate_connection_time": int(lasts_s)},
            "connection_info": {"app_id": self._workspace.app.app_id},
        }


async def _send(socket: Socket, text: str) -> None:
    try:
        await socket.response.send_str(text)
    except ConnectionError as lost:
        raise SocketLostError from lost


def _disconnect(reason: Reason) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": _debug_info()}


def _debug_info() -> Json:
    return {"host": "applink-sandbox", "build_number": 1}
