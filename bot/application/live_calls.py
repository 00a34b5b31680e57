"""The shared look at all live calls: a hundred people looking cost Twilio what one costs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from bot.application.ports import CallGateway
from bot.domain.calls import Call, Listing, merge_by_sid, newest_first
from bot.domain.errors import TwilioError, TwilioRateLimitedError

# Reading Twilio's listings must never take more than a fifth of the time.
COST_FACTOR = 5
MOST_VANISHED_FETCHED = 20
VANISHED_WITHIN_S = 60.0
LONGEST_PAUSE_S = 60.0


class LiveCalls:
    """A snapshot of the live calls that is looked up when somebody asks and it is too old.

    `poll_s` is how many seconds one look is shared.
    """

    def __init__(
        self, gateway: CallGateway, *, poll_s: float, elapsed: Callable[[], float] = monotonic
    ) -> None:
        self._gateway = gateway
        self._poll_s = poll_s
        self._elapsed = elapsed
        self._known: Listing | None = None
        self._known_at = -VANISHED_WITHIN_S
        self._is_outdated = False
        self._look: asyncio.Task[Listing] | None = None
        self._fault: TwilioError | None = None
        self._pause_s = poll_s
        self._quiet_until = 0.0

    def known(self) -> Listing | None:
        """The last look, however old; asks nobody."""
        return self._known

    async def listing(self) -> Listing:
        """All live calls, from a look that is at most `poll_s` old.

        A look that failed is shared too, and the longer the more often Twilio was asked too much.

        Raises:
            TwilioError: Twilio did not list them.
        """
        if self._known is not None and self._is_fresh(self._known):
            return self._known
        if self._fault is not None and self._elapsed() < self._quiet_until:
            raise self._fault.with_traceback(None)  # of the look that failed for somebody else
        if self._look is None:
            self._look = asyncio.create_task(self._take_look(), name="look at live calls")
        # The look belongs to all who wait for it: one of them giving up must not end it.
        return await asyncio.shield(self._look)

    def learn(self, *calls: Call) -> None:
        """Take newer sights of some calls into the snapshot.

        With a call that has ended, others may have ended that were on the line with it: then the
        snapshot is shared no longer.
        """
        if self._known is None:
            return
        ended = {call.sid for call in calls if not call.is_active}
        sights = {call.sid: call for call in (*self._known.calls, *calls)}
        active = newest_first(call for call in sights.values() if call.is_active)
        self._known = replace(self._known, calls=active)
        self._is_outdated |= any(call.parent_call_sid in ended for call in active)

    def learn_redirected(self, call: Call) -> None:
        """Take in a call that was sent elsewhere: who was on the line with it may have dropped."""
        self.learn(call)
        conversation = self._known.conversation_of(call.sid) if self._known else None
        self._is_outdated |= bool(conversation and conversation.others_than(call.sid))

    def _age_s(self) -> float:
        return self._elapsed() - self._known_at

    def _is_fresh(self, listing: Listing) -> bool:
        shared_for_s = max(self._poll_s, COST_FACTOR * listing.took_s)
        return self._age_s() < shared_for_s and not self._is_outdated

    async def _take_look(self) -> Listing:
        try:
            listing = await self._look_for_all()
        except TwilioError as fault:
            self._remember_fault(fault)
            raise
        finally:
            self._look = None
        self._known, self._known_at, self._is_outdated = listing, self._elapsed(), False
        self._fault, self._pause_s = None, self._poll_s
        return listing

    async def _look_for_all(self) -> Listing:
        listing = await self._gateway.list_live()
        missed = await self._still_active_of(self._vanished(listing))
        if not missed:
            return listing
        return replace(listing, calls=merge_by_sid([listing.calls, missed]))

    def _remember_fault(self, fault: TwilioError) -> None:
        if isinstance(fault, TwilioRateLimitedError):
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        self._fault, self._quiet_until = fault, self._elapsed() + self._pause_s

    def _vanished(self, listing: Listing) -> list[Call]:
        """Calls of the last look that the new one lacks: ended, or moving between the listings."""
        if self._known is None or self._age_s() > VANISHED_WITHIN_S:
            return []
        present = {call.sid for call in listing.calls}
        gone = [call for call in self._known.calls if call.sid not in present]
        return gone[:MOST_VANISHED_FETCHED]

    async def _still_active_of(self, calls: list[Call]) -> list[Call]:
        fetched = await asyncio.gather(*(self._fetch(call.sid) for call in calls))
        return [call for call in fetched if call is not None and call.is_active]

    async def _fetch(self, call_sid: str) -> Call | None:
        try:
            return await self._gateway.fetch_call(call_sid, timeout_s=3.0)
        except TwilioError:
            return None
