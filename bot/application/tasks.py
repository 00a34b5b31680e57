"""The supervisor of all work that goes on after a request was answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

_log = logging.getLogger(__name__)


class TaskSupervisor:
    """Keeps every task alive until it ends, logs what it raises, and drains at shutdown.

    asyncio itself holds tasks weakly and forgets their exceptions.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._services: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> int:
        """How many pieces of work have not ended."""
        return len(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, object], *, name: str) -> None:
        """Start work that shutdown waits for."""
        self._keep(self._tasks, work, name)

    def serve(self, loop: Coroutine[Any, Any, object], *, name: str) -> None:
        """Start a loop that has no end of its own; shutdown cancels it."""
        self._keep(self._services, loop, name)

    async def drain(self, *, timeout_s: float) -> bool:
        """Wait for the work; after *timeout_s* seconds cancel what is left and say False."""
        for service in self._services:
            service.cancel()
        await asyncio.gather(*self._services, return_exceptions=True)
        async with asyncio.timeout(timeout_s) as limit:
            while self._tasks:  # work may spawn more work
                await asyncio.wait(set(self._tasks))
        return not limit.expired()

    async def stop(self, *, timeout_s: float) -> bool:
        """Drain, and cancel what does not end in time; True when all work had ended by itself."""
        try:
            return await self.drain(timeout_s=timeout_s)
        except TimeoutError:
            _log.warning("work cut off at shutdown; it is settled at the next start")
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            return False

    def _keep(
        self, group: set[asyncio.Task[None]], work: Coroutine[Any, Any, object], name: str
    ) -> None:
        task = asyncio.create_task(self._watch(work, name), name=name)
        group.add(task)
        task.add_done_callback(group.discard)

    async def _watch(self, work: Coroutine[Any, Any, object], name: str) -> None:
        try:
            await work
        except Exception:  # noqa: BLE001 - the one place that sees what nobody caught
            _log.exception("work failed", extra={"work": name})
