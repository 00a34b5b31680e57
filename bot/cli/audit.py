"""`hookflash audit`: reads and exports the log. Data goes to stdout, talk to stderr."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

import click

from bot.cli.checkpoints import checkpoints, key
from bot.cli.filters import FILTERS, read_filters
from bot.cli.follow import follow
from bot.cli.log import ask_log, reading_of, record_reading, unrecorded_option
from bot.cli.output import STDOUT, OutputFile, is_same_file, whole_file
from bot.cli.proof import Exported, export_proof
from bot.cli.redact import redact
from bot.cli.verify import verify

if TYPE_CHECKING:
    from bot.database.audit_reader import SqlAuditReader
    from bot.domain.audit import AuditEntry
    from bot.domain.audit_log import AuditQuery, AuditRow

# So many pages are looked through for one list before it says how far it came.
MOST_PAGES = 50
_COLUMNS = (
    "seq",
    "recorded_at",
    "who",
    "action",
    "outcome",
    "why",
    "call_sid",
    "from",
    "to",
    "reason",
    "note",
)
_HEADINGS = ("seq", "recorded", "who", "outcome", "call", "reason")
_LEAST_REASON = 10


@click.group()
def audit() -> None:
    """Read the log and check it."""


audit.add_command(follow)
audit.add_command(verify)
audit.add_command(redact)
audit.add_command(key)
audit.add_command(checkpoints)


@audit.command("list", epilog=f"{FILTERS} limit:20")
@click.argument("filters", nargs=-1)
@click.option(
    "--before",
    "before_seq",
    type=click.IntRange(min=1),
    metavar="SEQ",
    help="Only what is older.",
)
@unrecorded_option
def list_requests(*, filters: Sequence[str], before_seq: int | None, unrecorded: bool) -> None:
    """Show who changed which call.

    The newest first, with what came of it. Each request is one line; without a
    terminal its columns are separated by tabs.
    """
    rows, before, looked_back_to = ask_log(lambda log: _rows(log, filters, before_seq))
    record_reading(reading_of("list", filters).shown(len(rows)), unrecorded=unrecorded)
    _show_rows(map(_columns_of, rows))
    if before is None:
        return
    words = shlex.join([*filters, "--before", str(before)])
    how_far = (
        f"All back to {looked_back_to:%Y-%m-%dT%H:%M:%SZ} was looked through"
        if looked_back_to
        else "There is more"
    )
    click.echo(f"{how_far}: hookflash audit list {words}", err=True)


async def _rows(
    log: SqlAuditReader, filters: Sequence[str], before_seq: int | None
) -> tuple[list[AuditRow], int | None, datetime | None]:
    """The newest requests that fit, where older ones begin, and how far was looked for them."""
    query = replace(await read_filters(log, filters), before_seq=before_seq)
    rows: list[AuditRow] = []
    for _ in range(MOST_PAGES):
        page = await log.page(replace(query, limit=query.limit - len(rows)))
        rows += page.rows
        query = replace(query, before_seq=page.next_before_seq)
        if page.looked_back_to is None:
            break
    return rows, page.next_before_seq, page.looked_back_to


@audit.command()
@click.argument("reference", metavar="SEQ|REQUEST_ID|CALL_SID")
@unrecorded_option
def show(*, reference: str, unrecorded: bool) -> None:
    """Show all that is known of one entry or call.

    Or of one request, by its id.
    """
    from bot.domain.plain_text import printable

    wanted = reference.strip()
    if not wanted:
        raise click.UsageError("Which? Name an entry by its number, a request or a call.")
    found = ask_log(lambda log: log.matching(wanted))
    if not found:
        raise click.ClickException(
            f"The log has no entry for {printable(wanted)}. It takes the number of an entry, the "
            "id of a request or a whole call SID."
        )
    record_reading(reading_of("show", [wanted]).shown(len(found)), unrecorded=unrecorded)
    for entry, personal in found:
        values = _fields_of(entry) | {f"personal.{one.field}": one.value for one in personal}
        width = max(map(len, values))
        for name, value in values.items():
            click.echo(f"{name:{width}}  {printable(value)}")
        click.echo()


@audit.command(epilog=FILTERS)
@click.argument("filters", nargs=-1)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv"]),
    default="jsonl",
    show_default=True,
    help="JSON lines hold everything; CSV is for spreadsheets.",
)
@click.option(
    "--output",
    type=OutputFile(),
    default=STDOUT,
    metavar="FILE",
    help="Write here, once it is complete.",
)
@click.option(
    "--proof",
    type=OutputFile(),
    metavar="FILE",
    help="Write here what shows that these entries, a part of the log, belong to it.",
)
@unrecorded_option
def export(
    *, filters: Sequence[str], form: str, output: str, proof: str | None, unrecorded: bool
) -> None:
    """Print every entry that fits.

    The oldest first, with all that an offline check needs. The personal values
    are in clear: numbers, names, reasons, targets.
    """
    if any(word.lower().startswith("limit:") for word in filters):
        raise click.UsageError("An export is complete: it takes no limit.")
    if proof is not None and form != "jsonl":
        raise click.UsageError("Only JSON lines can be checked with a proof.")
    if proof is not None and is_same_file(output, proof):
        raise click.UsageError("The proof would take the place of the export: name another file.")
    query = ask_log(lambda log: read_filters(log, filters))
    reading = reading_of("export", filters)
    own_seq = record_reading(reading.asked(), unrecorded=unrecorded)
    with whole_file(output) as file:
        seqs = ask_log(lambda log: _export(log, query, form, file, before_seq=own_seq))
    click.echo(f"{seqs.count} {'entry' if seqs.count == 1 else 'entries'} exported.", err=True)
    if own_seq is not None:
        record_reading(reading.shown(seqs.count), unrecorded=True)
    if proof is not None:
        export_proof(proof, seqs)


async def _export(
    log: SqlAuditReader, query: AuditQuery, form: str, file: IO[Any], *, before_seq: int | None
) -> Exported:
    import csv

    from bot.domain.audit_export import CSV_COLUMNS, csv_cells, export_record, json_line

    table = csv.writer(file, lineterminator="\n")
    if form == "csv":
        table.writerow(CSV_COLUMNS)
    seqs = Exported()
    async for told in log.told_entries(query, before_seq=before_seq):
        record = export_record(told.entry, told.personal, told.told)
        if form == "csv":
            table.writerow(csv_cells(record))
        else:
            file.write(json_line(record) + "\n")
        seqs.note(told.entry.seq)
    return seqs


def _columns_of(row: AuditRow) -> tuple[str, ...]:
    from bot.domain.audit import timestamp

    entry, told = row.entry, row.personal
    return (
        str(entry.seq),
        timestamp(entry.recorded_at),
        told.get("actor_name", "") or entry.actor_user_id,
        entry.action,
        entry.event,
        str(entry.details.get("reason", "")),
        entry.call_sid,
        told.get("from", ""),
        told.get("to", ""),
        told.get("reason", ""),
        row.note,
    )


def _fields_of(entry: AuditEntry) -> dict[str, str]:
    import json

    from bot.domain.audit import hashed_form

    fields: Mapping[str, Any] = hashed_form(entry) | {"hash": entry.hash}
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in fields.items()
    }


def _show_rows(rows: Iterable[Sequence[str]]) -> None:
    """A table on a terminal, else lines with tabs; no cell can steer the terminal."""
    import sys

    from bot.domain.plain_text import printable

    cells = [[printable(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _show_table(cells)
        return
    for line in (_COLUMNS, *cells):
        click.echo("\t".join(line))


def _show_table(rows: Sequence[Sequence[str]]) -> None:
    """Two lines a request, or below each other what does not fit beside; nothing is cut off."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console, pairs = Console(), [_pairs_of(*row) for row in rows]
    if _width(pairs) > console.width:
        for row in pairs:
            click.echo("\n  ".join(", ".join(filter(None, pair)) for pair in row if any(pair)))
        return
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for heading in _HEADINGS:
        table.add_column(heading, overflow="fold", no_wrap=heading != "reason")
    for row in pairs:
        table.add_row(*(Text("\n".join(filter(None, pair))) for pair in row))
    console.print(table)


def _pairs_of(*columns: str) -> list[tuple[str, ...]]:
    """What stands below each heading, in one line or two."""
    seq, recorded_at, who, action, outcome, why, call_sid, from_, to, reason, note = columns
    day, _, time = recorded_at[: len("2026-01-31T23:59:59")].partition("T")
    numbers = f"{from_} → {to}" if from_ or to else ""
    return [
        (seq,),
        (day, f"{time}Z"),
        (who, action),
        (outcome, why),
        (call_sid, numbers),
        (reason, note),
    ]


def _width(rows: Sequence[Sequence[Sequence[str]]]) -> int:
    """How many columns of the terminal a table needs, in which reasons may take several lines."""
    from rich.cells import cell_len

    cells = zip(*rows, strict=True)
    widths = [max(cell_len(text) for pair in column for text in pair) for column in cells][:-1]
    return sum(map(max, widths, map(len, _HEADINGS))) + len(_HEADINGS) + _LEAST_REASON
