"""How fast `hookflash audit verify` goes through a long log and through an export of it.

A log as `big_log` makes it is checked in the database (SQLite, PostgreSQL, or one of them by
`--database`) and, once it is exported, in the file alone. Times are those of the whole command, its
start included; memory and processor time are those of all its processes together. The floor is one
process that reads the export, parses each line as JSON and hashes it, and checks nothing.
10,000,000 entries need about 25 GB of disk and an hour: `--entries 10000000`.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import resource
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from sqlalchemy import text

from benchmarks.big_log import make_log
from benchmarks.databases import DATABASES
from benchmarks.figures import Figure, arguments, at_most, context, report
from bot.database.engine import reading_engine
from bot.database.url import driver_url, is_sqlite

LOOKS_AT_MEMORY_EVERY_S = 0.1
# 100,000 entries a second.
MOST_US = 10.0
MOST_MB = 200.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command: how long it took, and what all its processes took together."""

    seconds: float
    processor_s: float
    peak_mb: float


async def run(database_url: str, *words: str) -> Run:
    """Run `hookflash` with these words.

    Raises:
        RuntimeError: it did not end with 0; with its output.
    """
    began, before_s = perf_counter(), processor_s()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *words,
        env={**os.environ, "DATABASE_URL": database_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    ending = asyncio.create_task(process.communicate())
    peak_mb = 0.0
    while not ending.done():
        peak_mb = max(peak_mb, sum(map(memory_mb, family(process.pid))))
        await asyncio.wait({ending}, timeout=LOOKS_AT_MEMORY_EVERY_S)
    output, _ = ending.result()
    if process.returncode:
        raise RuntimeError(output.decode())
    return Run(perf_counter() - began, processor_s() - before_s, peak_mb)


def processor_s() -> float:
    """The processor time of all child processes that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def family(pid: int) -> Iterator[int]:
    """The process and all that descend from it."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from family(int(child))


def memory_mb(pid: int) -> float:
    """What the process takes, its share of what several have in common included, in 10^6 bytes."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("Pss:"))


def size_of(database_url: str) -> int:
    """The bytes that the database takes, its indexes included."""
    url = driver_url(database_url)
    if is_sqlite(url):
        return Path(str(url.database)).stat().st_size
    engine = reading_engine(database_url)
    with engine.connect() as connection:
        size: int = connection.scalar(text("SELECT pg_database_size(current_database())"))
    engine.dispose()
    return size


def floor_s(path: Path) -> float:
    """The seconds that it takes to read, parse and hash each line, and to check nothing."""
    began = perf_counter()
    with path.open("rb") as file:
        for line in file:
            json.loads(line)
            hashlib.sha256(line).hexdigest()
    return perf_counter() - began


async def measure(database: str, *, entries: int) -> list[Figure]:
    """The figures on one database, and of an export of it."""
    with DATABASES[database]() as database_url, tempfile.TemporaryDirectory() as folder:
        await asyncio.to_thread(make_log, database_url, entries=entries)
        size = await asyncio.to_thread(size_of, database_url)
        in_database = await run(database_url, "audit", "verify")
        path = Path(folder) / "export.jsonl"
        export = await run(database_url, "audit", "export", "--output", str(path))
        alone = await run("nothing:", "audit", "verify", str(path))
        floor = await asyncio.to_thread(floor_s, path)
        line_bytes = path.stat().st_size / entries
    us = 1e6 / entries
    of_export = f"verify of the export of {database}"
    return [
        *of_run(f"verify on {database}", in_database, us),
        *of_run(of_export, alone, us, floor=floor * us),
        context(f"export from {database}, an entry", export.seconds * us, None, "us"),
        context(f"size in {database}, an entry", size / entries, None, "bytes"),
        context("size in the export, an entry", line_bytes, None, "bytes"),
    ]


def of_run(name: str, done: Run, us: float, *, floor: float | None = None) -> list[Figure]:
    """The figures of one check; *us* makes microseconds an entry of seconds."""
    return [
        at_most(MOST_US, f"{name}, an entry", done.seconds * us, "us", floor=floor),
        context(f"{name}, processor time", done.processor_s * us, floor, "us"),
        at_most(MOST_MB, f"{name}, memory", done.peak_mb, "MB"),
    ]


def main() -> int:
    """Measure and print; 1 where a bound does not hold."""

    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--database", choices=tuple(DATABASES), action="append")
        parser.add_argument("--entries", type=int, help="how many [default: 1,000,000]")

    given = arguments(__doc__, add)
    entries = given.entries or (100_000 if given.quick else 1_000_000)
    databases = given.database or tuple(DATABASES)
    figures = [
        figure
        for database in databases
        for figure in asyncio.run(measure(database, entries=entries))
    ]
    return report(f"Verifying {entries:,} entries", figures)


if __name__ == "__main__":
    sys.exit(main())
