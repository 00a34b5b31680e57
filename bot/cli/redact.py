"""`hookflash audit redact`: deletes personal values that are older than they may get."""

from __future__ import annotations

from datetime import timedelta

import click

from bot.cli.environment import terminal_user
from bot.cli.log import Log, ask_log, now, work_on_log


class Age(click.ParamType[timedelta]):
    """An age in whole days, such as `180d`."""

    name = "age"

    def convert(
        self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """The age.

        Raises:
            BadParameter: it is none.
        """
        from bot.domain.retention import parse_age

        if isinstance(value, timedelta):
            return value
        try:
            return parse_age(value)
        except ValueError as error:
            self.fail(f"{value!r} {error}", param, ctx)


@click.command()
@click.option("--older-than", type=Age(), metavar="DAYS", required=True, help="Such as 180d.")
@click.option("--dry-run", is_flag=True, help="Say how much there is, and delete nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def redact(*, older_than: timedelta, dry_run: bool, yes: bool) -> None:
    """Delete personal values from old entries.

    Numbers, names, reasons and targets; the entries stay.

    For every few hundred an entry of its own says what was deleted and by whom, and verify
    goes by it. Open changes and the freeze in force keep what they need.
    """
    from bot.application.retention import Redacted, Retention, count_old_values
    from bot.domain.audit import Surface

    before = now() - older_than
    found = ask_log(lambda log: count_old_values(log, older_than=before))
    click.echo(
        f"{found.entries} entries from before {before:%Y-%m-%d %H:%M} UTC hold {found.values} "
        "personal values.",
        err=not dry_run,
    )
    if dry_run or not found.entries:
        return
    if not yes:
        click.confirm("Delete these values? Nobody can bring them back.", abort=True, err=True)

    async def delete(log: Log) -> Redacted:
        return await Retention(log.ledger).redact(
            older_than=before, by=terminal_user(), surface=Surface.TERMINAL
        )

    done = work_on_log(delete)
    click.echo(f"{done.values} personal values of {done.entries} entries were deleted.", err=True)
