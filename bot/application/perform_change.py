"""The work of one change after it was accepted: mark it as sent, send, record, show."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, auto

from bot.application import outcomes
from bot.application.deadlines import LOG_DEADLINE_S, Deadlines
from bot.application.find_destination import DestinationBook
from bot.application.live_calls import LiveCalls
from bot.application.ports import (
    ChangeCounter,
    Clock,
    Destination,
    Ledger,
    LedgerTransaction,
    TaskSpawner,
)
from bot.application.send_change import ChangeSender
from bot.application.tell_outcomes import OutcomeTeller
from bot.domain.audit import Action, Event, Surface
from bot.domain.changes import Change, ChangeState, Outcome, OutcomeReason
from bot.domain.errors import (
    CallNotFoundError,
    FrozenError,
    HookflashError,
    LeaseLostError,
    LogUnavailableError,
    NoDestinationError,
    TwilioError,
    TwilioUnavailableError,
)

_log = logging.getLogger(__name__)

TAKEN_OVER = "another process has taken over a change"
NOT_SENT = OutcomeReason.NOT_SENT
NOT_SENT_BECAUSE_OF = {
    NoDestinationError: OutcomeReason.NO_TARGET,
    CallNotFoundError: OutcomeReason.NO_SUCH_CALL,
}


class Recorded(Enum):
    """Whether an outcome stands in the log."""

    NOW = auto()
    NOT_YET = auto()
    BY_ANOTHER = auto()


@dataclass(frozen=True, slots=True)
class _Kept:
    """An outcome that this process knows and the log did not take yet."""

    change: Change
    outcome: Outcome


class ChangeWorker:
    """Performs the changes that this process has claimed."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        sender: ChangeSender,
        live: LiveCalls,
        destinations: DestinationBook,
        teller: OutcomeTeller,
        tasks: TaskSpawner,
        counter: ChangeCounter,
        clock: Clock,
        deadlines: Deadlines,
    ) -> None:
        self._ledger = ledger
        self._sender = sender
        self._live = live
        self._destinations = destinations
        self._teller = teller
        self._tasks = tasks
        self._counter = counter
        self._clock = clock
        self._deadlines = deadlines
        self._unrecorded: dict[str, _Kept] = {}

    async def perform(self, change: Change) -> None:
        """Carry out a change that this process has just accepted, and show what came of it."""
        if change.state is ChangeState.SENT:
            await self._ask_twilio(change, Destination())
            return
        try:
            destination = await self._destinations.find(change)
        except (NoDestinationError, CallNotFoundError, TwilioError) as fault:
            await self.finish(change, self._not_sent_because_of(fault))
        else:
            await self.send(change, destination)

    async def send(
        self, change: Change, destination: Destination, *, surface: Surface | None = None
    ) -> None:
        """Mark a claimed change as sent, send it to Twilio, and finish it.

        Raises:
            LogUnavailableError: a change that was sent before could not be marked again.
        """
        try:
            sent = await self._mark_sent(change)
        except LeaseLostError:
            _log.warning(TAKEN_OVER, extra=_names(change))
        except FrozenError:
            await self.finish(change, outcomes.not_done(OutcomeReason.FROZEN, at=self._clock()))
        except LogUnavailableError:
            if change.attempts:
                raise  # it was sent before, so "not sent" would be wrong: the settler comes again
            # The intent is recorded and stays open.
            await self._teller.tell(change, self.give_up(change))
        else:
            await self._ask_twilio(sent, destination, surface=surface)

    async def _ask_twilio(
        self, sent: Change, destination: Destination, *, surface: Surface | None = None
    ) -> None:
        before = self._status_before(sent)
        try:
            outcome = await self._sender.send(sent, before=before, destination=destination)
        except LeaseLostError:
            _log.warning(TAKEN_OVER, extra=_names(sent))
        else:
            await self.finish(sent, outcome, surface=surface)

    async def _mark_sent(self, change: Change) -> Change:
        now = self._clock()
        deadline_at = now + timedelta(seconds=self._deadlines.twilio_s)
        if not change.attempts:  # somebody waits for the answer
            answer_by = change.requested_at + timedelta(seconds=self._deadlines.answer_s)
            deadline_at = min(deadline_at, answer_by)

        async def mark(tx: LedgerTransaction) -> Change | None:
            freeze = None if change.attempts else await tx.current_freeze()
            if freeze:  # it came while the target was looked up
                raise FrozenError(freeze)
            return await tx.mark_sent(
                change,
                deadline_at=deadline_at,
                lease_until=now + timedelta(seconds=self._deadlines.sent_lease_s),
                now=now,
            )

        sent = await self._ledger.write(mark, within_s=LOG_DEADLINE_S)
        if sent is None:
            raise LeaseLostError("the lease ran out before the change was sent")
        return sent

    def _status_before(self, change: Change) -> str:
        call = self._live.find(change.call_sid)
        return call.status if call else ""

    async def finish(
        self, change: Change, outcome: Outcome, *, surface: Surface | None = None
    ) -> None:
        """Record a final outcome and show it; one that is not final stays open for the settler."""
        outcome = self._with_numbers(change, outcome)
        if outcome.is_final:
            recorded = await self._record(change, outcome, surface)
            if recorded is Recorded.BY_ANOTHER:
                return
            outcome = replace(outcome, is_recorded=recorded is Recorded.NOW)
        elif change.attempts > 1:
            return  # the person was told already that the machine goes on looking
        await self._teller.tell(change, outcome)
        if change.action is Action.REDIRECT and outcome.event is Event.SUCCEEDED:
            self._tasks.spawn(self._look_again(change, outcome), name="second look at a redirect")

    def give_up(self, change: Change) -> Outcome:
        """Never send it: once the log is back that is recorded, whatever came to stand in it."""
        outcome = outcomes.not_done(OutcomeReason.NOT_SENT, at=self._clock(), is_recorded=False)
        self._unrecorded[change.change_id] = _Kept(change, outcome)
        return outcome

    def take_unrecorded(self, change: Change) -> Outcome | None:
        """The outcome of the change that this process knows and the log did not take."""
        kept = self._unrecorded.pop(change.change_id, None)
        return kept.outcome if kept else None

    async def record_unrecorded(self, *, within_s: float | None = None) -> None:
        """Record what the log did not take, before another process takes the change over.

        That one does not know what Twilio said. What was given up and is not found now never will
        be: its transaction held the end of the chain, for which this one has waited. Its person is
        told as well, who had heard that it is not known.

        Raises:
            LogUnavailableError: the log does not take it now either.
        """
        unrecorded = list(self._unrecorded.values())
        if not unrecorded:
            return

        async def close(tx: LedgerTransaction) -> tuple[list[_Kept], list[_Kept]]:
            closed = [kept for kept in unrecorded if await _close(tx, kept, Surface.MACHINE)]
            others = [kept for kept in unrecorded if kept not in closed]
            return closed, [kept for kept in others if await _is_void(tx, kept.change)]

        closed, void = await self._ledger.write(close, within_s=within_s)
        # At shutdown two may look at once, and only one of them is to tell.
        left = [self._unrecorded.pop(kept.change.change_id, None) for kept in unrecorded]
        for kept in closed:
            self._counter.change_closed(action=kept.change.action, outcome=kept.outcome.event)
        for kept in closed + [kept for kept in void if kept in left]:
            outcome = replace(kept.outcome, is_recorded=True)
            self._tasks.spawn(self._teller.tell(kept.change, outcome), name="tell an outcome")

    def _not_sent_because_of(self, fault: HookflashError) -> Outcome:
        now = self._clock()
        if isinstance(fault, TwilioError) and not isinstance(fault, TwilioUnavailableError):
            return outcomes.failed(fault, at=now, before="")
        return outcomes.not_done(NOT_SENT_BECAUSE_OF.get(type(fault), NOT_SENT), at=now)

    def _with_numbers(self, change: Change, outcome: Outcome) -> Outcome:
        """The outcome with the call's numbers, from the snapshot where Twilio did not tell them."""
        call = None if outcome.numbers else self._live.find(change.call_sid)
        return replace(outcome, numbers=outcomes.numbers_of(call)) if call else outcome

    async def _record(self, change: Change, outcome: Outcome, surface: Surface | None) -> Recorded:
        """Close the change and append its outcome, in one transaction.

        What the log does not take now is kept here and recorded as soon as it does.
        """
        kept = _Kept(change, outcome)
        try:
            is_closed = await self._ledger.write(
                lambda tx: _close(tx, kept, surface), within_s=LOG_DEADLINE_S
            )
        except LogUnavailableError:
            _log.exception("an outcome could not be recorded yet", extra=_names(change))
            self._unrecorded[change.change_id] = kept
            return Recorded.NOT_YET
        if not is_closed:
            return Recorded.BY_ANOTHER
        self._counter.change_closed(action=change.action, outcome=outcome.event)
        return Recorded.NOW

    async def _look_again(self, change: Change, outcome: Outcome) -> None:
        """A redirect's new target is learnt to have failed only by looking at the call again.

        Where one of us has changed the call since, its end says nothing about this target.
        """
        await asyncio.sleep(self._deadlines.second_look_after_s)
        call = await self._sender.look(change.call_sid)
        if call is None or call.is_active or self._destinations.ends_the_call(change):
            return
        noted = outcomes.outcome_entry(
            change,
            replace(outcome, event=Event.NOTED, status_after=call.status),
            surface=Surface.MACHINE,
        )
        noted = replace(noted, details=dict(noted.details) | {"note": "ended_right_after"})

        async def note(tx: LedgerTransaction) -> bool:
            last = await tx.last_changes(change.account_sid, [change.call_sid])
            if last[change.call_sid].change_id != change.change_id:
                return False
            await tx.append(noted)
            return True

        if not await self._ledger.write(note, within_s=LOG_DEADLINE_S):
            return
        ended = replace(outcome, status_after=call.status, ended_at=call.ended_at or self._clock())
        await self._teller.tell(change, ended)


async def _close(tx: LedgerTransaction, kept: _Kept, surface: Surface | None) -> bool:
    """Close the change and append its outcome; False where another owner has it."""
    if not await tx.close_change(kept.change, kept.outcome):
        return False
    await tx.append(outcomes.outcome_entry(kept.change, kept.outcome, surface=surface))
    return True


async def _is_void(tx: LedgerTransaction, change: Change) -> bool:
    """Whether the log never took a change of which it could be done by another process."""
    if change.state is not ChangeState.SENT:
        return False
    return await tx.find_change(change.request.request_id) is None


def _names(change: Change) -> dict[str, str]:
    return {"change_id": change.change_id, "call_sid": change.call_sid}
