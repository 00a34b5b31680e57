"""Finding the call that a person named."""

from __future__ import annotations

from bot.application.live_calls import LiveCalls
from bot.application.ports import CallGateway
from bot.domain.calls import Call, Conversation, Listing, group_legs
from bot.domain.errors import AmbiguousCallError, CallNotFoundError, TwilioNotFoundError
from bot.domain.sids import CallReference, FullSid, SidEnd


class CallFinder:
    """Looks among the live calls first, and asks Twilio for a whole SID that is not there."""

    def __init__(self, gateway: CallGateway, live: LiveCalls, *, account_sid: str) -> None:
        self._gateway = gateway
        self._live = live
        self._account_sid = account_sid

    async def find(self, reference: CallReference) -> Call:
        """The one call that fits.

        Raises:
            CallNotFoundError: none fits.
            AmbiguousCallError: several do; the legs of one conversation count as one.
            TwilioError: Twilio did not tell.
        """
        if isinstance(reference, FullSid):
            return await self.fetch(reference.call_sid)
        listing = await self._live.listing()
        if isinstance(reference, SidEnd):
            wanted = reference.end
            fitting = [
                _conversation_from(call, listing)
                for call in listing.calls
                if call.sid.endswith(wanted)
            ]
        else:
            wanted = reference.number
            fitting = [
                conversation
                for conversation in group_legs(listing.calls)
                if any(wanted in (leg.from_number, leg.to_number) for leg in conversation.legs)
            ]
        if not fitting:
            raise CallNotFoundError(wanted, account_sid=self._account_sid)
        if len(fitting) > 1:
            raise AmbiguousCallError(wanted, fitting)
        return fitting[0].root

    async def fetch(self, call_sid: str) -> Call:
        """The call with this SID, live or ended.

        Raises:
            CallNotFoundError: there is none in this account and Region.
            TwilioError: Twilio did not tell.
        """
        call = self._live.find(call_sid)
        if call is not None:
            return call
        try:
            return await self._gateway.fetch_call(call_sid)
        except TwilioNotFoundError as fault:
            raise CallNotFoundError(call_sid, account_sid=self._account_sid) from fault


def _conversation_from(call: Call, listing: Listing) -> Conversation:
    """The call with the legs that it dialled; the SID of a dialled leg means that leg alone."""
    conversation = listing.conversation_of(call.sid)
    return conversation if conversation and conversation.root == call else Conversation(call)
