"""The supervisor of all work that goes on after a request was answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

_log = logging.getLogger(__name__)

RESTART_AFTER_S = 1.0
CANCEL_AGAIN_AFTER_S = 0.2

OnFault = Callable[[Exception], Awaitable[None]]


class TaskSupervisor:
    """Keeps every task alive until it ends, logs what it raises, and drains at shutdown.

    asyncio itself holds tasks weakly and forgets their exceptions.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._services: set[asyncio.Task[None]] = set()

    def spawn(
        self, work: Coroutine[Any, Any, object], *, name: str, on_fault: OnFault | None = None
    ) -> None:
        """Start work that shutdown waits for; *on_fault* is told what it raises, or the log."""
        self._keep(self._tasks, work, name, on_fault)

    def serve(self, loop: Callable[[], Coroutine[Any, Any, object]], *, name: str) -> None:
        """Run a loop that has no end of its own until shutdown; one that fails starts again."""
        self._keep(self._services, self._again_and_again(loop, name), name)

    async def at_rest(self) -> None:
        """Return once no work is left; work may have spawned more work."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def stop(self, *, timeout_s: float) -> bool:
        """Wait for the work; after *timeout_s* seconds cancel what is left and say False."""
        await _cancel(self._services)
        try:
            async with asyncio.timeout(timeout_s):
                await self.at_rest()
        except TimeoutError:
            _log.warning("work was cut off at shutdown; it is settled at the next start")
            await _cancel(self._tasks)
            return False
        return True

    def _keep(
        self,
        group: set[asyncio.Task[None]],
        work: Coroutine[Any, Any, object],
        name: str,
        on_fault: OnFault | None = None,
    ) -> None:
        task = asyncio.create_task(self._watch(work, name, on_fault), name=name)
        group.add(task)
        task.add_done_callback(group.discard)

    async def _again_and_again(
        self, loop: Callable[[], Coroutine[Any, Any, object]], name: str
    ) -> None:
        while True:
            await self._watch(loop(), name, None)
            await asyncio.sleep(RESTART_AFTER_S)

    async def _watch(
        self, work: Coroutine[Any, Any, object], name: str, on_fault: OnFault | None
    ) -> None:
        try:
            await work
        except Exception as fault:  # noqa: BLE001 - the one place that sees what nobody caught
            if on_fault is None:
                _log.exception("work failed", extra={"work": name})
                return
            self.spawn(_tell(on_fault, fault), name=f"tell of a fault in: {name}")


async def _tell(on_fault: OnFault, fault: Exception) -> None:
    await on_fault(fault)


async def _cancel(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel until they have ended: who is told so in the middle of a commit may yet tell of it.

    A task that has ended takes itself out of the set.
    """
    while tasks:
        for task in tasks:
            task.cancel()
        await asyncio.wait(set(tasks), timeout=CANCEL_AGAIN_AFTER_S)
