"""Kill the bot again and again: `python -m tests.crash --kills 1000 [--postgres] [--seed N]`.

Prints what was done and what was found, and ends with 1 where anything was found that must not be.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections import Counter
from collections.abc import Sequence
from random import Random

import click

from tests.crash.campaign import KILLS_A_ROUND, Tally, plans, run_round
from tests.crash.checks import Fault
from tests.crash.databases import DatabaseMaker, postgresql, sqlite
from tests.crash.lives import lives
from tests.crash.points import Plan, Point

MOST_SHOWN = 10  # of a round
NEVER_MISSED_FROM = 10 * len(Point)


@click.command()
@click.option("--kills", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--postgres", "is_postgres", is_flag=True, help="On PostgreSQL instead of SQLite.")
@click.option("--seed", type=int, help="Draw the same plans again.")
def main(*, kills: int, is_postgres: bool, seed: int | None) -> None:
    """Kill the bot so many times in the middle of its work, and count what it left."""
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    name = "PostgreSQL" if is_postgres else "SQLite"
    click.echo(f"{kills:,} kills on {name}, --seed {seed}")
    with (postgresql if is_postgres else sqlite)() as make_database:
        rng = Random(seed)  # noqa: S311 - draws plans, not secrets
        tally = asyncio.run(_kill(plans(kills, rng), make_database, rng))
    _report(tally)
    sys.exit(int(bool(tally.found) or _are_points_missed(tally)))


async def _kill(planned: Sequence[Plan], make_database: DatabaseMaker, rng: Random) -> Tally:
    total = Tally()
    async with lives() as forking:
        for begin in range(0, len(planned), KILLS_A_ROUND):
            of_round = planned[begin : begin + KILLS_A_ROUND]
            tally = await run_round(make_database(), forking, of_round, rng)
            for one in tally.found[:MOST_SHOWN]:
                click.echo(f"{one.fault}: {one.what}")
            total.add(tally)
            click.echo(f"{total.kills.total():,} kills, {len(total.found)} faults", err=True)
    return total


def _report(tally: Tally) -> None:
    click.echo(
        f"{tally.kills.total():,} kills while {tally.deeds:,} deeds reached the bot; "
        f"{tally.changes:,} changes, {tally.updates:,} updates at Twilio; "
        f"all settled {tally.longest_settling_s:.1f} s after the last start at the latest"
    )
    for point in Point:
        click.echo(f"  killed {tally.kills[point]:>6,}  {point}")
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
