"""The list of live calls, drawn for whoever sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.application.deadlines import database_deadline
from bot.application.live_calls import LiveCalls
from bot.application.log_health import LogHealth
from bot.application.ports import AuditReader, Clock
from bot.domain.changes import Freeze, LastChanges
from bot.domain.errors import LogUnavailableError
from bot.slack.filter_seal import FilterSeal
from bot.slack.list_state import ListState
from bot.slack.views.call_list import LiveSheet
from bot.slack.views.formatting import Audience, Place
from bot.slack.views.message import MessageView
from bot.slack.views.values import PageValue


class LiveList:
    """Draws a page of the list from the shared look at Twilio."""

    def __init__(
        self,
        live: LiveCalls,
        log: AuditReader,
        log_health: LogHealth,
        *,
        seal: FilterSeal,
        clock: Clock,
        place: Place,
    ) -> None:
        self._live = live
        self._log = log
        self._log_health = log_health
        self._seal = seal
        self._clock = clock
        self._place = place

    def parse(self, value: str) -> ListState:
        """The page that a button of the list leads to.

        Raises:
            InvalidFilterError: its filters reach back further than filters may.
            OutdatedButtonError: no button of ours carries this.
        """
        return ListState.parse(value, self._seal, now=self._clock())

    def encode(self, state: ListState) -> PageValue:
        """What a button carries that leads to this page."""
        return state.encode(self._seal)

    async def freeze(self) -> Freeze | None:
        """The freeze in force; None also where the log does not answer, which the list says."""
        try:
            async with database_deadline():
                return await self._log.current_freeze()
        except LogUnavailableError:
            return None

    async def last_changes(self, call_sids: Sequence[str]) -> LastChanges | None:
        """The newest change of each call that has any; None where the log does not answer."""
        try:
            async with database_deadline():
                return await self._log.last_changes(self._place.account_sid, call_sids)
        except LogUnavailableError:
            return None

    async def draw(
        self,
        state: ListState,
        audience: Audience,
        *,
        banner: str = "",
        within_s: float | None = None,
        tells_freeze: bool = True,
    ) -> MessageView:
        """The page as it is now, with *banner* (marked-up text) on top, and the freeze in force.

        Where Twilio does not list the calls *within_s*, it shows what was known a moment ago.

        Raises:
            TwilioError: Twilio did not list the calls.
            TimeoutError: nor did it say so in time.
        """
        listing, is_log_up, freeze = await asyncio.gather(
            self._live.listing() if within_s is None else self._live.listing_within(within_s),
            self._log_health.is_answering(),
            self.freeze() if tells_freeze else _nothing(),
        )
        sheet = LiveSheet(
            listing,
            filters=state.filters,
            state=self.encode(state),
            audience=audience,
            place=self._place,
        )
        return sheet.draw(
            now=self._clock(),
            last_changes=await self.last_changes(sheet.call_sids) if is_log_up else None,
            banner=banner,
            freeze=freeze,
            is_log_down=not is_log_up,
        )


async def _nothing() -> None:
    """Stands where nobody asks."""
