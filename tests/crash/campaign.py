"""Rounds of kills: a database, a crowd, lives of the bots that end as planned, and the count."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from bot.database.audit_reader import SqlAuditReader
from bot.database.engine import open_database
from bot.domain.audit import MAIN_CHAIN
from tests.crash.checks import find_faults
from tests.crash.crowd import Crowd
from tests.crash.evidence import Evidence, Found, gather
from tests.crash.lives import Lives
from tests.crash.points import Plan, Point
from tests.crash.replicas import Replicas
from tests.crash.told_checks import told_another_way
from tests.crash.world import World, world
from tests.ports import kept_port

# What is kept by the stand-ins, the oldest of which they forget, is enough for so many.
KILLS_A_ROUND = 25
LONGEST_LIFE_S = 0.5
LATEST_STRIKE_S = 1.0
# Some are shorter than any lease, some longer.
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 5.0
PAUSED_OF_ALL = 0.2
# Who goes on right before Twilio is asked, long after the lease, must not ask any more.
PAUSED_BEFORE_TWILIO = 0.8
OUTLASTS_LEASE_S = 4.0
# A commit comes several times in each change, an answer once.
_MOST_TIMES = {Point.BEFORE_COMMIT: 12, Point.AFTER_COMMIT: 12}
_USUAL_TIMES = 4
SETTLED_WITHIN_S = 40.0
LOOKS_EVERY_S = 0.2
STAYS_SO_FOR_S = 0.5


@dataclass(kw_only=True)
class Tally:
    """What was done to the bots, and what was found wrong."""

    kills: Counter[Point] = field(default_factory=Counter)
    pauses: Counter[Point] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    longest_settling_s: float = 0.0
    found: list[Found] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count what another counted too."""
        self.kills += other.kills
        self.pauses += other.pauses
        self.counts += other.counts
        self.outcomes += other.outcomes
        self.longest_settling_s = max(self.longest_settling_s, other.longest_settling_s)
        self.found += other.found


def plans(kills: int, rng: Random) -> list[Plan]:
    """Half of the kills at any moment, the others at each point in turn; some after a pause."""
    at_points = itertools.cycle(point for point in Point if point is not Point.ANY_MOMENT)
    return [
        _at_any_moment(rng) if number % 2 else _at(next(at_points), rng) for number in range(kills)
    ]


def _at_any_moment(rng: Random) -> Plan:
    span_s = rng.uniform(0.0, LONGEST_LIFE_S)
    return Plan(point=Point.ANY_MOMENT, nth=0, span_s=span_s, pause_s=_pause_s(rng))


def _at(point: Point, rng: Random) -> Plan:
    nth = rng.randint(1, _MOST_TIMES.get(point, _USUAL_TIMES))
    if point is Point.BEFORE_TWILIO:
        pause_s = _pause_s(rng, of_all=PAUSED_BEFORE_TWILIO, shortest_s=OUTLASTS_LEASE_S)
    else:
        pause_s = _pause_s(rng)
    return Plan(point=point, nth=nth, span_s=LATEST_STRIKE_S, pause_s=pause_s)


def _pause_s(
    rng: Random, *, of_all: float = PAUSED_OF_ALL, shortest_s: float = SHORTEST_PAUSE_S
) -> float:
    """Mostly none."""
    is_paused = rng.random() < of_all
    return rng.uniform(shortest_s, LONGEST_PAUSE_S) if is_paused else 0.0


async def run_round(
    database_url: str,
    lives: Sequence[Lives],
    plans: Sequence[Plan],
    rng: Random,
    *,
    certificate: Path,
) -> Tally:
    """Strike as planned, let one more life of each replica settle what is left, and count."""
    tally = Tally()
    async with AsyncExitStack() as stack:
        replicas = Replicas(lives, [stack.enter_context(kept_port()) for _ in lives])
        around = await stack.enter_async_context(
            world(database_url, rng, replicas.at, certificate=certificate)
        )
        around.slack.doors = [replica.door for replica in replicas.all]
        crowd = Crowd(around, rng)
        working = asyncio.create_task(crowd.work())
        try:
            await replicas.live(plans, around.environ, around.slack.workspace.clock)
            crowd.send_home()
            around.calm_down()
            last = [(one, await one.begin_last(around.environ)) for one in replicas.all]
            await working
            await _count(tally, crowd, around, replicas, database_url)
            for replica, life in last:
                await replica.stop(life)
        finally:
            working.cancel()
    return tally


async def _count(
    tally: Tally, crowd: Crowd, around: World, replicas: Replicas, database_url: str
) -> None:
    """Wait until nothing is wrong any more, and look again a moment later."""
    clock = asyncio.get_running_loop().time
    began_at = clock()
    evidence = await _look(crowd, around, replicas, database_url)
    while find_faults(evidence) and clock() - began_at < SETTLED_WITHIN_S:
        await asyncio.sleep(LOOKS_EVERY_S)
        evidence = await _look(crowd, around, replicas, database_url)
    tally.longest_settling_s = clock() - began_at
    if not find_faults(evidence):
        await asyncio.sleep(STAYS_SO_FOR_S)
        evidence = await _look(crowd, around, replicas, database_url)
    tally.found = find_faults(evidence)
    tally.kills = sum((replica.kills for replica in replicas.all), Counter())
    tally.pauses = sum((replica.pauses for replica in replicas.all), Counter())
    tally.outcomes = Counter(
        f"{entry.action} {entry.event} {entry.reason}" for entry in evidence.entries
    )
    tally.counts = _counts(evidence)


def _counts(evidence: Evidence) -> Counter[str]:
    told = Counter(told_another_way(evidence))
    return (
        Counter(
            {
                "deeds reached a bot": len(evidence.deeds),
                "changes": len(evidence.changes),
                "updates at Twilio": len(evidence.updates),
                "freezes": len(evidence.frozen),
            }
        )
        + told
    )


async def _look(crowd: Crowd, around: World, replicas: Replicas, database_url: str) -> Evidence:
    chain_fault = await _chain_fault(database_url)
    return gather(around, crowd, replicas, chain_fault=chain_fault)


async def _chain_fault(database_url: str) -> str:
    """What the log's own check says."""
    database = open_database(database_url)
    try:
        verdict = await SqlAuditReader(database.reader, chain_id=MAIN_CHAIN).verify()
    finally:
        await database.close()
    return str(verdict.fault or "")
