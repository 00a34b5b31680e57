"""Settling what lost owners left behind: any process does it, whichever gets there first."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from uuid import uuid4

from bot.application import outcomes
from bot.application.deadlines import LOG_DEADLINE_S, Deadlines
from bot.application.perform_change import ChangeWorker
from bot.application.ports import Clock, Destination, Ledger, TaskSpawner
from bot.application.rights import Denials
from bot.application.send_change import ChangeSender
from bot.application.tell_outcomes import OutcomeTeller
from bot.domain.audit import Action, Surface
from bot.domain.changes import Change, ChangeState, Outcome, OutcomeReason
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
        sender: ChangeSender,
        teller: OutcomeTeller,
        denials: Denials,
        tasks: TaskSpawner,
        owner: str,
        clock: Clock,
        deadlines: Deadlines,
    ) -> None:
        self._ledger = ledger
        self._worker = worker
        self._sender = sender
        self._teller = teller
        self._denials = denials
        self._tasks = tasks
        self._owner = owner
        self._clock = clock
        self._deadlines = deadlines

    async def run(self) -> None:
        """Bring open changes to their end, for ever; a log that is down is looked at again."""
        while True:
            try:
                await self._worker.record_unrecorded()
                await self.settle_abandoned()
                await self._teller.tell_untold()
                await self._denials.flush()
            except LogUnavailableError:
                _log.warning("abandoned changes could not be looked for: the log does not answer")
            await asyncio.sleep(self._deadlines.settle_every_s)

    async def stop(self) -> None:
        """Record what can be: the next process does not know what Twilio said, or people heard."""
        try:
            await self._worker.record_unrecorded(within_s=LOG_DEADLINE_S)
        except LogUnavailableError:
            _log.warning("outcomes could not be recorded: the log does not answer")

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
        """Bring a change to its end that its owner left; this process has taken it over."""
        try:
            outcome = await self._outcome_of(change)
            if outcome is None:
                await self._worker.send(change, Destination(), surface=Surface.MACHINE)
            else:
                await self._worker.finish(change, outcome, surface=Surface.MACHINE)
        except LogUnavailableError:
            _log.warning("a change could not be settled yet", extra={"id": change.change_id})

    async def _outcome_of(self, change: Change) -> Outcome | None:
        """What is known of it now; None where a hang-up may be sent again."""
        known = self._worker.take_unrecorded(change)
        if known is not None:
            return known
        if change.state is ChangeState.CLAIMED:
            return outcomes.not_done(OutcomeReason.NOT_SENT, at=self._clock())
        if change.action is Action.HANG_UP:
            return await self._look_at_hang_up(change)
        return outcomes.unclear(OutcomeReason.NO_ANSWER, at=self._clock(), before="", is_final=True)

    async def _look_at_hang_up(self, change: Change) -> Outcome | None:
        call = await self._sender.look(change.call_sid)
        if call is not None and not call.is_active:
            return outcomes.found_over(change, call, at=self._clock(), before="")
        age = self._clock() - change.requested_at
        is_too_old = age > timedelta(seconds=self._deadlines.hang_up_max_age_s)
        if not is_too_old and not await self._is_frozen():
            return None
        return outcomes.unclear(
            OutcomeReason.STILL_ACTIVE if call else OutcomeReason.NO_ANSWER,
            at=self._clock(),
            before="",
            status=call.status if call else "",
            is_final=True,
        )

    async def _is_frozen(self) -> bool:
        return await self._ledger.write(lambda tx: tx.current_freeze()) is not None
