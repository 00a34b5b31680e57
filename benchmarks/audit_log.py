"""What accepting changes costs the database, and how many two replicas accept in a second.

Accept looks for what stands in the change's way, inserts the change and appends a sealed entry to
the log, in one durable transaction that it may share. The floor is one bare row, inserted and
committed in a transaction of its own. Both come 20 at once, in turns, on SQLite and on PostgreSQL:
the floor through 20 connections on PostgreSQL and through one on SQLite, which has one writer.

Then two processes on one PostgreSQL accept as fast as they can, 50 at once each, and the chain is
checked.

Bounds: the median is at most the floor's and 2 ms; 1,000 changes a second, and the chain holds.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from time import perf_counter
from uuid import uuid4

from benchmarks.bare_rows import AT_ONCE, bare_engine, insert_bare_row
from benchmarks.databases import DATABASES
from benchmarks.figures import (
    Figure,
    arguments,
    at_least,
    at_most_more,
    median_of_rounds,
    report,
)
from benchmarks.list_live import gateway_to
from benchmarks.settings import ACCOUNT_SID, CHANNEL, OPERATOR, TEAM_ID
from bot.application.accept_change import ChangeDesk
from bot.application.deadlines import DEFAULT_DEADLINES
from bot.application.live_calls import LiveCalls
from bot.application.ports import Ledger
from bot.application.rights import Denials, Rights
from bot.database.audit_reader import SqlAuditReader
from bot.database.engine import open_database
from bot.database.ledger import SqlLedger
from bot.database.migrate import upgrade
from bot.domain.audit import MAIN_CHAIN, Action, Surface
from bot.domain.changes import ChangeRequest, Origin, OriginKind
from bot.domain.people import Actor, RoleLists
from bot.domain.redirects import RedirectPolicy

WARM_UP = 3
MORE_AT_MEDIAN_MS = 2.0
REPLICAS = 2
IN_FLIGHT = 50
LEAST_PER_S = 1000.0


class NobodyElse:
    """A directory that is never asked, since the settings name the operator."""

    def is_full_member(self, _actor: Actor) -> bool | None:
        """No."""
        return False

    async def learn(self, _actor: Actor) -> None:
        """There is nothing to learn."""


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


def change_desk(ledger: Ledger) -> ChangeDesk:
    """Takes requests as the bot does, while nobody looks at live calls."""
    return ChangeDesk(
        ledger=ledger,
        rights=Rights(RoleLists(operators=frozenset({OPERATOR})), NobodyElse()),
        denials=Denials(ledger, clock=now),
        live=LiveCalls.alone(gateway_to("http://127.0.0.1"), poll_s=1.0),
        policy=RedirectPolicy(),
        account_sid=ACCOUNT_SID,
        owner="benchmark",
        on_given_up=lambda _change: None,
        clock=now,
        deadlines=DEFAULT_DEADLINES,
    )


def hang_up() -> ChangeRequest:
    """A hang-up of a call that nobody hung up before."""
    return ChangeRequest(
        request_id=uuid4().hex,
        action=Action.HANG_UP,
        call_sid=f"CA{uuid4().hex}",
        actor=Actor(TEAM_ID, OPERATOR, "ana"),
        surface=Surface.COMMAND,
        origin=Origin(
            kind=OriginKind.COMMAND, channel_id=CHANNEL, response_url="http://127.0.0.1/response"
        ),
        reason="caller is abusive",
    )


async def all_at_once(make: Callable[[], Awaitable[object]]) -> list[float]:
    """What each of AT_ONCE took, in milliseconds."""

    async def timed() -> float:
        began = perf_counter()
        await make()
        return (perf_counter() - began) * 1000

    return list(await asyncio.gather(*(timed() for _ in range(AT_ONCE))))


async def cost(database: str, *, rounds: int) -> Figure:
    """The medians of both on one database."""
    with DATABASES[database]() as database_url:
        await asyncio.to_thread(upgrade, database_url)
        bare = await asyncio.to_thread(bare_engine, database_url)
        opened = open_database(database_url)
        ledger = SqlLedger(opened.writer, chain_id=MAIN_CHAIN, clock=now)
        desk = change_desk(ledger)
        ours, floor = [], []
        for _ in range(WARM_UP + rounds):
            floor.append(await all_at_once(lambda: bare.run(insert_bare_row, bare.engine)))
            ours.append(await all_at_once(lambda: desk.accept(hang_up())))
        await ledger.close()
        await opened.close()
        await bare.close()
    median, bare_median = (median_of_rounds(each[WARM_UP:], 0.5) for each in (ours, floor))
    name = f"accept on {database}, 20 at once"
    return at_most_more(MORE_AT_MEDIAN_MS, name, median, bare_median, "ms")


def accept_for(database_url: str, seconds: float) -> int:
    """How many changes one replica accepts in that time."""
    return asyncio.run(_accept_for(database_url, seconds))


async def _accept_for(database_url: str, seconds: float) -> int:
    opened = open_database(database_url)
    ledger = SqlLedger(opened.writer, chain_id=MAIN_CHAIN, clock=now)
    desk = change_desk(ledger)
    await desk.accept(hang_up())
    accepted = 0
    ends_at = perf_counter() + seconds

    async def keep_accepting() -> None:
        nonlocal accepted
        while perf_counter() < ends_at:
            if await desk.accept(hang_up()) is None:
                raise RuntimeError("the change was not accepted")
            accepted += 1

    await asyncio.gather(*(keep_accepting() for _ in range(IN_FLIGHT)))
    await ledger.close()
    await opened.close()
    return accepted


async def rate(*, seconds: float) -> Figure:
    """How many changes two replicas accept in a second on one PostgreSQL.

    Raises:
        RuntimeError: the chain does not hold afterwards, or has another length.
    """
    with DATABASES["PostgreSQL"]() as database_url:
        await asyncio.to_thread(upgrade, database_url)
        with ProcessPoolExecutor(REPLICAS, mp_context=get_context("spawn")) as replicas:
            running = [replicas.submit(accept_for, database_url, seconds) for _ in range(REPLICAS)]
            accepted = sum(await asyncio.gather(*map(asyncio.wrap_future, running)))
        opened = open_database(database_url)
        verdict = await SqlAuditReader(opened.reader, chain_id=MAIN_CHAIN).verify()
        await opened.close()
        if verdict.fault or verdict.end.seq != accepted + REPLICAS:
            raise RuntimeError(f"{accepted} were accepted, and the chain: {verdict}")
    return at_least(LEAST_PER_S, "accepted by two replicas", accepted / seconds, "/s")


def main() -> int:
    """Measure and print; 1 where a bound does not hold."""

    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--database", choices=tuple(DATABASES), action="append")

    given = arguments(__doc__, add)
    databases = given.database or tuple(DATABASES)
    rounds, seconds = (20, 3.0) if given.quick else (100, 10.0)
    figures = [asyncio.run(cost(database, rounds=rounds)) for database in databases]
    if "PostgreSQL" in databases:
        figures.append(asyncio.run(rate(seconds=seconds)))
    return report("Accepting changes", figures)


if __name__ == "__main__":
    sys.exit(main())
