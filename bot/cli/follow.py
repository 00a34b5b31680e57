"""`hookflash audit follow`: new entries as they come in, for a log collector."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from bot.cli.filters import FILTERS, read_filters
from bot.cli.log import ask_log, reading_of, record_reading, unrecorded_option
from bot.cli.output import OutputFile

if TYPE_CHECKING:
    from bot.database.audit_reader import SqlAuditReader
    from bot.database.audit_runs import News
    from bot.domain.audit import Head
    from bot.domain.audit_log import AuditQuery

LOOK_EVERY_S = 1.0
LONGEST_PAUSE_S = 30.0
LAST_SEQ = 2**63 - 1  # that a database can hold


@click.command(epilog=FILTERS)
@click.argument("filters", nargs=-1)
@click.option(
    "--after",
    "after_seq",
    type=click.IntRange(0, LAST_SEQ),
    metavar="SEQ",
    help="Begin after this one.",
)
@click.option(
    "--state",
    type=OutputFile(path_type=Path),
    metavar="FILE",
    help="Go on where the last run stopped, which this file tells; the first begins at the start.",
)
@unrecorded_option
def follow(
    *, filters: Sequence[str], after_seq: int | None, state: Path | None, unrecorded: bool
) -> None:
    """Print new entries until it is stopped.

    As JSON lines, as `export` does.

    Begins with what comes after this moment, unless --after or --state tell otherwise. Goes on when
    the database was away. Filters hold for each entry as it comes: a request is not yet known to
    fail. A number or a word counts from the entry on that tells it.
    """
    _refuse_ends(filters)
    reading = reading_of("follow", filters)
    record_reading(reading.asked(), unrecorded=unrecorded)
    follower = _Follower(_Place(state))
    try:
        ask_log(lambda log: _follow(log, follower, filters, after_seq))
    finally:
        record_reading(reading.shown(follower.printed), unrecorded=True)


def _refuse_ends(filters: Sequence[str]) -> None:
    for word in filters:
        if word.lower().startswith(("limit:", "until:")):
            raise click.UsageError(
                f"What is followed has no end: it takes no {word.split(':')[0]}:."
            )


async def _follow(
    log: SqlAuditReader, follower: _Follower, filters: Sequence[str], after_seq: int | None
) -> None:
    query = await read_filters(log, filters)
    await follower.begin(log, after_seq)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, follower.is_stopping.set)
    await follower.run(log, query)


@dataclass(slots=True)
class _Place:
    """Where in the log a follower is, kept in a file if there is one."""

    path: Path | None

    def read(self) -> Head | None:
        """The last entry that was dealt with; None where the file is not there yet.

        Raises:
            ClickException: the file is none of ours.
        """
        from bot.domain.audit import Head

        if self.path is None or not self.path.exists():
            return None
        try:
            kept = json.loads(self.path.read_text())
            seq, hash_ = kept["seq"], kept["hash"]
            is_place = type(seq) is int and seq >= 0 and type(hash_) is str
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._unusable() from error
        if not is_place:
            raise self._unusable()
        return Head(seq, hash_)

    def _unusable(self) -> click.ClickException:
        return click.ClickException(
            f"{self.path} does not tell where to go on. Remove it to begin again at the start."
        )

    def keep(self, head: Head) -> None:
        """Make it the place to go on after, all of it or nothing."""
        if self.path is None:
            return
        beside = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            beside.write_text(json.dumps({"seq": head.seq, "hash": head.hash}) + "\n")
            beside.replace(self.path)
        except OSError as error:
            problem = error.strerror or "it failed"
            raise click.ClickException(f"{self.path} cannot be written: {problem}.") from error


class _Follower:
    """Prints what comes in. After each line the place is kept, so that none is printed again."""

    def __init__(self, place: _Place) -> None:
        from bot.domain.audit import EMPTY_HEAD

        self.printed = 0
        self.is_stopping = asyncio.Event()
        self._place = place
        self._after = EMPTY_HEAD
        self._failures = 0

    async def begin(self, log: SqlAuditReader, after_seq: int | None) -> None:
        """Find the place to begin at.

        Raises:
            ClickException: the place that was kept, or named, is not in this log.
        """
        kept = self._place.read()
        seq = kept.seq if kept else after_seq
        if seq:
            found = await log.head_at(seq) if seq <= LAST_SEQ else None
            if found is None or kept not in (None, found):
                _refuse_log(seq)
            self._after = found
        elif seq is None and not self._place.path:
            self._after = await log.head()

    async def run(self, log: SqlAuditReader, query: AuditQuery) -> None:
        """Print until it is stopped."""
        while not self.is_stopping.is_set():
            news = await self._ask(log, query)
            if news is None:
                await self._pause(min(LOOK_EVERY_S * 2**self._failures, LONGEST_PAUSE_S))
            else:
                await self._print(news)
                await self._pause(LOOK_EVERY_S if news.is_last else 0)

    async def _ask(self, log: SqlAuditReader, query: AuditQuery) -> News | None:
        """The next entries; None where the log does not answer, which is said once."""
        from bot.domain.errors import LogUnavailableError

        try:
            news = await log.news(after=self._after, fitting=query)
        except LogUnavailableError as error:
            if not self._failures:
                click.echo(f"The log does not answer; it is asked again. {error}", err=True)
            self._failures += 1
            return None
        if self._failures:
            click.echo("The log answers again.", err=True)
        self._failures = 0
        if news.is_of_other_log:
            _refuse_log(self._after.seq)
        return news

    async def _print(self, news: News) -> None:
        from bot.domain.audit import Head
        from bot.domain.audit_export import export_record, json_line

        for told in news.told:
            await asyncio.sleep(0)  # so that a signal is heard between two lines
            if self.is_stopping.is_set():
                return
            click.echo(json_line(export_record(told.entry, told.personal, told.told)))
            self.printed += 1
            self._go_on_after(Head(told.entry.seq, told.entry.hash))
        self._go_on_after(news.reached)

    def _go_on_after(self, head: Head) -> None:
        if head != self._after:
            self._after = head
            self._place.keep(head)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.is_stopping.wait(), seconds)


def _refuse_log(seq: int) -> NoReturn:
    raise click.ClickException(
        f"Entry {seq}, after which to go on, is not in this log: it is another one, or its end was "
        "cut off. Check it with: hookflash audit verify"
    )
