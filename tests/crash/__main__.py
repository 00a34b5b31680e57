"""Kill the bots again and again: `python -m tests.crash --kills 1000 [--postgres] [--seed N]`.

Prints what was done and what was found, and ends with 1 where anything was found that must not be.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import click

from tests.certificates import make_certificate
from tests.crash.campaign import KILLS_A_ROUND, Tally, plans, run_round
from tests.crash.databases import DatabaseMaker, postgresql, sqlite
from tests.crash.evidence import Fault
from tests.crash.lives import lives
from tests.crash.points import Plan, Point

MOST_SHOWN = 10  # of a round
NEVER_MISSED_FROM = 10 * len(Point)
MOST_REPLICAS = 3


@click.command()
@click.option("--kills", type=click.IntRange(1), default=1000, show_default=True)
@click.option(
    "--postgres",
    "is_postgres",
    is_flag=True,
    help="On PostgreSQL instead of SQLite: with one, two and three replicas in turn.",
)
@click.option("--seed", type=int, help="Draw the same plans again.")
def main(*, kills: int, is_postgres: bool, seed: int | None) -> None:
    """Kill the bot so many times in the middle of its work, and count what it left."""
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    name = "PostgreSQL" if is_postgres else "SQLite"
    click.echo(f"{kills:,} kills on {name}, --seed {seed}")
    with (postgresql if is_postgres else sqlite)() as make_database:
        rng = Random(seed)  # noqa: S311 - draws plans, not secrets
        most_replicas = MOST_REPLICAS if is_postgres else 1
        tally = asyncio.run(_kill(plans(kills, rng), make_database, most_replicas, rng))
    _report(tally)
    sys.exit(int(bool(tally.found) or _are_points_missed(tally)))


async def _kill(
    planned: Sequence[Plan], make_database: DatabaseMaker, most_replicas: int, rng: Random
) -> Tally:
    total = Tally()
    async with AsyncExitStack() as stack:
        certificate = make_certificate(Path(stack.enter_context(TemporaryDirectory())))
        forking = [
            await stack.enter_async_context(lives(certificate)) for _ in range(most_replicas)
        ]
        for number, begin in enumerate(range(0, len(planned), KILLS_A_ROUND)):
            of_round = planned[begin : begin + KILLS_A_ROUND]
            # The most come first, so that a short run has them.
            replicas = forking[: most_replicas - number % most_replicas]
            tally = await run_round(
                make_database(), replicas, of_round, rng, certificate=certificate
            )
            for one in tally.found[:MOST_SHOWN]:
                click.echo(f"{one.fault}: {one.what}")
            total.add(tally)
            click.echo(f"{total.kills.total():,} kills, {len(total.found)} faults", err=True)
    return total


def _report(tally: Tally) -> None:
    click.echo(
        f"{tally.kills.total():,} kills and {tally.pauses.total():,} pauses; "
        f"all settled {tally.longest_settling_s:.1f} s after the last start at the latest"
    )
    for what, times in sorted(tally.counts.items()):
        click.echo(f"  {times:>13,}  {what}")
    for point in Point:
        click.echo(f"  killed {tally.kills[point]:>6,}  {point}")
    for point in Point:
        click.echo(f"  paused {tally.pauses[point]:>6,}  {point}")
    for outcome, times in sorted(tally.outcomes.items()):
        click.echo(f"  logged {times:>6,}  {outcome}")
    counts = Counter(found.fault for found in tally.found)
    for fault in Fault:
        click.echo(f"  found  {counts[fault]:>6,}  {fault}")


def _are_points_missed(tally: Tally) -> bool:
    """Whether a long run never got to one of the points, so that it showed nothing of it."""
    missed = [point for point in Point if not tally.kills[point]]
    if tally.kills.total() < NEVER_MISSED_FROM or not missed:
        return False
    click.echo(f"never got to: {', '.join(missed)}")
    return True


if __name__ == "__main__":
    main()
