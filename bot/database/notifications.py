"""PostgreSQL's notifications: how a process hears at once that another has written something."""

from __future__ import annotations

import asyncio
import logging

import psycopg
from sqlalchemy import URL

_log = logging.getLogger(__name__)

AGAIN_AFTER_S = 2.0
CONNECT_TIMEOUT_S = 3
# A connection that has died without a word is given up after about eleven seconds.
IDLE_BEFORE_KEEPALIVE_S = 5
KEEPALIVE_EVERY_S = 2
KEEPALIVES_WITHOUT_ANSWER = 3


class Notifications:
    """What one channel tells. It may miss some: through a pooler it hears nothing at all."""

    def __init__(self, url: URL, *, channel: str) -> None:
        self._url = url
        self._channel = channel
        self._next = asyncio.Event()
        self._is_listening = True

    def next(self) -> asyncio.Event:
        """Set at the next notification; whoever waits again asks again."""
        return self._next

    async def listen(self) -> None:
        """Listen for ever, over a connection of its own; one that is lost is made anew."""
        while True:
            try:
                await self._listen()
            except psycopg.Error:
                if self._is_listening:
                    _log.warning("the database's notifications are not heard; asking it instead")
                self._is_listening = False
            await asyncio.sleep(AGAIN_AFTER_S)

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self._url.set(drivername="postgresql").render_as_string(hide_password=False),
            autocommit=True,
            target_session_attrs="read-write",  # a standby notifies nobody
            connect_timeout=CONNECT_TIMEOUT_S,
            keepalives_idle=IDLE_BEFORE_KEEPALIVE_S,
            keepalives_interval=KEEPALIVE_EVERY_S,
            keepalives_count=KEEPALIVES_WITHOUT_ANSWER,
        )
        async with connection:
            await connection.execute(f"LISTEN {self._channel}")
            self._is_listening = True
            self._ring()  # for what was told while nobody listened
            async for _ in connection.notifies():
                self._ring()

    def _ring(self) -> None:
        rung, self._next = self._next, asyncio.Event()
        rung.set()
