"""One connection of Socket Mode, from its hello to its last acknowledgement."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable

from aiohttp import ClientWebSocketResponse, WSMsgType

from bot.application.tasks import TaskSupervisor
from bot.slack.envelopes import Envelope, EnvelopeHandler, read_frame

_log = logging.getLogger(__name__)

# After these announcements Slack still sends for a while, and then closes the connection itself.
_LEAVES_LATER = ("warning", "refresh_requested")
LINGERS_S = 30.0
MOST_AT_ONCE = 64


class EnvelopeOffice:
    """What the connections share: the handler, room for so many envelopes at once, the tasks."""

    def __init__(
        self,
        handle: EnvelopeHandler,
        *,
        tasks: TaskSupervisor,
        on_acknowledged: Callable[[float], object],
    ) -> None:
        self.handle = handle
        self.tasks = tasks
        self.on_acknowledged = on_acknowledged
        self.room = asyncio.Semaphore(MOST_AT_ONCE)


class SocketConnection:
    """Takes what comes through one socket and acknowledges it through the same one.

    `is_leaving` is set as soon as another connection should take its place.
    """

    def __init__(self, socket: ClientWebSocketResponse, office: EnvelopeOffice) -> None:
        self.is_leaving = asyncio.Event()
        self._socket = socket
        self._office = office
        self._unanswered = 0
        self._is_answered = asyncio.Event()
        self._is_answered.set()
        self._ends_when_answered = False
        self._ends_at: float | None = None
        self._reading: asyncio.Timeout | None = None

    async def read(self) -> None:
        """Take what comes until either side ends the connection, and answer it before closing."""
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(self._ends_at) as self._reading:
                    async for frame in self._socket:
                        if frame.type is WSMsgType.TEXT:
                            await self._take(frame.data)
            self.is_leaving.set()
            await self._is_answered.wait()
        finally:
            self.is_leaving.set()
            await self._socket.close()

    def leave(self, *, within_s: float) -> None:
        """Ask for another connection, and read from this one no longer than *within_s* seconds."""
        self.is_leaving.set()
        self._ends_at = asyncio.get_running_loop().time() + within_s
        if self._reading is not None:
            self._reading.reschedule(self._ends_at)

    def end_when_answered(self, *, within_s: float) -> None:
        """Take what comes until nothing is left to answer, for *within_s* seconds at the most.

        Slack knows no way to ask for nothing new, and gives what it sends meanwhile to nobody else.
        """
        self._ends_when_answered = True
        self.leave(within_s=within_s if self._unanswered else 0)

    async def _take(self, text: str) -> None:
        frame = read_frame(text)
        if frame.get("type") == "disconnect":
            reason = str(frame.get("reason"))
            _log.info("Slack ends a connection", extra={"reason": reason})
            self.leave(within_s=LINGERS_S if reason in _LEAVES_LATER else 0)
            return
        envelope = Envelope.parse(frame)
        if envelope is None:
            _log.warning("Slack sent something that makes no sense")
            return
        await self._office.room.acquire()
        self._unanswered += 1
        self._is_answered.clear()
        self._office.tasks.spawn(self._answer(envelope), name="answer Slack")

    async def _answer(self, envelope: Envelope) -> None:
        started = time.perf_counter()
        try:
            acknowledgement = await self._office.handle(envelope)
            if acknowledgement is not None:
                await self._acknowledge(json.dumps(acknowledgement))
                self._office.on_acknowledged(time.perf_counter() - started)
        finally:
            self._office.room.release()
            self._unanswered -= 1
            if not self._unanswered:
                self._is_answered.set()
                if self._ends_when_answered:
                    self.leave(within_s=0)

    async def _acknowledge(self, frame: str) -> None:
        try:
            await self._socket.send_str(frame)
        except ConnectionError:
            # Slack brings it again, and the request id tells that it was seen; or it tells the
            # person that the command failed, and what came of it follows by the response_url.
            _log.warning("a connection ended before an acknowledgement could be sent")
