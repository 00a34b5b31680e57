"""The account's own numbers: their names, and the flow that each was given."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from time import monotonic

from bot.application.ports import CallGateway
from bot.domain.calls import Call, OwnNumber
from bot.domain.errors import TwilioError
from bot.domain.phone_numbers import is_e164

_log = logging.getLogger(__name__)

KEPT_FOR_S = 300.0
ASK_AGAIN_AFTER_S = 30.0
NAMES_DEADLINE_S = 1.5


class NumberBook:
    """Our numbers; for their names Twilio is asked once in five minutes at the most."""

    def __init__(self, gateway: CallGateway, *, elapsed: Callable[[], float] = monotonic) -> None:
        self._gateway = gateway
        self._elapsed = elapsed
        self._numbers: Mapping[str, OwnNumber] = {}
        self._known_at = float("-inf")
        self._lock = asyncio.Lock()

    async def names(self) -> Mapping[str, str]:
        """Friendly names by number; an answer without names is better than none or a late one."""
        try:
            async with asyncio.timeout(NAMES_DEADLINE_S):
                await self._all()
        except (TwilioError, TimeoutError):
            _log.warning("the names of our numbers could not be listed")
            self._known_at = self._elapsed() - KEPT_FOR_S + ASK_AGAIN_AFTER_S
        return self.known_names()

    def known_names(self) -> Mapping[str, str]:
        """The friendly names that are known by now; asks nobody."""
        return {
            number: own.friendly_name for number, own in self._numbers.items() if own.friendly_name
        }

    async def own_number_of(self, call: Call) -> OwnNumber | None:
        """Our end of the call, the number called or that we called from, as it is now.

        Raises:
            TwilioError: the numbers could not be listed.
        """
        ours, theirs = call.to_number, call.from_number
        if not call.is_inbound:
            ours, theirs = theirs, ours
        for number in filter(is_e164, (ours, theirs)):
            own = await self._gateway.find_number(number)
            if own is not None:
                return own
        return None

    async def _all(self) -> Mapping[str, OwnNumber]:
        async with self._lock:
            if self._elapsed() - self._known_at > KEPT_FOR_S:
                listed = await self._gateway.list_numbers()
                self._numbers = {own.phone_number: own for own in listed}
                self._known_at = self._elapsed()
        return self._numbers
