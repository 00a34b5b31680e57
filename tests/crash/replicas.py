"""The replicas of a bot: each has its own lives, which end as planned while the others go on."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from tests.crash.lives import Life, Lives
from tests.crash.points import Plan, Point

# Longer than whoever goes on after a pause needs to do what it had in mind.
GOES_ON_FOR_S = 0.5
STOPS_WITHIN_S = 30.0
UNHURT = Plan(point=Point.ANY_MOMENT, nth=0, span_s=0.0)


class Replica:
    """One place at which a bot serves, one life after the other."""

    def __init__(self, lives: Lives, port: int) -> None:
        self.kills: Counter[Point] = Counter()
        self.pauses: Counter[Point] = Counter()
        self.struck_at: list[datetime] = []
        """When it was killed or paused."""
        self._lives = lives
        self._port = port

    @property
    def door(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def at(self, point: Point) -> None:
        """The moment has come once more."""
        self._lives.at(point)

    async def live(
        self, plans: Sequence[Plan], environ: Mapping[str, str], clock: Callable[[], datetime]
    ) -> None:
        """Live and end as planned, again and again."""
        for plan in plans:
            await self._live_and_end(plan, environ, clock)

    async def begin_last(self, environ: Mapping[str, str]) -> Life:
        """A life that nothing strikes."""
        return await self._begin(UNHURT, environ)

    async def stop(self, life: Life) -> None:
        """End this life as it is ended in a deploy."""
        life.send(signal.SIGTERM)
        code = await life.ended(within_s=STOPS_WITHIN_S)
        if code != 0:
            raise RuntimeError(f"the bot did not stop well, but with {code}:\n{self._lives.said()}")

    async def _live_and_end(
        self, plan: Plan, environ: Mapping[str, str], clock: Callable[[], datetime]
    ) -> None:
        life = await self._begin(plan, environ)
        point = plan.point
        if not await life.struck(within_s=plan.span_s):
            self._lives.forget()
            life.send(plan.signal)
            point = Point.ANY_MOMENT
        self.struck_at.append(clock())
        if plan.pause_s and not life.is_over:
            self.pauses[point] += 1
            await asyncio.sleep(plan.pause_s)
            life.send(signal.SIGCONT)
            await life.struck(within_s=GOES_ON_FOR_S)
            life.kill()
            point = Point.ANY_MOMENT
        code = await life.ended()
        if code != -signal.SIGKILL:
            raise RuntimeError(f"the bot ended by itself with {code}:\n{self._lives.said()}")
        self.struck_at.append(clock())
        self.kills[point] += 1

    async def _begin(self, plan: Plan, environ: Mapping[str, str]) -> Life:
        return await self._lives.begin(
            plan, environ={**environ, "PORT": str(self._port)}, url=self.door
        )


class Replicas:
    """All of them, on one database."""

    def __init__(self, lives: Sequence[Lives], ports: Sequence[int]) -> None:
        self.all = [Replica(one, port) for one, port in zip(lives, ports, strict=True)]

    def at(self, point: Point, door: str) -> None:
        """The moment has come for the replica behind this door."""
        for replica in self.all:
            if replica.door == door:
                replica.at(point)

    async def live(
        self, plans: Sequence[Plan], environ: Mapping[str, str], clock: Callable[[], datetime]
    ) -> None:
        """Share the plans among them, and live; the more they are, the longer each of them."""
        async with asyncio.TaskGroup() as living:
            for number, replica in enumerate(self.all):
                its_own = [
                    replace(plan, span_s=len(self.all) * plan.span_s)
                    for plan in plans[number :: len(self.all)]
                ]
                living.create_task(replica.live(its_own, environ, clock))
