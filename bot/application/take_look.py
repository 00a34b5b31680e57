"""One look at all live calls, taken at Twilio."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from time import perf_counter

from bot.application.ports import CallGateway
from bot.application.snapshot import Snapshot
from bot.domain.calls import Call, Listing, merge_by_sid
from bot.domain.errors import TwilioError
from bot.domain.looks import Look

MOST_VANISHED_FETCHED = 20
FETCH_DEADLINE_S = 3.0


class TwilioLooker:
    """Looks at Twilio and asks nobody else."""

    def __init__(self, gateway: CallGateway, snapshot: Snapshot) -> None:
        self._gateway = gateway
        self._snapshot = snapshot

    async def refresh(self) -> None:
        """Bring the snapshot up to date, or note why that cannot be."""
        self._snapshot.take(await self.look())

    async def look(self) -> Look:
        """What Twilio shows now."""
        began = perf_counter()
        try:
            listing = await self._gateway.list_live()
            missed = await self._still_active_of(self._vanished(listing))
        except TwilioError as fault:
            return Look(fault=fault, pause_s=self._snapshot.pause_after(fault))
        if missed:
            listing = replace(listing, calls=merge_by_sid([listing.calls, missed]))
        return Look(listing=listing, took_s=perf_counter() - began)

    def _vanished(self, listing: Listing) -> list[Call]:
        """Calls of the last look that the new one lacks: ended, or moving between the listings."""
        present = {call.sid for call in listing.calls}
        recent = self._snapshot.recent
        gone = [call for call in recent.calls if call.sid not in present] if recent else []
        return gone[:MOST_VANISHED_FETCHED]

    async def _still_active_of(self, calls: list[Call]) -> list[Call]:
        fetched = await asyncio.gather(*(self._fetch(call.sid) for call in calls))
        return [call for call in fetched if call is not None and call.is_active]

    async def _fetch(self, call_sid: str) -> Call | None:
        try:
            return await self._gateway.fetch_call(call_sid, timeout_s=FETCH_DEADLINE_S)
        except TwilioError:
            return None
