"""A log of any length, as a call centre would have filled it in a year, put in as a bulk load.

Every hash is right, so that `audit verify` holds. Two things are shortcuts: the form that is hashed
is made by `json` (for these entries, plain ASCII without fractions, it is RFC 8785's), and triggers
and indexes are taken away for the load and put back after it, as a restore does.
"""

from __future__ import annotations

import json
import random
import sqlite3
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import accumulate, islice
from typing import Any

import psycopg

from benchmarks.settings import ACCOUNT_SID, TEAM_ID
from bot.database.migrate import upgrade
from bot.database.url import driver_url, is_sqlite
from bot.domain.audit import (
    GENESIS_HASH,
    MAIN_CHAIN,
    SALT_BYTES,
    SCHEMA_VERSION,
    Action,
    Event,
    Surface,
    personal_digest,
    timestamp,
)

ROWS_AT_ONCE = 50_000
A_YEAR = timedelta(days=365)
PEOPLE = tuple(f"U0PERSON{number:02}" for number in range(60))
RARE_PERSON = "U0RARELY"
CHANNELS = tuple(f"C0CHANNEL{number:02}" for number in range(12))
RARE_CHANNEL = "C0RARELY"
RARE_SHARE = 0.000_02
OWN_NUMBERS = tuple(f"+1415555{number:04}" for number in range(100))
CALLERS = 300_000
REASONS = (
    "caller is abusive",
    "card fraud, second attempt",
    "wrong queue",
    "spam",
    "asked to be called back",
    "toll fraud from a premium number",
    "customer hung up on hold",
    "",
)
ENTRY_COLUMNS = (
    "chain_id",
    "seq",
    "schema_version",
    "recorded_at",
    "request_id",
    "event",
    "action",
    "actor_team_id",
    "actor_user_id",
    "channel_id",
    "surface",
    "account_sid",
    "call_sid",
    "subject_sid",
    "details",
    "prev_hash",
    "hash",
)
PERSONAL_COLUMNS = ("chain_id", "seq", "field", "salt", "value")

Row = tuple[Any, ...]
Write = Callable[[str, Sequence[str], Sequence[Row]], None]


@dataclass(frozen=True, slots=True)
class Deed:
    """What one request leaves in the log, still without its place in the chain."""

    fixed: dict[str, Any]
    entries: Sequence[tuple[Event, dict[str, Any], dict[str, str]]]


def make_log(database_url: str, *, entries: int, until: datetime | None = None) -> None:
    """Migrate the empty database and fill it with this many entries, the last of them *until*."""
    upgrade(database_url)
    end = until or datetime.now(UTC)
    url = driver_url(database_url)
    if is_sqlite(url):
        _fill_sqlite(str(url.database), Filler(entries, end))
    else:
        _fill_postgresql(database_url, Filler(entries, end))


@dataclass(slots=True)
class Filler:
    """The rows of the log, in order and always the same but for their times."""

    count: int
    end: datetime
    prev_hash: str = GENESIS_HASH
    seq: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(4))  # noqa: S311 - no secret
    _people: Sequence[float] = field(
        default_factory=lambda: tuple(accumulate(1 / rank for rank in range(1, len(PEOPLE) + 1)))
    )

    def write(self, write: Write) -> None:
        """Hand all rows to *write*, some at a time, and the head at the end."""
        rows = self._rows()
        while some := list(islice(rows, ROWS_AT_ONCE)):
            write("audit_entries", ENTRY_COLUMNS, [entry for entry, _personal in some])
            personal = [value for _entry, values in some for value in values]
            write("audit_personal", PERSONAL_COLUMNS, personal)
        head = (MAIN_CHAIN, self.seq, self.prev_hash)
        write("audit_heads", ("chain_id", "seq", "hash"), [head])

    def _rows(self) -> Iterator[tuple[Row, Sequence[Row]]]:
        """Each entry with its personal values; some requests overlap, as they do in life."""
        held_back: list[Iterator[tuple[Row, Sequence[Row]]]] = []
        while self.seq < self.count:
            told = self._tell(self._deed())
            yield next(told)
            held_back.append(told)
            if self.chance.random() < 0.8:
                for waiting in held_back:
                    for row in waiting:
                        yield row
                        if self.seq == self.count:
                            return
                held_back.clear()

    def _tell(self, deed: Deed) -> Iterator[tuple[Row, Sequence[Row]]]:
        for event, details, personal in deed.entries:
            self.seq += 1
            values = [
                (MAIN_CHAIN, self.seq, name, self.chance.randbytes(SALT_BYTES), value)
                for name, value in personal.items()
            ]
            yield self._seal(deed, event, details, values), values

    def _seal(
        self, deed: Deed, event: Event, details: dict[str, Any], values: Sequence[Row]
    ) -> Row:
        digests = {name: personal_digest(salt, name, value) for _, _, name, salt, value in values}
        moment = self.end - A_YEAR * ((self.count - self.seq) / self.count)
        hashed = deed.fixed | {
            "details": details | {"digests": digests},
            "event": event.value,
            "prev_hash": self.prev_hash,
            "recorded_at": timestamp(moment),
            "seq": self.seq,
        }
        self.prev_hash = sha256(_canonical(hashed).encode()).hexdigest()
        row = hashed | {"details": _canonical(hashed["details"]), "hash": self.prev_hash}
        return tuple(row[column] for column in ENTRY_COLUMNS)

    def _deed(self) -> Deed:
        """One request of somebody's, with what came of it."""
        chance = self.chance
        is_rare = chance.random() < RARE_SHARE
        person = RARE_PERSON if is_rare else PEOPLE[self._rank(chance.random())]
        action = Action.HANG_UP if chance.random() < 0.7 else Action.REDIRECT
        fixed = {
            "account_sid": ACCOUNT_SID,
            "action": action.value,
            "actor_team_id": TEAM_ID,
            "actor_user_id": person,
            "call_sid": f"CA{chance.getrandbits(128):032x}",
            "chain_id": MAIN_CHAIN,
            "channel_id": RARE_CHANNEL if is_rare else chance.choice(CHANNELS),
            "request_id": f"{chance.getrandbits(128):032x}",
            "schema_version": SCHEMA_VERSION,
            "subject_sid": "",
            "surface": Surface.BUTTON.value,
        }
        numbers = {"from": self._caller(), "to": chance.choice(OWN_NUMBERS)}
        asked = {"actor_name": person.lower(), "reason": chance.choice(REASONS)}
        told = {name: value for name, value in (asked | numbers).items() if value}
        return Deed(fixed, list(self._story(action, told, numbers)))

    def _story(
        self, action: Action, told: dict[str, str], numbers: dict[str, str]
    ) -> Iterator[tuple[Event, dict[str, Any], dict[str, str]]]:
        share = self.chance.random()
        if share < 0.03:
            yield Event.DENIED, {"reason": "not_permitted"}, told
            return
        yield Event.REQUESTED, {"status_before": "in-progress"}, told
        details: dict[str, Any] = {"attempts": 1, "status_before": "in-progress"}
        if share < 0.031:
            yield Event.UNKNOWN, details | {"reason": "no_answer"}, numbers
        elif share < 0.1:
            yield Event.FAILED, details | {"reason": "already_ended"}, numbers
        else:
            twilio = {"request_id": f"RQ{self.chance.getrandbits(128):032x}"}
            done = details | {"reason": "confirmed", "status_after": "completed", "twilio": twilio}
            yield Event.SUCCEEDED, done, numbers
            if action is Action.REDIRECT and share > 0.95:
                yield Event.NOTED, done | {"note": "ended_right_after"}, numbers

    def _rank(self, share: float) -> int:
        return min(bisect(self._people, share * self._people[-1]), len(PEOPLE) - 1)

    def _caller(self) -> str:
        """Two in five call from Britain, two from America, the others from many countries."""
        number = int(self.chance.triangular(0, CALLERS, 0))
        country = ("44207", "44161", "1212", "1650", f"{30 + number % 60}")[number % 5]
        return f"+{country}{number:07}"


def _canonical(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _fill_sqlite(path: str, filler: Filler) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        taken_away = database.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE tbl_name LIKE 'audit%' "
            "AND type IN ('index', 'trigger') AND sql IS NOT NULL"
        ).fetchall()
        # Dropping an index also drops what the planner was told of it.
        statistics = database.execute("SELECT tbl, idx, stat FROM sqlite_stat1").fetchall()
        for kind, name, _sql in taken_away:
            database.execute(f"DROP {kind} {name}")
        for pragma in ("synchronous = OFF", "cache_size = -500000"):
            database.execute(f"PRAGMA {pragma}")

        def write(table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
            marks = ", ".join("?" * len(columns))
            database.execute("BEGIN")
            database.executemany(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - our own names
                rows,
            )
            database.execute("COMMIT")

        filler.write(write)
        for _kind, _name, sql in taken_away:
            database.execute(sql)
        database.execute("DELETE FROM sqlite_stat1")
        database.executemany("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", statistics)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _fill_postgresql(database_url: str, filler: Filler) -> None:
    with psycopg.connect(database_url, autocommit=True) as database:
        indexes = database.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN "
            "('audit_entries', 'audit_personal') AND indexname NOT LIKE 'pk_%'"
        ).fetchall()
        for name, _definition in indexes:
            database.execute(f'DROP INDEX "{name}"'.encode())
        in_order = b"audit_entries_in_order"
        database.execute(b"ALTER TABLE audit_entries DISABLE TRIGGER %b" % in_order)

        def write(table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
            statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
            with database.cursor() as cursor, cursor.copy(statement.encode()) as copy:
                for row in rows:
                    copy.write_row(row)

        filler.write(write)
        database.execute(b"ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER %b" % in_order)
        for _name, definition in indexes:
            database.execute(definition.encode())
        # What autovacuum does by itself within minutes.
        database.execute(b"VACUUM ANALYZE")
