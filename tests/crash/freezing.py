"""An admin who freezes all changes for a moment and lifts it, again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from bot.sandbox.slack import Delivery
from tests.crash.world import World
from tests.scenario.company import ADA, SUPPORT

LONGEST_FREEZE_S = 0.8
PAUSE_S = 0.05
# A bot that was paused while it was asked may still do it when it goes on.
MAY_YET_BE_DONE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenTime:
    """From the answer that all is frozen until somebody asked to lift it."""

    since: datetime
    until: datetime
    is_in_log: bool
    """Whether the log said so, right after the answer."""

    def covers(self, moment: datetime) -> bool:
        """Whether it was between the two."""
        return self.since < moment < self.until


class Freezer:
    """One admin, who does one thing after the other."""

    def __init__(self, world: World, rng: Random) -> None:
        self.frozen: list[FrozenTime] = []
        self._world = world
        self._rng = rng
        self._busy = asyncio.Lock()

    async def freeze_for_a_while(self) -> None:
        """Freeze, wait a moment, and lift it; nothing where the admin is at it already."""
        if self._busy.locked():
            return
        async with self._busy:
            freezing = await self._insist("/calls freeze somebody is at our calls")
            since = self._world.slack.workspace.clock()
            is_in_log = self._world.log.is_frozen()
            await asyncio.sleep(self._rng.uniform(0, LONGEST_FREEZE_S))
            until = self._world.slack.workspace.clock()
            lifting = await self._insist("/calls unfreeze")
            if not _may_any_yet_be_done(freezing):
                self.frozen.append(FrozenTime(since=since, until=until, is_in_log=is_in_log))
            if _may_any_yet_be_done([*freezing, *lifting]):
                await asyncio.sleep(MAY_YET_BE_DONE_S)

    async def _insist(self, text: str) -> Sequence[Delivery]:
        """Type it until a bot has done it; all that was tried."""
        tried = [await self._world.slack.command(ADA, SUPPORT, text)]
        while not tried[-1].is_ok or tried[-1].body.strip():
            await asyncio.sleep(PAUSE_S)
            tried.append(await self._world.slack.command(ADA, SUPPORT, text))
        return tried


def _may_any_yet_be_done(tried: Sequence[Delivery]) -> bool:
    return any(delivery.outcome == "timeout" for delivery in tried)
