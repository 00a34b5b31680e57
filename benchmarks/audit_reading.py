"""First pages of the log by each filter, in a log of ten million entries.

Makes a log of so many entries on SQLite and on PostgreSQL (or reads the one at `--url`, which an
earlier run has made), and asks for pages as `/calls audit` does, each time for another person,
number, time … A process of its own reads, after one round that warms the caches.

Bounds: any filtered first page in 50 ms (p99), words excepted; a reader's memory under 200 MB. An
export and the size of the database for each entry are context.
"""

from __future__ import annotations

import argparse
import gc
import random
import resource
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

from sqlalchemy import Connection, select, text

from benchmarks.big_log import CHANNELS, OWN_NUMBERS, PEOPLE, RARE_CHANNEL, RARE_PERSON, make_log
from benchmarks.databases import DATABASES
from benchmarks.figures import Figure, arguments, at_most, context, percentile, report
from bot.database.audit_pages import read_page
from bot.database.audit_runs import begin_export, read_export
from bot.database.engine import open_database
from bot.database.rows import entry_of
from bot.database.tables import audit_entries, audit_personal
from bot.database.url import driver_url, is_sqlite
from bot.domain.audit import MAIN_CHAIN, AuditEntry
from bot.domain.audit_filters import parse_audit_filters
from bot.domain.audit_log import AuditQuery
from bot.domain.filter_words import split_filters

ENTRIES, QUICK_ENTRIES = 10_000_000, 20_000
PAGE_MS = 50
MEMORY_MB = 200
SAMPLES = 20
EXPORTED_LOOKS = 100
BEGINNINGS = ("+44*", "+4420700*", "+441610012*", "+12120001*", "+33*", "+99*")
OUTCOMES = ("succeeded", "failed", "unknown", "denied", "requested")
TIMES = ("since:2h", "since:30d", "since:2h until:1h", "until:100d", "since:200d until:199d")


@dataclass(frozen=True, slots=True)
class Reading:
    """What one process saw: times of pages in ms by the kind of filter, and the rest."""

    pages: dict[str, list[float]]
    exported_a_second: float
    memory_mb: float


def measure(database: str, url: str, *, entries: int, runs: int) -> list[Figure]:
    """All figures of one filled database."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        reading = pool.submit(read, url, runs).result()
    figures = []
    for kind, times in reading.pages.items():
        name = f"{database}, {kind}, p99"
        p99 = percentile(times, 0.99)
        figures.append(
            context(name, p99, None, "ms")
            if kind.startswith("words")
            else at_most(PAGE_MS, name, p99, "ms")
        )
    return [
        *figures,
        at_most(MEMORY_MB, f"{database}, memory of the reader", reading.memory_mb, "MB"),
        context(f"{database}, export by person", reading.exported_a_second, None, "entries/s"),
        context(f"{database}, size", size_of(url) / entries, None, "bytes an entry"),
    ]


def read(url: str, runs: int) -> Reading:
    """Ask for pages of every kind, so many of each, and export a part."""
    database = open_database(url)
    with database.reader.engine.connect() as connection:
        pages = {}
        for kind, queries in kinds(connection):
            times = []
            many = runs // 10 if kind.startswith("words") else runs
            for run in range(len(queries) + many):
                began = perf_counter()
                read_page(connection, MAIN_CHAIN, queries[run % len(queries)])
                times.append((perf_counter() - began) * 1000)
            pages[kind] = times[len(queries) :]
            gc.freeze()  # as `serve` does once it is warm
        exported_a_second = export_by_person(connection)
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Reading(pages, exported_a_second, memory_mb)


def kinds(connection: Connection) -> Iterator[tuple[str, Sequence[AuditQuery]]]:
    """Queries of every kind, for values that are and that are not in the log."""
    chance = random.Random(2)  # noqa: S311 - no secret
    entries = sample(connection, chance)
    numbers = list(
        connection.scalars(
            select(audit_personal.c.value).where(
                audit_personal.c.seq.in_([entry.seq for entry in entries]),
                audit_personal.c.field == "from",
            )
        )
    )
    yield "no filter", queries("")
    yield "no filter, older page", [AuditQuery(before_seq=entry.seq) for entry in entries]
    yield "person", queries(*(f"by:{person}" for person in (*PEOPLE, RARE_PERSON, "U0NOBODY")))
    yield "call", queries(*(f"call:{entry.call_sid}" for entry in entries))
    yield "request", queries(*(f"request:{entry.request_id}" for entry in entries))
    yield "channel", queries(*(f"in:{name}" for name in (*CHANNELS, RARE_CHANNEL, "C0NOWHERE")))
    yield "action", queries("action:hang_up", "action:redirect", "action:freeze")
    for outcome in OUTCOMES:
        yield f"outcome {outcome}", queries(f"outcome:{outcome}")
    yield (
        "number",
        queries(
            *(f"to:{number}" for number in OWN_NUMBERS), *(f"number:{number}" for number in numbers)
        ),
    )
    yield (
        "beginning of a number",
        queries(*(f"{end}:{beginning}" for end in ("from", "number") for beginning in BEGINNINGS)),
    )
    yield "time", queries(*TIMES)
    yield (
        "person and outcome",
        queries(
            *(f"by:{person} outcome:{outcome}" for person in PEOPLE[::6] for outcome in OUTCOMES)
        ),
    )
    yield (
        "number and outcome",
        queries(
            *(f"from:{one} outcome:{outcome}" for one in BEGINNINGS for outcome in OUTCOMES),
            *(f"from:{one} outcome:unknown" for one in numbers),
        ),
    )
    yield (
        "four filters",
        queries(
            *(
                f"by:{person} in:{channel} number:{beginning} {time}"
                for person, channel in zip(PEOPLE, CHANNELS, strict=False)
                for beginning in BEGINNINGS[::2]
                for time in TIMES
            )
        ),
    )
    yield "words in 30 days", queries("words:premium", 'words:"fraud card"')
    yield "words that nobody wrote", queries("words:zebra since:300d")


def queries(*texts: str) -> list[AuditQuery]:
    """The queries that the texts spell."""
    now = datetime.now(UTC)
    return [parse_audit_filters(split_filters(text), now=now) for text in texts]


def sample(connection: Connection, chance: random.Random) -> Sequence[AuditEntry]:
    """Some entries from all over the log."""
    of_chain = audit_entries.c.chain_id == MAIN_CHAIN
    last = connection.scalar(
        text("SELECT seq FROM audit_heads WHERE chain_id = :chain"), {"chain": MAIN_CHAIN}
    )
    seqs = [chance.randint(1, last or 1) for _ in range(SAMPLES)]
    rows = connection.execute(select(audit_entries).where(of_chain, audit_entries.c.seq.in_(seqs)))
    return [entry_of(row) for row in rows]


def export_by_person(connection: Connection) -> float:
    """Entries a second of a long export."""
    [query] = queries(f"by:{PEOPLE[0]}")
    terms = begin_export(connection, MAIN_CHAIN, query)
    if terms is None:
        raise RuntimeError("the log is empty")
    began, count, after_seq = perf_counter(), 0, 0
    for _ in range(EXPORTED_LOOKS):
        run = read_export(connection, terms, after_seq)
        count += len(run.told)
        after_seq = run.reached
        if run.is_last:
            break
    return count / (perf_counter() - began)


def size_of(url: str) -> int:
    """Bytes on disk."""
    at = driver_url(url)
    if is_sqlite(at):
        return Path(str(at.database)).stat().st_size
    database = open_database(url)
    with database.reader.engine.connect() as connection:
        size = connection.scalar(text("SELECT pg_database_size(current_database())"))
    return int(size or 0)


def main() -> int:
    """Fill, measure and print."""

    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--database", choices=tuple(DATABASES), action="append")
        parser.add_argument("--entries", type=int, help=f"default {ENTRIES}")
        parser.add_argument("--url", help="read this log, and make none")

    given = arguments(__doc__, add)
    entries = given.entries or (QUICK_ENTRIES if given.quick else ENTRIES)
    runs = 20 if given.quick else 300
    figures = []
    for database in given.database or tuple(DATABASES):
        with nullcontext(given.url) if given.url else DATABASES[database]() as url:
            if not given.url:
                make_log(url, entries=entries)
            figures += measure(database, url, entries=entries, runs=runs)
    return report(f"First pages of a log of {entries:,} entries", figures)


if __name__ == "__main__":
    sys.exit(main())
