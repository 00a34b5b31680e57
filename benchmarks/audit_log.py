"""What accepting a change costs the database, against the insert and commit of one bare row.

Accept checks its request, the freeze, the call's end and its slot, inserts the change and appends a
sealed entry to the log, in one durable transaction. The bare row goes through the same engine and
the same writer's thread. Both take turns, one at a time, on SQLite and on PostgreSQL (or one of
them by `--database`). Nothing is claimed here; the figures are context.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from time import perf_counter
from uuid import uuid4

from sqlalchemy import Engine, text

from benchmarks.databases import DATABASES
from benchmarks.figures import Figure, arguments, context, percentile, report
from benchmarks.list_live import gateway_to
from benchmarks.settings import ACCOUNT_SID, CHANNEL, OPERATOR, TEAM_ID
from bot.application.accept_change import ChangeDesk
from bot.application.deadlines import DEFAULT_DEADLINES
from bot.application.live_calls import LiveCalls
from bot.application.ports import Ledger
from bot.application.rights import Denials, Rights
from bot.database.engine import open_database
from bot.database.ledger import SqlLedger
from bot.database.migrate import upgrade
from bot.domain.audit import MAIN_CHAIN, Action, Surface
from bot.domain.changes import ChangeRequest, Origin, OriginKind
from bot.domain.people import Actor, RoleLists
from bot.domain.redirects import RedirectPolicy

WARM_UP = 20
WORDS = "x" * 300
INSERT_BARE_ROW = text("INSERT INTO bare_rows (words) VALUES (:words)")


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


def insert_bare_row(engine: Engine) -> None:
    """One row, durable."""
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO bare_rows (words) VALUES (:words)"), {"words": "x" * 300}
        )


def make_table(engine: Engine, database: str) -> None:
    """The table of the bare rows."""
    key = "INTEGER PRIMARY KEY" if database == "SQLite" else "BIGSERIAL PRIMARY KEY"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE bare_rows (id {key}, words TEXT NOT NULL)"))


async def measure(database: str, *, runs: int) -> Figure:
    """Both medians on one database."""
    with DATABASES[database]() as database_url:
        await asyncio.to_thread(upgrade, database_url)
        opened = open_database(database_url)
        await opened.writer.run(make_table, opened.writer.engine, database)
        ledger = SqlLedger(opened.writer, chain_id=MAIN_CHAIN, clock=now)
        desk = change_desk(ledger)
        ours, floor = [], []
        for _ in range(WARM_UP + runs):
            began = perf_counter()
            await opened.writer.run(insert_bare_row, opened.writer.engine)
            then = perf_counter()
            if await desk.accept(hang_up()) is None:
                raise RuntimeError("the change was not accepted")
            ours.append((perf_counter() - then) * 1000)
            floor.append((then - began) * 1000)
        await ledger.close()
        await opened.close()
    name = f"accept on {database}, p50"
    return context(name, percentile(ours[WARM_UP:], 0.5), percentile(floor[WARM_UP:], 0.5), "ms")


def main() -> int:
    """Measure and print."""

    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--database", choices=tuple(DATABASES), action="append")

    given = arguments(__doc__, add)
    databases = given.database or tuple(DATABASES)
    runs = 200 if given.quick else 2000
    figures = [asyncio.run(measure(database, runs=runs)) for database in databases]
    return report("Accepting a change against a bare row", figures)


if __name__ == "__main__":
    sys.exit(main())
