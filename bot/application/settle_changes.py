"""Settling what lost owners left behind: any process does it, whichever gets there first."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from uuid import uuid4

from bot.application.deadlines import Deadlines
from bot.application.perform_change import ChangeWorker
from bot.application.ports import Clock, Ledger, TaskSpawner
from bot.application.rights import Denials
from bot.domain.changes import Change
from bot.domain.errors import LogUnavailableError

_log = logging.getLogger(__name__)

MOST_AT_ONCE = 20


class Settler:
    """Takes over open changes whose lease and Twilio deadline have both run out."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        worker: ChangeWorker,
        denials: Denials,
        tasks: TaskSpawner,
        owner: str,
        clock: Clock,
        deadlines: Deadlines,
    ) -> None:
        self._ledger = ledger
        self._worker = worker
        self._denials = denials
        self._tasks = tasks
        self._owner = owner
        self._clock = clock
        self._deadlines = deadlines

    async def run(self) -> None:
        """Look for abandoned changes, for ever; a log that is down is looked at again."""
        while True:
            try:
                await self.settle_abandoned()
                await self._denials.flush()
            except LogUnavailableError:
                _log.warning("abandoned changes could not be looked for: the log does not answer")
            await asyncio.sleep(self._deadlines.settle_every_s)

    async def settle_abandoned(self) -> int:
        """Start settling what is abandoned now; how many changes that were."""
        now = self._clock()
        # A takeover has a name of its own: it must fence off this process's earlier work as well.
        owner = f"{self._owner}/{uuid4().hex[:8]}"
        abandoned = await self._ledger.write(
            lambda tx: tx.claim_abandoned(
                owner=owner,
                now=now,
                lease_until=now + timedelta(seconds=self._deadlines.claim_lease_s),
                limit=MOST_AT_ONCE,
            )
        )
        for change in abandoned:
            self._tasks.spawn(self._settle(change), name="settle a change")
        return len(abandoned)

    async def _settle(self, change: Change) -> None:
        try:
            await self._worker.settle(change)
        except LogUnavailableError:
            _log.warning("a change could not be settled yet", extra={"id": change.change_id})
