"""`hookflash db`: brings the database's tables up to date, and says where they stand."""

from __future__ import annotations

import click

from bot.cli.environment import environment


@click.group()
def db() -> None:
    """Bring the database's tables up to date."""


@db.command()
def upgrade() -> None:
    """Bring the tables up to date.

    Several at once wait for each other.
    """
    from bot.database import migrate
    from bot.settings import read_database_url

    state = migrate.upgrade(read_database_url(environment()))
    click.echo(f"The database is up to date, at revision {state.current}.", err=True)


@db.command()
def current() -> None:
    """Print the revision of the tables.

    Nothing where there are none.
    """
    from bot.database import migrate
    from bot.settings import read_database_url

    state = migrate.current(read_database_url(environment()))
    if state.current is None:
        click.echo("The database has no tables yet.", err=True)
    else:
        click.echo(state.current)


@db.command()
def check() -> None:
    """Fail unless the tables fit this version.

    The triggers that protect the log are looked at too.
    """
    from bot.database import migrate
    from bot.settings import read_database_url

    state = migrate.check(read_database_url(environment()))
    if not state.is_up_to_date:
        raise click.ClickException(state.advice)
    click.echo(f"The database is up to date, at revision {state.current}.", err=True)
