"""Telling the outcome of a change: by who recorded it, or by any process where that one is lost."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

from bot.application import outcomes
from bot.application.deadlines import Deadlines
from bot.application.live_calls import LiveCalls
from bot.application.ports import ChangeAnnouncer, Clock, Ledger, TaskSpawner
from bot.domain.calls import FINAL_STATUSES
from bot.domain.changes import Change, Outcome
from bot.domain.errors import LogUnavailableError

_log = logging.getLogger(__name__)

MOST_AT_ONCE = 20


class OutcomeTeller:
    """Shows outcomes to people and keeps in mind which of them have been shown."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        announcer: ChangeAnnouncer,
        live: LiveCalls,
        tasks: TaskSpawner,
        clock: Clock,
        deadlines: Deadlines,
    ) -> None:
        self._ledger = ledger
        self._announcer = announcer
        self._live = live
        self._tasks = tasks
        self._clock = clock
        self._deadlines = deadlines
        self._telling: set[str] = set()

    async def tell(self, change: Change, outcome: Outcome) -> None:
        """Show it.

        One that the log does not have yet, or that is not final, is told again, and so is one that
        Slack took in no way, unless it is old by now.
        """
        self._telling.add(change.change_id)
        try:
            is_told = await self._announcer.announce(change, outcome)
        finally:
            self._telling.discard(change.change_id)
        if not outcome.is_final or not outcome.is_recorded:
            return
        if not is_told and not self._is_old(change):
            return
        try:
            await self._ledger.write(lambda tx: tx.mark_told(change))
        except LogUnavailableError:
            _log.warning("an outcome will be told twice", extra={"change_id": change.change_id})

    async def tell_untold(self) -> int:
        """Start telling what was recorded and not told; how many outcomes.

        Raises:
            LogUnavailableError: the database does not answer.
        """
        now = self._clock()
        untold = await self._ledger.write(
            lambda tx: tx.claim_untold(
                before=now - timedelta(seconds=self._deadlines.told_within_s),
                now=now,
                limit=MOST_AT_ONCE,
            )
        )
        # A Slack that does not answer keeps one telling waiting for longer than until the next.
        waiting = [change for change in untold if change.change_id not in self._telling]
        for change in waiting:
            self._tasks.spawn(self._tell_recorded(change), name="tell an outcome")
        return len(waiting)

    def _is_old(self, change: Change) -> bool:
        """Whether nobody needs to be told of it any more; what has just been recorded is not."""
        age = self._clock() - (change.closed_at or self._clock())
        return age >= timedelta(seconds=self._deadlines.tell_for_s)

    async def _tell_recorded(self, change: Change) -> None:
        found = await self._ledger.write(lambda tx: tx.told_entry(change))
        if found is None:
            return
        entry, personal = found
        outcome = outcomes.outcome_of(entry, personal)
        if outcome.status_after in FINAL_STATUSES:
            # The look that is shared now may be older than the call's end.
            self._live.learn_ended(change.call_sid)
        # A closed change has given up its target, which the log still knows.
        request = replace(change.request, target=personal.get("target", ""))
        await self.tell(replace(change, request=request), outcome)
