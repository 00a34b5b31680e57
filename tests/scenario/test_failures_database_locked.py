"""A database that another process keeps locked for seconds, as a backup may."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.scenario.company import ANA, BEN, SUPPORT_LINE, company
from tests.scenario.trouble import NOT_DONE, ON_SQLITE

TRIES = 3
SLACK_GIVES_UP_AFTER_S = 3.0
LOCKS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


@asynccontextmanager
async def locked_by_another_process(path: str) -> AsyncIterator[None]:
    """Another process has the lock; the block ends when it has let go."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LOCKS, path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        yield
    finally:
        process.stdin.close()
        await process.wait()


@ON_SQLITE
async def test_while_it_is_locked_each_try_is_told_as_not_done_and_none_is_done_later(
    database_url: str,
) -> None:
    async with company(database_url) as here:
        call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
        async with locked_by_another_process(database_url.removeprefix("sqlite:///")):
            tries = [await here.say(ANA, f"/calls hangup {call.sid}") for _ in range(TRIES)]
        was_live = call.is_live
        await here.say(BEN, f"/calls hangup {call.sid}")

        assert [one.body for one in tries if NOT_DONE not in one.body] == []
        assert max(one.took_s or 0.0 for one in tries) < SLACK_GIVES_UP_AFTER_S
        assert was_live
        assert await here.events() == [(BEN, "hang_up requested"), (BEN, "hang_up succeeded")]
        assert len(here.changes_sent()) == 1
