"""Socket Mode: two connections to Slack, each replaced before it is missed, for ever."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import AsyncExitStack

from aiohttp import ClientError, ClientSession, ClientWebSocketResponse, ClientWSTimeout, WSMsgType
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.application.tasks import TaskSupervisor
from bot.slack.access import SlackUnavailableError, TokenRefusedError, socket_address
from bot.slack.envelopes import EnvelopeHandler, envelope_handler, read_frame
from bot.slack.socket_connection import EnvelopeOffice, SocketConnection

_log = logging.getLogger(__name__)

CONNECTIONS = 2
OPENS_WITHIN_S = 10.0
# A connection that does not answer a ping within half of this is dead.
PING_EVERY_S = 10.0
CLOSES_WITHIN_S = 1.0
# A listener has 2.6 s; Slack has given up on whatever is not acknowledged after 3 s.
LAST_ACKS_S = 4.0
# Of these, so long requests are still taken.
LAST_REQUESTS_S = 1.0
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
# One that ends sooner was no good: the next one is not opened at once.
LASTING_S = 10.0


class Backoff:
    """Pauses between tries: none at first, then longer and longer ones.

    Each is a little by chance, so that many bots do not come back at the same moment.
    """

    def __init__(self) -> None:
        self._longest_s = 0.0

    def next_s(self) -> float:
        """How many seconds to wait before the next try."""
        pause_s = self._longest_s * random.uniform(0.5, 1.0)  # noqa: S311 - chance, no secret
        self._longest_s = min(LONGEST_PAUSE_S, max(FIRST_PAUSE_S, self._longest_s * 2))
        return pause_s

    def start_over(self) -> None:
        """Try at once the next time."""
        self._longest_s = 0.0


class SocketOpener:
    """Opens connections with the app-level token."""

    def __init__(self, client: AsyncWebClient, session: ClientSession, *, app_token: str) -> None:
        self._client = client
        self._session = session
        self._app_token = app_token

    async def open(self) -> ClientWebSocketResponse:
        """A connection that Slack has greeted.

        Raises:
            SlackUnavailableError: there is none to be had now.
            TokenRefusedError: Slack does not accept the app-level token.
        """
        address = await socket_address(
            self._client, app_token=self._app_token, timeout_s=OPENS_WITHIN_S
        )
        try:
            async with asyncio.timeout(OPENS_WITHIN_S), AsyncExitStack() as undoing:
                socket = await self._session.ws_connect(
                    address,
                    heartbeat=PING_EVERY_S,
                    timeout=ClientWSTimeout(ws_close=CLOSES_WITHIN_S),
                    proxy=self._client.proxy,
                    ssl=self._client.ssl or True,
                )
                undoing.push_async_callback(socket.close)
                await _greeting(socket)
                undoing.pop_all()
                return socket
        except (ClientError, TimeoutError) as error:
            raise SlackUnavailableError("Slack did not take the connection.") from error


class SocketMode:
    """Keeps two connections up, so that one is there while Slack refreshes the other."""

    def __init__(
        self,
        opener: SocketOpener,
        handle: EnvelopeHandler,
        *,
        tasks: TaskSupervisor,
        on_acknowledged: Callable[[float], object],
    ) -> None:
        self._opener = opener
        self._tasks = tasks
        self._office = EnvelopeOffice(handle, tasks=tasks, on_acknowledged=on_acknowledged)
        # Slack limits how often connections are opened, and one that is up must not wait behind
        # another's bad luck: so they are opened one after the other.
        self._opening = asyncio.Lock()
        self._first: ClientWebSocketResponse | None = None
        self._reading: dict[SocketConnection, asyncio.Task[None]] = {}
        self._is_stopping = False

    @property
    def is_connected(self) -> bool:
        """Whether Slack can reach us."""
        return bool(self._reading)

    async def start(self, *, timeout_s: float) -> None:
        """Open the first connection; where it does not come in time, go on trying beside the rest.

        Raises:
            TokenRefusedError: Slack does not accept the app-level token.
        """
        try:
            async with asyncio.timeout(timeout_s):
                self._first = await self._opener.open()
        except (SlackUnavailableError, TimeoutError):
            _log.warning("no connection to Slack yet")
        for _ in range(CONNECTIONS):
            self._tasks.serve(self._keep_one_up, name="keep a connection to Slack")

    async def stop(self) -> None:
        """Acknowledge what came, and what comes until that is done; take no more, close."""
        self._is_stopping = True
        for connection in self._reading:
            connection.end_when_answered(within_s=LAST_REQUESTS_S)
        if self._reading:
            await asyncio.wait(set(self._reading.values()), timeout=LAST_ACKS_S)

    async def _keep_one_up(self) -> None:
        loop, backoff = asyncio.get_running_loop(), Backoff()
        async with asyncio.TaskGroup() as readers:
            while not self._is_stopping:
                socket = await self._open(backoff)
                opened_at = loop.time()
                connection = SocketConnection(socket, self._office)
                self._watch(connection, readers.create_task(connection.read()))
                # The one that leaves goes on being read beside its successor.
                await connection.is_leaving.wait()
                if loop.time() - opened_at >= LASTING_S:
                    backoff.start_over()
                elif not self._is_stopping:
                    await asyncio.sleep(backoff.next_s())

    def _watch(self, connection: SocketConnection, reading: asyncio.Task[None]) -> None:
        self._reading[connection] = reading
        reading.add_done_callback(lambda _ended: self._reading.pop(connection))
        if self._is_stopping:
            connection.leave(within_s=0)
        _log.info("connected to Slack", extra={"connections": len(self._reading)})

    async def _open(self, backoff: Backoff) -> ClientWebSocketResponse:
        """The next connection, however long it takes."""
        async with self._opening:
            if self._first is not None:
                first, self._first = self._first, None
                return first
            while True:
                try:
                    return await self._opener.open()
                except (SlackUnavailableError, TokenRefusedError) as fault:
                    pause_s = backoff.next_s()
                    if isinstance(fault, SlackUnavailableError):
                        pause_s = max(pause_s, fault.retry_after_s)
                    _log.warning(
                        "no connection to Slack: %s", fault, extra={"next_try_s": round(pause_s, 1)}
                    )
                await asyncio.sleep(pause_s)


def build_socket_mode(
    app: AsyncApp,
    *,
    app_token: str,
    api_url: str,
    session: ClientSession,
    tasks: TaskSupervisor,
    on_acknowledged: Callable[[float], object],
) -> SocketMode:
    """The connections of *app*, none of them open yet."""
    # Retry handlers would sleep out of sight; here the pauses are the backoff's affair.
    client = AsyncWebClient(base_url=api_url, session=session, retry_handlers=[])
    return SocketMode(
        SocketOpener(client, session, app_token=app_token),
        envelope_handler(app),
        tasks=tasks,
        on_acknowledged=on_acknowledged,
    )


async def _greeting(socket: ClientWebSocketResponse) -> None:
    """Wait for Slack's hello.

    Raises:
        SlackUnavailableError: Slack said something else, such as that there are too many.
    """
    frame = await socket.receive()
    said = read_frame(frame.data) if frame.type is WSMsgType.TEXT else {}
    if said.get("type") != "hello":
        reason = said.get("reason", "closed")
        raise SlackUnavailableError(f"Slack ended a new connection at once ({reason}).")
