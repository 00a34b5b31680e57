"""`hookflash audit verify`: whether the log is as it was recorded."""

from __future__ import annotations

import click

from bot.cli_log import ask_log


@click.command()
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Check that no entry was changed, removed or put in; exit with 1 where one was."""
    verdict = ask_log(lambda log: log.verify())
    end = verdict.end
    if verdict.fault is None:
        click.echo(f"The log holds: {end.seq} entries, and the head has hash {end.hash}.")
        return
    click.echo(
        f"The log does not hold. {verdict.fault} "
        f"Up to {end.seq}, whose hash is {end.hash}, every entry is as it was recorded."
    )
    ctx.exit(1)
