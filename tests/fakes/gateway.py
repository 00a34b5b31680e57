"""A Twilio of a few calls in memory, for tests of what the use cases make of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.application.deadlines import Deadline
from bot.application.ports import Destination, FinishedCallsQuery, TwilioAnswer
from bot.domain.calls import Call, CallDetails, Conversation, Listing, OwnNumber
from bot.domain.errors import TwilioError, TwilioNotFoundError


class FakeGateway:
    """Lists `calls`; `hidden` ones can only be fetched. `fault` is raised while it is set."""

    def __init__(self, calls: Sequence[Call] = ()) -> None:
        self.calls = list(calls)
        self.hidden: list[Call] = []
        self.numbers: list[OwnNumber] = []
        self.fault: TwilioError | None = None
        self.took_s = 0.0
        self.looks = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def list_live(self) -> Listing:
        """The calls, once the gate is open."""
        self.looks += 1
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return Listing(calls=tuple(self.calls), looked_at=datetime.now(UTC), took_s=self.took_s)

    async def list_finished(self, query: FinishedCallsQuery) -> Listing:
        """The calls that are over."""
        ended = [call for call in self.calls if not call.is_active]
        return Listing(calls=tuple(ended[: query.limit]), looked_at=datetime.now(UTC))

    async def fetch_call(self, call_sid: str, *, timeout_s: float = 10.0) -> Call:
        """The call, hidden or not."""
        del timeout_s
        for call in (*self.calls, *self.hidden):
            if call.sid == call_sid:
                return call
        raise TwilioNotFoundError("no such call", code=20404, status=404)

    async def fetch_details(self, call_sid: str) -> CallDetails:
        """The call alone."""
        call = await self.fetch_call(call_sid)
        return CallDetails(call=call, conversation=Conversation(call), looked_at=datetime.now(UTC))

    async def list_numbers(self) -> Sequence[OwnNumber]:
        """The numbers."""
        if self.fault is not None:
            raise self.fault
        return self.numbers

    async def find_number(self, phone_number: str) -> OwnNumber | None:
        """The number, where it is one of them."""
        numbers = await self.list_numbers()
        return next((own for own in numbers if own.phone_number == phone_number), None)

    async def hang_up(self, call_sid: str, *, deadline: Deadline) -> TwilioAnswer:
        """The call, which is not changed."""
        call = await self.fetch_call(call_sid, timeout_s=deadline.left_s)
        return TwilioAnswer(call=call, request_id="")

    async def redirect(
        self, call_sid: str, destination: Destination, *, deadline: Deadline
    ) -> TwilioAnswer:
        """The call, which is not changed."""
        del destination
        return await self.hang_up(call_sid, deadline=deadline)
