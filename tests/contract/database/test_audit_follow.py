"""`hookflash audit follow` as its own process: every entry once, wherever it was stopped."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from bot.cli.follow import LOOK_EVERY_S
from bot.database.audit_reader import SqlAuditReader
from bot.database.ledger import SqlLedger
from bot.domain.audit import Event
from bot.domain.audit_log import AuditQuery
from tests.contract.database.drafts import BEN, append, draft, drop_triggers
from tests.fixtures_database import administration

TIMEOUT_S = 30
CUT_OFF_AFTER_TWO = (
    "DELETE FROM audit_entries WHERE seq > 2",
    "DELETE FROM audit_personal WHERE seq > 2",
    "UPDATE audit_heads SET seq = 2, hash = (SELECT hash FROM audit_entries WHERE seq = 2)",
)
PUT_IN_FAR_AHEAD = """
INSERT INTO audit_entries
SELECT chain_id, 1000000, schema_version, recorded_at, request_id, event, action, actor_team_id,
  actor_user_id, channel_id, surface, account_sid, call_sid, subject_sid, details, prev_hash, hash
FROM audit_entries WHERE seq = 1
"""
WRITE_MANY = """
import asyncio, sys
from bot.database.engine import open_database
from bot.database.ledger import SqlLedger
from bot.domain.audit import MAIN_CHAIN
from tests.contract.database.drafts import append, draft
from tests.fixtures_database import now

async def write():
    database = open_database(sys.argv[1])
    ledger = SqlLedger(database.writer, chain_id=MAIN_CHAIN, clock=now)
    for _ in range(40):
        await append(ledger, *(draft(personal={"reason": sys.argv[2]}) for _ in range(3)))
    await ledger.close()
    await database.close()

asyncio.run(write())
"""


class Following:
    """A running follower, read line by line."""

    def __init__(self, database_url: str, *words: str) -> None:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
        self.process = subprocess.Popen(  # noqa: S603 - ours
            [sys.executable, "-m", "bot", "audit", "follow", *words],
            env=kept | {"DATABASE_URL": database_url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._rest = b""

    def lines(self, count: int) -> list[dict[str, Any]]:
        """The next lines, as soon as there are so many."""
        return [json.loads(self._line()) for _ in range(count)]

    def _line(self) -> bytes:
        assert self.process.stdout is not None
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self.process.stdout], [], [], TIMEOUT_S)
            more = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            assert more, "the follower says no more"
            self._rest += more
        line, self._rest = self._rest.split(b"\n", 1)
        return line

    def said(self, words: str) -> None:
        """Wait until it has said these words on stderr."""
        assert self.process.stderr is not None
        line = b""
        while words.encode() not in line:
            line = self.process.stderr.readline()
            assert line, f"the follower never said {words!r}"

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, list[dict[str, Any]], str]:
        """Stop it; the exit code, the lines that it still printed, and what it said."""
        self.process.send_signal(number)
        printed, said = self.process.communicate(timeout=TIMEOUT_S)
        lines = [json.loads(line) for line in (self._rest + printed).splitlines()]
        return self.process.returncode, lines, said.decode()


def writing_many(database_url: str, reason: str) -> subprocess.Popen[bytes]:
    """A process that appends 120 entries with this reason."""
    return subprocess.Popen([sys.executable, "-c", WRITE_MANY, database_url, reason])  # noqa: S603 - ours


@pytest.fixture
def follow(database_url: str) -> Iterator[Any]:
    """Starts followers of the new database."""
    started: list[Following] = []

    def start(*words: str) -> Following:
        started.append(Following(database_url, *words))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()


def seqs(lines: Sequence[dict[str, Any]]) -> list[int]:
    return [line["seq"] for line in lines]


async def test_new_entries_come_in_the_form_of_an_export_and_the_start_is_one_of_them(
    ledger: SqlLedger, reader: SqlAuditReader, follow: Any
) -> None:
    await append(ledger, draft(request_id="before"))
    follower = follow("--after", "0")
    first = follower.lines(2)

    await append(ledger, draft(request_id="r1", personal={"reason": "fraud", "from": "+1"}))
    await append(ledger, draft(request_id="r1", event=Event.FAILED))
    lines = follower.lines(2)
    code, rest, said = follower.stop(signal.SIGINT)

    assert first[0]["request_id"] == "before"
    assert (first[1]["action"], first[1]["event"]) == ("export_audit", "requested")
    assert [(line["event"], line["reason"], line["from"]) for line in lines] == [
        ("requested", "fraud", "+1"),
        ("failed", "fraud", "+1"),
    ]
    exported = [told.entry.hash async for told in reader.told_entries(AuditQuery())]
    assert [line["hash"] for line in [*first, *lines]] == exported[:4]
    assert (code, rest, said) == (0, [], "")
    end = [told.entry async for told in reader.told_entries(AuditQuery())][-1]
    assert (end.event, end.details["entries"]) == ("succeeded", 4)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_a_follower_goes_on_where_it_stopped(
    ledger: SqlLedger, follow: Any, tmp_path: Path, number: int
) -> None:
    """Killed between a line and its place it would print this one line again; nothing is lost."""
    state = ("--state", str(tmp_path / "place"))
    await append(ledger, *(draft() for _ in range(1200)))
    first = follow(*state)
    seen = seqs(first.lines(700))
    code, rest, _said = first.stop(number)
    seen += seqs(rest)
    [last] = await append(ledger, draft())

    second = follow(*state)
    again = seqs(second.lines(1))
    while again[-1] < last.seq:
        again += seqs(second.lines(1))

    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0)
    repeated = seen[-1] - again[0] + 1
    assert repeated in ((0, 1) if number == signal.SIGKILL else (0,))
    assert [*seen, *again[repeated:]] == list(range(1, last.seq + 1))


async def test_entries_of_two_writers_come_without_gap_and_once(
    follow: Any, reader: SqlAuditReader, database_url: str, tmp_path: Path
) -> None:
    """The head of the chain is locked, so an entry is never seen before one that precedes it."""
    follower = follow("--state", str(tmp_path / "place"))
    follower.lines(1)

    writers = [writing_many(database_url, name) for name in ("one", "two")]
    lines = follower.lines(240)

    assert [writer.wait(TIMEOUT_S) for writer in writers] == [0, 0]
    assert seqs(lines) == list(range(2, 242))
    assert {line["reason"] for line in lines} == {"one", "two"}
    assert [line["hash"] for line in lines] == [
        told.entry.hash async for told in reader.told_entries(AuditQuery())
    ][1:241]


async def test_filters_hold_for_each_entry_by_what_was_told_until_then(
    ledger: SqlLedger, follow: Any
) -> None:
    await append(
        ledger,
        draft(request_id="r1"),
        draft(request_id="r2", actor=BEN, personal={"from": "+442079460000"}),
        draft(request_id="r1", event=Event.FAILED, personal={"from": "+442079460001"}),
        draft(request_id="r2", actor=BEN, event=Event.FAILED),
        draft(request_id="r1", event=Event.NOTED),
    )

    by_number = follow("--after", "0", "from:+44*").lines(4)
    failed = follow("--after", "0", "outcome:failed", "by:@U0BEN").lines(1)

    assert seqs(by_number) == [2, 3, 4, 5]
    assert seqs(failed) == [4]


@pytest.mark.postgres
@pytest.mark.parametrize("make_database", ["postgresql"], indirect=True)
async def test_a_database_that_goes_away_and_returns_is_followed_on(
    ledger: SqlLedger, follow: Any, database_url: str, postgres_url: str
) -> None:
    name = make_url(database_url).database
    await append(ledger, draft())
    follower = follow("--after", "0")
    follower.lines(2)

    with administration(postgres_url) as connection:
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
        connection.execute(text(ended), {"name": name})
        follower.said("The log does not answer; it is asked again.")
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    follower.said("The log answers again.")
    await append(ledger, draft(request_id="after"))

    assert [line["request_id"] for line in follower.lines(1)] == ["after"]
    assert follower.stop()[0] == 0


async def test_a_log_that_lost_its_end_and_grew_again_is_not_followed_on(
    ledger: SqlLedger, follow: Any, database_url: str
) -> None:
    """As where a standby took over without the last entries while the follower was not looking."""
    await append(ledger, draft(), draft())
    follower = follow("--unrecorded", "--after", "0")
    follower.lines(3)  # the last is that it follows

    follower.process.send_signal(signal.SIGSTOP)
    with administration(database_url) as connection:
        drop_triggers(connection, "audit_entries", "audit_heads", "audit_personal")
        for statement in CUT_OFF_AFTER_TWO:
            connection.execute(text(statement))
    await append(ledger, draft(), draft())
    follower.process.send_signal(signal.SIGCONT)
    printed, told = follower.process.communicate(timeout=TIMEOUT_S)

    assert (follower.process.returncode, printed) == (1, b"")
    assert "Entry 3, after which to go on, is not in this log" in told.decode()


async def test_an_entry_put_in_far_ahead_hides_nothing_that_comes(
    ledger: SqlLedger, follow: Any, database_url: str
) -> None:
    """Verify tells of it."""
    await append(ledger, draft())
    follower = follow("--unrecorded", "--after", "0")
    follower.lines(2)

    with administration(database_url) as connection:
        drop_triggers(connection, "audit_entries")
        connection.execute(text(PUT_IN_FAR_AHEAD))
    await asyncio.sleep(2 * LOOK_EVERY_S)
    await append(ledger, draft(request_id="after"))

    assert [line["request_id"] for line in follower.lines(1)] == ["after"]


async def test_a_reader_who_leaves_ends_it_without_a_word(ledger: SqlLedger, follow: Any) -> None:
    await append(ledger, draft(), draft())
    follower = follow("--after", "0")
    follower.lines(1)

    follower.process.stdout.close()
    await append(ledger, draft())

    assert follower.process.wait(TIMEOUT_S) == 1
    assert follower.process.stderr.read() == b""


@pytest.mark.parametrize("make_database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ('{"seq": 2, "hash": "00"}', "Entry 2, after which to go on, is not in this log"),
        ('{"seq": 9, "hash": "00"}', "Entry 9, after which to go on, is not in this log"),
        ("nothing", "does not tell where to go on"),
        ("[" * 100_000, "does not tell where to go on"),
        ('{"seq": 1e400, "hash": "00"}', "does not tell where to go on"),
        ('{"seq": -1, "hash": "00"}', "does not tell where to go on"),
        (f'{{"seq": {10**30}, "hash": "00"}}', "is not in this log"),
    ],
)
async def test_a_place_of_another_log_is_refused(
    ledger: SqlLedger, follow: Any, tmp_path: Path, kept: str, said: str
) -> None:
    """Going on there would leave a gap that nobody sees."""
    await append(ledger, draft(), draft(), draft())
    (tmp_path / "place").write_text(kept)

    follower = follow("--unrecorded", "--state", str(tmp_path / "place"))

    printed, told = follower.process.communicate(timeout=TIMEOUT_S)
    assert (follower.process.returncode, printed) == (1, b"")
    assert said in told.decode()


@pytest.mark.parametrize("make_database", ["sqlite"], indirect=True)
def test_what_is_followed_has_no_end(follow: Any) -> None:
    follower = follow("until:1h")

    printed, told = follower.process.communicate(timeout=TIMEOUT_S)

    assert (follower.process.returncode, printed) == (2, b"")
    assert "has no end" in told.decode()
