"""The list of live calls, drawn for whoever sees it."""

from __future__ import annotations

import asyncio

from bot.application.live_calls import LiveCalls
from bot.application.log_health import LogHealth
from bot.application.ports import Clock
from bot.slack.filter_seal import FilterSeal
from bot.slack.list_state import ListState
from bot.slack.views.call_list import call_list
from bot.slack.views.formatting import Audience, Place
from bot.slack.views.message import MessageView
from bot.slack.views.values import PageValue


class LiveList:
    """Draws a page of the list from the shared look at Twilio."""

    def __init__(
        self,
        live: LiveCalls,
        log_health: LogHealth,
        *,
        seal: FilterSeal,
        clock: Clock,
        place: Place,
    ) -> None:
        self._live = live
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

    async def draw(
        self,
        state: ListState,
        audience: Audience,
        *,
        banner: str = "",
        within_s: float | None = None,
    ) -> MessageView:
        """The page as it is now, with *banner* (marked-up text) on top.

        Where Twilio does not list the calls *within_s*, it shows what was known a moment ago.

        Raises:
            TwilioError: Twilio did not list the calls.
            TimeoutError: nor did it say so in time.
        """
        listing, is_log_up = await asyncio.gather(
            self._live.listing() if within_s is None else self._live.listing_within(within_s),
            self._log_health.is_answering(),
        )
        return call_list(
            listing,
            filters=state.filters,
            state=self.encode(state),
            now=self._clock(),
            audience=audience,
            place=self._place,
            banner=banner,
            is_log_down=not is_log_up,
        )
