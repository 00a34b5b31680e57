"""Where a redirect's target leads: some targets depend on the call."""

from __future__ import annotations

import asyncio

from bot.application.find_call import CallFinder
from bot.application.numbers import NumberBook
from bot.application.ports import Destination
from bot.domain.audit import Action
from bot.domain.changes import Change
from bot.domain.errors import NoDestinationError, TwilioUnavailableError
from bot.domain.redirects import (
    OWN_FLOW,
    SORRY,
    NamedTarget,
    TwimlTarget,
    UrlTarget,
    deserialise_target,
    find_built_in,
)
from bot.domain.url_policy import starts_studio_flow

FIND_DEADLINE_S = 2.5


class DestinationBook:
    """Resolves targets to what Twilio is given, before anything is changed."""

    def __init__(self, finder: CallFinder, numbers: NumberBook) -> None:
        self._finder = finder
        self._numbers = numbers

    async def find(self, change: Change) -> Destination:
        """The URL or the TwiML to send; empty for a hang-up.

        Raises:
            NoDestinationError: the target leads nowhere for this call.
            CallNotFoundError: the call is not in this account.
            TwilioError: Twilio did not tell what the target needs.
        """
        if change.action is not Action.REDIRECT:
            return Destination()
        match deserialise_target(change.request.target):
            case UrlTarget(url):
                return Destination(url=url)
            case TwimlTarget(twiml):
                return Destination(twiml=twiml)
            case NamedTarget(key) if key != OWN_FLOW.key:
                return Destination(twiml=find_built_in(key).twiml)
        return await self._own_flow(change.call_sid)

    def ends_the_call(self, change: Change) -> bool:
        """Whether the target is meant to end the call soon."""
        match deserialise_target(change.request.target):
            case TwimlTarget(twiml):
                return "<Hangup" in twiml
            case target:
                return target == NamedTarget(SORRY.key)

    async def _own_flow(self, call_sid: str) -> Destination:
        try:
            async with asyncio.timeout(FIND_DEADLINE_S):
                call = await self._finder.fetch(call_sid)
                own = await self._numbers.own_number_of(call)
        except TimeoutError as error:
            raise TwilioUnavailableError("no answer in time", may_have_acted=False) from error
        if own is None or not own.voice_url or starts_studio_flow(own.voice_url):
            raise NoDestinationError(call_sid)
        return Destination(url=own.voice_url, method=own.voice_method)
