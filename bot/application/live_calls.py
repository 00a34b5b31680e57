"""The shared look at all live calls: a hundred people looking cost Twilio what one costs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Protocol

from bot.application.ports import CallGateway
from bot.application.snapshot import Snapshot
from bot.application.take_look import TwilioLooker
from bot.domain.calls import Call, Conversation, Listing
from bot.domain.errors import TwilioError
from bot.domain.looks import Learnt


class Looker(Protocol):
    """Who looks at the live calls."""

    async def refresh(self) -> None:
        """Bring the snapshot up to date, or note in it why that cannot be."""


def tell_nobody(_learnt: Learnt) -> None:
    """Stands where no other process needs to know."""


class LiveCalls:
    """The snapshot of the live calls, refreshed when somebody asks and it is too old.

    `on_learnt` is told what this process learns of calls by other ways than a look.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        looker: Looker,
        *,
        on_learnt: Callable[[Learnt], None] = tell_nobody,
    ) -> None:
        self._snapshot = snapshot
        self._looker = looker
        self._on_learnt = on_learnt
        self._refreshing: asyncio.Task[None] | None = None

    @classmethod
    def alone(
        cls, gateway: CallGateway, *, poll_s: float, elapsed: Callable[[], float] = monotonic
    ) -> LiveCalls:
        """The live calls of a process that shares its looks with no other."""
        snapshot = Snapshot(poll_s=poll_s, elapsed=elapsed)
        return cls(snapshot, TwilioLooker(gateway, snapshot))

    def known(self) -> Listing | None:
        """The last look, however old; asks nobody."""
        return self._snapshot.known

    def find(self, call_sid: str) -> Call | None:
        """The call as the last look saw it."""
        known = self.known()
        return known.find(call_sid) if known else None

    def conversation_of(self, call_sid: str) -> Conversation | None:
        """The conversation of this leg as the last look saw it."""
        known = self.known()
        return known.conversation_of(call_sid) if known else None

    async def listing_within(self, seconds: float) -> Listing:
        """The same, or the last look where Twilio does not list them now and it is not long ago.

        Raises:
            TwilioError: Twilio did not list them.
            TimeoutError: nor did it say so in time.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self.listing()
        except (TwilioError, TimeoutError):
            recent = self._snapshot.recent
            if recent is None:
                raise
            return recent

    async def listing(self) -> Listing:
        """All live calls, from a look that is shared for a while.

        A look that failed is shared too, and the longer the more often Twilio was asked too much.

        Raises:
            TwilioError: Twilio did not list them.
        """
        if not self._snapshot.is_current():
            if self._refreshing is None:
                self._refreshing = asyncio.create_task(self._refresh(), name="look at live calls")
            # The look belongs to all who wait for it: one of them giving up must not end it.
            await asyncio.shield(self._refreshing)
        return self._snapshot.listing()

    def learn(self, *calls: Call) -> None:
        """Take newer sights of some calls into the snapshot.

        With a call that has ended, others may have ended that were on the line with it: then the
        snapshot is shared no longer.
        """
        self._tell(self._snapshot.learn(calls))

    def learn_ended(self, call_sid: str) -> None:
        """Take in that a call is over, as the log tells."""
        self._tell(self._snapshot.forget([call_sid]))

    def learn_redirected(self, call: Call) -> None:
        """Take in a call that was sent elsewhere: who was on the line with it may have dropped."""
        self._tell(self._snapshot.learn_redirected(call))

    def _tell(self, learnt: Learnt) -> None:
        if learnt:
            self._on_learnt(learnt)

    async def _refresh(self) -> None:
        try:
            await self._looker.refresh()
        finally:
            self._refreshing = None
