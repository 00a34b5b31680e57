"""Rounds of kills: a database, a crowd, one life of the bot after the other, and the count."""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from bot.database.audit_reader import SqlAuditReader
from bot.database.engine import open_database
from bot.domain.audit import MAIN_CHAIN
from tests.crash.checks import Found, find_faults, gather
from tests.crash.crowd import Crowd
from tests.crash.lives import Life, Lives
from tests.crash.points import Plan, Point
from tests.crash.world import World, world

# What is kept by the stand-ins, the oldest of which they forget, is enough for so many.
KILLS_A_ROUND = 25
LONGEST_LIFE_S = 0.5
LATEST_KILL_S = 1.0
# A commit comes several times in each change, an answer once.
_MOST_TIMES = {Point.BEFORE_COMMIT: 12, Point.AFTER_COMMIT: 12}
_USUAL_TIMES = 4
SETTLED_WITHIN_S = 40.0
LOOKS_EVERY_S = 0.2
STAYS_SO_FOR_S = 0.5
STOPS_WITHIN_S = 30.0
UNHURT = Plan(point=Point.ANY_MOMENT, nth=0, span_s=0.0)


@dataclass(kw_only=True)
class Tally:
    """What was done to the bot, and what was found wrong."""

    kills: Counter[Point] = field(default_factory=Counter)
    deeds: int = 0
    changes: int = 0
    updates: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    longest_settling_s: float = 0.0
    found: list[Found] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count what another counted too."""
        self.kills += other.kills
        self.deeds += other.deeds
        self.changes += other.changes
        self.updates += other.updates
        self.outcomes += other.outcomes
        self.longest_settling_s = max(self.longest_settling_s, other.longest_settling_s)
        self.found += other.found


def plans(kills: int, rng: Random) -> list[Plan]:
    """Half of the kills at any moment, the others at each point in turn."""
    at_points = itertools.cycle(point for point in Point if point is not Point.ANY_MOMENT)
    return [
        _at_any_moment(rng) if number % 2 else _at(next(at_points), rng) for number in range(kills)
    ]


def _at_any_moment(rng: Random) -> Plan:
    return Plan(point=Point.ANY_MOMENT, nth=0, span_s=rng.uniform(0.0, LONGEST_LIFE_S))


def _at(point: Point, rng: Random) -> Plan:
    nth = rng.randint(1, _MOST_TIMES.get(point, _USUAL_TIMES))
    return Plan(point=point, nth=nth, span_s=LATEST_KILL_S)


async def run_round(database_url: str, lives: Lives, plans: Sequence[Plan], rng: Random) -> Tally:
    """Kill as planned, let one more life settle what is left, and count."""
    tally = Tally()
    async with world(database_url, rng, lives.at) as around:
        crowd = Crowd(around, rng, lives.at)
        working = asyncio.create_task(crowd.work())
        try:
            for plan in plans:
                tally.kills[await _live_and_die(plan, lives, around)] += 1
            crowd.send_home()
            around.moods.is_calm = True
            last = await lives.begin(UNHURT, environ=around.environ, url=around.url)
            await working
            await _count(tally, crowd, around, database_url)
            await _stop(last, lives)
        finally:
            working.cancel()
    return tally


async def _live_and_die(plan: Plan, lives: Lives, around: World) -> Point:
    """One life; the point at which it was killed, which is any moment if its own did not come."""
    life = await lives.begin(plan, environ=around.environ, url=around.url)
    point = plan.point
    try:
        code = await life.ended(within_s=plan.span_s)
    except TimeoutError:
        lives.forget()
        life.kill()
        code = await life.ended()
        point = Point.ANY_MOMENT
    if code != -signal.SIGKILL:
        raise RuntimeError(f"the bot ended by itself with {code}:\n{lives.said()}")
    return point


async def _stop(life: Life, lives: Lives) -> None:
    life.send(signal.SIGTERM)
    code = await life.ended(within_s=STOPS_WITHIN_S)
    if code != 0:
        raise RuntimeError(f"the bot did not stop well, but with {code}:\n{lives.said()}")


async def _count(tally: Tally, crowd: Crowd, around: World, database_url: str) -> None:
    """Wait until nothing is wrong any more, and look again a moment later."""
    clock = asyncio.get_running_loop().time
    began_at = clock()
    found = await _find(crowd, around, database_url)
    while found and clock() - began_at < SETTLED_WITHIN_S:
        await asyncio.sleep(LOOKS_EVERY_S)
        found = await _find(crowd, around, database_url)
    tally.longest_settling_s = clock() - began_at
    if not found:
        await asyncio.sleep(STAYS_SO_FOR_S)
        found = await _find(crowd, around, database_url)
    tally.found = found
    tally.deeds = len(crowd.deeds)
    tally.changes = len(around.log.changes())
    tally.updates = len(around.moods.updates)
    tally.outcomes = Counter(
        f"{entry.action} {entry.event} {entry.reason}" for entry in around.log.entries()
    )


async def _find(crowd: Crowd, around: World, database_url: str) -> list[Found]:
    evidence = gather(around, crowd.deeds, chain_fault=await _chain_fault(database_url))
    return find_faults(evidence)


async def _chain_fault(database_url: str) -> str:
    """What the log's own check says."""
    database = open_database(database_url)
    try:
        verdict = await SqlAuditReader(database.reader, chain_id=MAIN_CHAIN).verify()
    finally:
        await database.close()
    return str(verdict.fault or "")
