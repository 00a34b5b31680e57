"""One change against Twilio: sent once, looked at again where the answer leaves doubt."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.application import outcomes
from bot.application.deadlines import Deadline, Deadlines
from bot.application.live_calls import LiveCalls
from bot.application.ports import CallGateway, Clock, Destination, TwilioAnswer
from bot.domain.audit import Action
from bot.domain.calls import Call
from bot.domain.changes import Change, Outcome, OutcomeReason
from bot.domain.errors import (
    LeaseLostError,
    TwilioCallNotInProgressError,
    TwilioError,
    TwilioRateLimitedError,
    TwilioUnavailableError,
)

FIRST_PAUSE_S = 0.15
LONGEST_PAUSE_S = 1.0
LEAST_TRY_S = 0.5
# How long a look at a call may be behind what a change of it is refused for.
LONGEST_LAG_S = 2.0


class ChangeSender:
    """Asks Twilio for one change and says what is known of it afterwards.

    The change must be SENT, with a deadline: nothing is sent after it, whoever was paused how long.
    """

    def __init__(
        self, gateway: CallGateway, live: LiveCalls, *, clock: Clock, deadlines: Deadlines
    ) -> None:
        self._gateway = gateway
        self._live = live
        self._clock = clock
        self._deadlines = deadlines

    async def send(self, change: Change, *, before: str, destination: Destination) -> Outcome:
        """What came of it.

        Raises:
            LeaseLostError: its deadline had passed before it was sent.
        """
        deadline = self._deadline_of(change)
        if deadline.left_s <= 0:
            raise LeaseLostError("the deadline passed before the change was sent")
        if change.action is Action.HANG_UP:
            return await self._hang_up(change, before, deadline)
        return await self._redirect(change, before, destination, deadline)

    async def look(self, call_sid: str) -> Call | None:
        """The call as it is now; None where Twilio does not tell."""
        try:
            call = await self._gateway.fetch_call(call_sid, timeout_s=self._deadlines.look_s)
        except TwilioError:
            return None
        self._live.learn(call)
        return call

    async def _redirect(
        self, change: Change, before: str, destination: Destination, deadline: Deadline
    ) -> Outcome:
        try:
            answer = await self._gateway.redirect(change.call_sid, destination, deadline=deadline)
        except TwilioUnavailableError as fault:
            if not fault.may_have_acted:
                return outcomes.failed(fault, at=self._clock(), before=before)
            return outcomes.unclear(
                OutcomeReason.NO_ANSWER, at=self._clock(), before=before, is_final=True
            )
        except TwilioError as fault:
            return await self._refused(change, fault, before, deadline)
        self._live.learn_redirected(answer.call)
        return outcomes.taken(
            OutcomeReason.ACCEPTED,
            answer.call,
            at=self._clock(),
            before=before,
            twilio_request_id=answer.request_id,
        )

    async def _hang_up(self, change: Change, before: str, deadline: Deadline) -> Outcome:
        """Send it, look, and send it again while there is doubt and time.

        Once a try may have acted only a look can tell: a refusal after it says nothing about it.
        """
        call: Call | None = None
        fault: TwilioError = TwilioUnavailableError("no time was left", may_have_acted=False)
        is_in_doubt = change.attempts > 1
        pause_s = FIRST_PAUSE_S
        while deadline.left_s > LEAST_TRY_S:
            try:
                answer = await self._gateway.hang_up(
                    change.call_sid, deadline=deadline.at_most(self._deadlines.hang_up_try_s)
                )
                return await self._answered(answer, before, deadline, is_in_doubt=is_in_doubt)
            except TwilioError as refusal:
                fault = refusal
            is_in_doubt = is_in_doubt or may_have_acted(fault)
            if is_in_doubt:
                call = await self.look(change.call_sid)
                if call is not None and not call.is_active:
                    return outcomes.found_over(change, call, at=self._clock(), before=before)
            elif not may_be_sent_again(fault):
                return await self._refused(change, fault, before, deadline)
            wait_s = max(pause_s, seconds_to_wait(fault, is_in_doubt=is_in_doubt))
            if wait_s > deadline.left_s:
                break
            await asyncio.sleep(wait_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        if is_in_doubt:
            return self._unconfirmed(call, before)
        return outcomes.failed(fault, at=self._clock(), before=before)

    async def _answered(
        self, answer: TwilioAnswer, before: str, deadline: Deadline, *, is_in_doubt: bool
    ) -> Outcome:
        """Where an earlier try may have acted, that may be what had ended the call."""
        if answer.had_ended and not is_in_doubt:
            self._live.learn(answer.call)
            return outcomes.already_ended(
                answer.call, at=self._clock(), twilio_request_id=answer.request_id
            )
        return await self._until_final(answer, before, deadline)

    async def _until_final(self, answer: TwilioAnswer, before: str, deadline: Deadline) -> Outcome:
        """Twilio may take a moment to end a call that it was asked to end."""
        call = answer.call
        pause_s = FIRST_PAUSE_S
        while call.is_active and deadline.left_s > LEAST_TRY_S:
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            call = await self.look(call.sid) or call
        self._live.learn(call)
        if call.is_active:
            return self._unconfirmed(call, before)
        return outcomes.taken(
            OutcomeReason.CONFIRMED,
            call,
            at=self._clock(),
            before=before,
            twilio_request_id=answer.request_id,
        )

    def _unconfirmed(self, call: Call | None, before: str) -> Outcome:
        return outcomes.unclear(
            OutcomeReason.NO_ANSWER if call is None else OutcomeReason.STILL_ACTIVE,
            at=self._clock(),
            before=before,
            status=call.status if call else "",
            is_final=False,
        )

    async def _refused(
        self, change: Change, fault: TwilioError, before: str, deadline: Deadline
    ) -> Outcome:
        outcome = outcomes.failed(fault, at=self._clock(), before=before)
        if not isinstance(fault, TwilioCallNotInProgressError):
            return outcome
        call = await self._look_behind(change, deadline.at_most(LONGEST_LAG_S))
        if call is None:
            return outcome
        if call.is_active:
            return replace(outcome, status_after=call.status)
        return outcomes.already_ended(
            call, at=self._clock(), twilio_request_id=fault.request_id, code=fault.code
        )

    async def _look_behind(self, change: Change, deadline: Deadline) -> Call | None:
        """The call, once it tells why Twilio refused: the refusal may know of its end earlier."""
        pause_s = FIRST_PAUSE_S
        call = await self.look(change.call_sid)
        while _is_as_it_was(call, change) and deadline.left_s > pause_s:
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            call = await self.look(change.call_sid) or call
        return call

    def _deadline_of(self, change: Change) -> Deadline:
        """When the change's time is over; no pause of this process makes that a later moment.

        So this moment is asked for before what is left from it is reckoned.
        """
        now = Deadline.after(0.0)
        left_s = (change.deadline_at - self._clock()).total_seconds() if change.deadline_at else 0.0
        # A clock that was set back must not give it more time than it ever had.
        return now.moved(min(left_s, self._deadlines.twilio_s))


def may_have_acted(fault: TwilioError) -> bool:
    """Whether Twilio may have carried the request out all the same."""
    return isinstance(fault, TwilioUnavailableError) and fault.may_have_acted


def _is_as_it_was(call: Call | None, change: Change) -> bool:
    """Whether nothing is known that would be a reason to refuse the change."""
    if call is None:
        return True
    return call.is_active if change.action is Action.HANG_UP else call.status == "in-progress"


def seconds_to_wait(fault: TwilioError, *, is_in_doubt: bool) -> float:
    """For how long Twilio has asked to be left alone; who is in doubt looks all the same."""
    if is_in_doubt or not isinstance(fault, TwilioRateLimitedError):
        return 0.0
    return fault.retry_after_s


def may_be_sent_again(fault: TwilioError) -> bool:
    """Whether another try could fare better: Twilio was too busy, or not to be reached."""
    return isinstance(fault, TwilioRateLimitedError | TwilioUnavailableError)
