"""`hookflash audit`: reads and exports the log. Data goes to stdout, talk to stderr."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

import click

from bot.cli_environment import terminal_user
from bot.cli_log import ask_log, record_reading, unrecorded_option
from bot.cli_redact import redact
from bot.cli_verify import verify

if TYPE_CHECKING:
    from bot.database.audit_reader import SqlAuditReader
    from bot.domain.audit import AuditEntry
    from bot.domain.audit_log import AuditQuery, AuditRow
    from bot.domain.reading import Reading

_FILTERS = (
    "FILTERS: by:U0123ABCD from:+44* to:+1555* action:hang_up outcome:failed since:2h "
    "call:CA0123456789abcdef0123456789abcdef"
)
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


@click.group()
def audit() -> None:
    """List, show, verify, export and redact the log."""


audit.add_command(verify)
audit.add_command(redact)


@audit.command("list", epilog=f"{_FILTERS} limit:20")
@click.argument("filters", nargs=-1)
@click.option("--before", "before_seq", type=int, metavar="SEQ", help="Only what is older.")
@unrecorded_option
def list_requests(*, filters: Sequence[str], before_seq: int | None, unrecorded: bool) -> None:
    """Show who changed which call and what came of it, newest first.

    Each request is one line; without a terminal its columns are separated by tabs.
    """
    query = replace(_parse(filters), before_seq=before_seq)
    page = ask_log(lambda log: log.page(query))
    record_reading(_reading("list", filters).shown(len(page.rows)), unrecorded=unrecorded)
    _show_table(_COLUMNS, map(_columns_of, page.rows))
    if page.next_before_seq is not None:
        words = " ".join([*filters, f"--before {page.next_before_seq}"])
        click.echo(f"There is more: hookflash audit list {words}", err=True)


@audit.command()
@click.argument("reference", metavar="SEQ|REQUEST_ID|CALL_SID")
@unrecorded_option
def show(*, reference: str, unrecorded: bool) -> None:
    """Show all that is known of an entry, a request or a call."""
    from bot.domain.plain_text import printable

    found = ask_log(lambda log: log.matching(reference))
    if not found:
        raise click.ClickException(f"The log has no entry for {printable(reference)}.")
    record_reading(_reading("show", [reference]).shown(len(found)), unrecorded=unrecorded)
    for entry, personal in found:
        values = _fields_of(entry) | {f"personal.{one.field}": one.value for one in personal}
        width = max(map(len, values))
        for name, value in values.items():
            click.echo(f"{name:{width}}  {printable(value)}")
        click.echo()


@audit.command(epilog=_FILTERS)
@click.argument("filters", nargs=-1)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv"]),
    default="jsonl",
    show_default=True,
    help="JSON lines hold everything; CSV is for spreadsheets.",
)
@click.option("--output", default="-", metavar="FILE", help="Write here, once it is complete.")
@unrecorded_option
def export(*, filters: Sequence[str], form: str, output: str, unrecorded: bool) -> None:
    """Print every entry that fits, oldest first, with all that an offline check needs.

    The personal values are in clear: numbers, names, reasons, targets.
    """
    if any(word.lower().startswith("limit:") for word in filters):
        raise click.UsageError("An export is complete: it takes no limit.")
    query = _parse(filters)
    reading = _reading("export", filters)
    own_seq = record_reading(reading.asked(), unrecorded=unrecorded)
    with click.open_file(output, "w", encoding="utf-8", atomic=output != "-") as file:
        count = ask_log(lambda log: _export(log, query, form, file, before_seq=own_seq))
    click.echo(f"{count} entries exported.", err=True)
    if own_seq is not None:
        record_reading(reading.shown(count), unrecorded=True)


def _reading(command: str, filters: Sequence[str]) -> Reading:
    from uuid import uuid4

    from bot.domain.audit import Action
    from bot.domain.reading import Reading

    return Reading(
        request_id=f"terminal-{uuid4().hex}",
        action=Action.EXPORT_AUDIT if command == "export" else Action.READ_AUDIT,
        command=command,
        filters=filters,
        by=terminal_user(),
    )


async def _export(
    log: SqlAuditReader, query: AuditQuery, form: str, file: IO[Any], *, before_seq: int | None
) -> int:
    import csv

    from bot.domain.audit_export import CSV_COLUMNS, csv_cells, export_record, json_line

    table = csv.writer(file, lineterminator="\n")
    if form == "csv":
        table.writerow(CSV_COLUMNS)
    count = 0
    async for told in log.told_entries(query):
        if before_seq is not None and told.entry.seq >= before_seq:
            break
        record = export_record(told.entry, told.personal, told.told)
        if form == "csv":
            table.writerow(csv_cells(record))
        else:
            file.write(json_line(record) + "\n")
        count += 1
    return count


def _parse(filters: Sequence[str]) -> AuditQuery:
    from bot.domain.errors import InvalidFilterError
    from bot.domain.audit_filters import parse_audit_filters

    try:
        return parse_audit_filters(filters, now=datetime.now(UTC))
    except InvalidFilterError as error:
        raise click.UsageError(str(error)) from error


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


def _show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on a terminal, else lines with tabs; no cell can steer the terminal."""
    import sys

    from bot.domain.plain_text import printable

    cells = [[printable(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for line in (columns, *cells):
            click.echo("\t".join(line))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns)
    for row in cells:
        table.add_row(*map(Text, row))
    Console().print(table)
