"""How long Slack waits for the acknowledgement of a hang-up, with its durable commit.

Ours is `python -m bot serve`; the floor is a bare Bolt app in the same mode with an empty listener.
The durable floors are that with one bare row, inserted and committed before the ack: in a commit of
its own, or in one with those of the same moment, which is the least that a durable ack can cost.
Each is a process of its own, and so are the stand-ins of Twilio and Slack, so that on two
processors the bot also pays for all that it does after its acks. All take turns.

- one person at a time: the next command 20 ms after the last one was acknowledged
- 50 at once: fifty people in the same moment, and the next fifty when all that came of it is done
- 100 a second: an open loop, timed from the moment at which each command was due

Bounds: the median is at most the floor's and 3 ms, p99 at most twice the floor's; the same against
the durable floors. All are medians over the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import aiohttp

from benchmarks.databases import DATABASES
from benchmarks.figures import (
    Figure,
    arguments,
    at_most_more,
    at_most_times,
    median_of_rounds,
    report,
)
from benchmarks.outside import SERVED_PATH
from benchmarks.processes import HOST, free_port, running
from benchmarks.settings import environment
from benchmarks.slack_load import Load, hang_up
from bot.database.migrate import upgrade

MORE_AT_MEDIAN_MS = 3.0
TIMES_AT_P99 = 2.0
PAUSE_S = 0.02
AT_ONCE = 50
PER_S = 100.0
FLOORS = ("", " over a commit each", " over shared commits")
WORK_ENDS_WITHIN_S = 30.0
# Twilio has taken the last change; its outcome is written and told within this.
LAST_OUTCOME_S = 0.25

Play = Callable[[Load], Awaitable[list[float]]]


@dataclass(slots=True)
class Contest:
    """The bot and its floors under the same loads, in turns."""

    ours: Load
    floors: Mapping[str, Load]
    count_updates: Callable[[], Awaitable[int]]
    sent: int = 0

    async def figures(self, name: str, play: Play, *, rounds: int) -> list[Figure]:
        """What the load that *play* makes does to each."""
        ours: list[list[float]] = []
        floors: dict[str, list[list[float]]] = {floor: [] for floor in self.floors}
        for _ in range(rounds):
            for floor, load in self.floors.items():
                floors[floor].append(_in_ms(await play(load)))
            ours.append(_in_ms(await play(self.ours)))
            self.sent += len(ours[-1])
            await self._until_work_is_done()
        return [
            figure
            for floor, times in floors.items()
            for figure in _against(f"{name}{floor}", ours, times)
        ]

    async def warm_up(self) -> None:
        """Both have answered before anything is measured."""
        await self.figures("warm-up", lambda load: load.all_at_once(AT_ONCE), rounds=3)

    async def _until_work_is_done(self) -> None:
        """Every acknowledged hang-up must reach Twilio once.

        Raises:
            RuntimeError: one did not, or one did twice.
        """
        ends_at = perf_counter() + WORK_ENDS_WITHIN_S
        while (updates := await self.count_updates()) < self.sent and perf_counter() < ends_at:  # noqa: ASYNC110 - another process counts
            await asyncio.sleep(0.05)
        await asyncio.sleep(LAST_OUTCOME_S)
        if updates != self.sent:
            raise RuntimeError(f"{self.sent} hang-ups were acknowledged, {updates} reached Twilio")


def _against(
    name: str, ours: Sequence[Sequence[float]], floor: Sequence[Sequence[float]]
) -> list[Figure]:
    def both(share: float) -> tuple[float, float]:
        return median_of_rounds(ours, share), median_of_rounds(floor, share)

    return [
        at_most_more(MORE_AT_MEDIAN_MS, f"{name}, median", *both(0.5), "ms"),
        at_most_times(TIMES_AT_P99, f"{name}, p99", *both(0.99), "ms"),
    ]


def _in_ms(times_s: Sequence[float]) -> list[float]:
    return [time_s * 1000 for time_s in times_s]


@asynccontextmanager
async def contest(database_url: str) -> AsyncIterator[Contest]:
    """The processes, running and warm."""
    await asyncio.to_thread(upgrade, database_url)
    outside, floor, alone, shared, ours = (free_port() for _ in range(5))
    outside_url = f"http://{HOST}:{outside}"
    settings = environment(
        port=ours,
        database_url=database_url,
        slack_api_url=f"{outside_url}/api/",
        twilio_url=outside_url,
    )
    async with AsyncExitStack() as stack:
        for module, environ, port, path in (
            (("benchmarks.outside", str(outside)), {}, outside, SERVED_PATH),
            (("benchmarks.bare_bolt", str(floor)), {}, floor, "/readyz"),
            (("benchmarks.bare_bolt", str(alone), database_url, "alone"), {}, alone, "/readyz"),
            (("benchmarks.bare_bolt", str(shared), database_url, "shared"), {}, shared, "/readyz"),
            (("bot", "serve"), settings, ours, "/readyz"),
        ):
            server = running(module, environ, port=port, ready_path=path)
            await stack.enter_async_context(server)
        session = await stack.enter_async_context(aiohttp.ClientSession(outside_url))

        async def count_updates() -> int:
            async with session.get(SERVED_PATH) as answer:
                return int(await answer.text())

        make_request = partial(hang_up, f"{outside_url}/response")
        loads = [Load(port, make_request) for port in (ours, floor, alone, shared)]
        for load in loads:
            await load.open()
            stack.callback(load.close)
        floors = dict(zip(FLOORS, loads[1:], strict=True))
        running_contest = Contest(loads[0], floors, count_updates)
        await running_contest.warm_up()
        yield running_contest


async def measure(database_url: str, *, is_quick: bool) -> list[Figure]:
    """The figures of all three loads on one database."""
    rounds, singles, seconds = (3, 100, 3) if is_quick else (9, 200, 10)
    async with contest(database_url) as all_of_them:
        one = await all_of_them.figures(
            "one at a time",
            lambda load: load.one_at_a_time(singles, pause_s=PAUSE_S),
            rounds=rounds,
        )
        many = await all_of_them.figures(
            "50 at once", lambda load: load.all_at_once(AT_ONCE), rounds=3 * rounds
        )
        steady = await all_of_them.figures(
            "100 a second",
            lambda load: load.at_a_rate(int(PER_S * seconds), per_s=PER_S),
            rounds=rounds,
        )
    return [*one, *many, *steady]


def main() -> int:
    """Measure and print; 1 where a bound does not hold."""

    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--postgres", action="store_true", help="PostgreSQL instead of SQLite")

    given = arguments(__doc__, add)
    name = "PostgreSQL" if given.postgres else "SQLite"
    with DATABASES[name]() as database_url:
        figures = asyncio.run(measure(database_url, is_quick=given.quick))
    return report(f"From a hang-up command to its ack, {name}", figures)


if __name__ == "__main__":
    sys.exit(main())
