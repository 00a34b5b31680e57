"""A look at 5,000 live calls that another replica took, against asking Twilio oneself.

Two boards on one PostgreSQL, as two replicas have them: what the gateway lists at the stand-in of
Twilio is shown on the one and read on the other, in turns.

Bound: reading another's look takes no longer than the gateway takes for its own (median). What it
takes to show a look, for which nobody waits, and its size are context.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from statistics import median
from time import perf_counter

from benchmarks.databases import postgresql
from benchmarks.figures import Figure, arguments, at_most_times, context, report
from benchmarks.list_live import LIVE_CALLS, gateway_to
from benchmarks.processes import HOST, free_port, running
from benchmarks.settings import ACCOUNT_SID
from bot.database.engine import open_database
from bot.database.look_board import SqlLookBoard
from bot.database.look_rows import pack_calls
from bot.database.migrate import upgrade
from bot.domain.looks import Look

LEASE_S = 60.0


@asynccontextmanager
async def board_on(database_url: str) -> AsyncIterator[SqlLookBoard]:
    """The board as one replica has it.

    Raises:
        RuntimeError: the database is not one that replicas share.
    """
    database = open_database(database_url)
    if database.board is None:
        raise RuntimeError("replicas share looks on PostgreSQL only")
    yield SqlLookBoard(database.board, account_sid=ACCOUNT_SID, clock=lambda: datetime.now(UTC))
    await database.close()


async def measure(database_url: str, *, rounds: int) -> list[Figure]:
    """The medians of all rounds.

    Raises:
        RuntimeError: a look did not get from one replica to the other.
    """
    port = free_port()
    stand_in = running(
        ("benchmarks.busy_twilio", str(port), str(LIVE_CALLS)),
        {},
        port=port,
        ready_path=f"/2010-04-01/Accounts/{ACCOUNT_SID}.json",
        ready_status=401,
    )
    series: dict[str, list[float]] = {"asked": [], "shown": [], "read": []}
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(stand_in)
        gateway = gateway_to(f"http://{HOST}:{port}")
        stack.push_async_callback(gateway.close)
        one = await stack.enter_async_context(board_on(database_url))
        other = await stack.enter_async_context(board_on(database_url))
        await one.read()
        for _ in range(rounds + 1):
            await one.claim("one", lease_s=LEASE_S)
            times = [perf_counter()]
            listing = await gateway.list_live()
            times.append(perf_counter())
            await one.show("one", Look(listing=listing))
            times.append(perf_counter())
            news = await other.read()
            times.append(perf_counter())
            if news.look is None or news.look.listing is None:
                raise RuntimeError("the other replica was shown nothing")
            for taken, began, ended in zip(series.values(), times, times[1:], strict=False):
                taken.append((ended - began) * 1000)
    # The first round warms up.
    asked_ms, shown_ms, read_ms = (median(taken[1:]) for taken in series.values())
    return [
        at_most_times(1.0, f"reading a look at {LIVE_CALLS:,} calls", read_ms, asked_ms, "ms"),
        context("showing it", shown_ms, asked_ms, "ms"),
        context("its size", len(pack_calls(listing.calls)) / 1000, None, "kB"),
    ]


def main() -> int:
    """Measure and print; 1 where the bound does not hold."""
    given = arguments(__doc__)
    with postgresql() as database_url:
        upgrade(database_url)
        figures = asyncio.run(measure(database_url, rounds=5 if given.quick else 25))
    return report("Sharing a look among replicas", figures)


if __name__ == "__main__":
    sys.exit(main())
