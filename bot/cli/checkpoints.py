"""`hookflash audit key` and `checkpoints`: what signs the log, and what was signed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.environment import environment
from bot.cli.log import log_url, now

if TYPE_CHECKING:
    from bot.domain.checkpoints import Checkpoint
    from bot.evidence.keys import Ed25519Signer

# Between two of them another replica has signed, which happens once a minute at most.
_TRIES = 5
_NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def key() -> None:
    """Look after the key that signs checkpoints."""


@key.command()
@click.option("--output", type=_NEW_FILE, metavar="FILE", help="Keep it here, for its owner only.")
def new(*, output: Path | None) -> None:
    """Make a key and print the setting for it.

    Whoever checks the log needs the public key, which is printed too.
    """
    from bot.evidence.keys import Ed25519Signer, new_private_key, write_private_key

    private_key = new_private_key()
    if output is not None:
        write_private_key(output, private_key)
    # Whole, since a service has a folder of its own.
    click.echo(f"HOOKFLASH_AUDIT_KEY={output.absolute() if output else private_key}")
    public_key = Ed25519Signer(private_key).public_key
    click.echo(f"Its public key, for whoever checks the log: {public_key}", err=True)


@key.command()
def public() -> None:
    """Print the public key of HOOKFLASH_AUDIT_KEY."""
    click.echo(_signer().public_key)


@key.command()
@click.option("--output", required=True, type=_NEW_FILE, metavar="FILE", help="Keep it here.")
def rotate(*, output: Path) -> None:
    """Replace the key that signs checkpoints.

    The one of HOOKFLASH_AUDIT_KEY signs that the new one follows.

    Who knows the old public key can then trust the new one. What is printed says so; it is kept in
    the database, and hookflash serve shows it to the witnesses.
    """
    import asyncio

    from bot.domain.checkpoints import checkpoint_line
    from bot.domain.errors import LogUnavailableError
    from bot.evidence.keys import new_private_key, read_signer, write_private_key

    old = _signer()
    _refuse_replaced(old.public_key)
    write_private_key(output, new_private_key())
    try:
        succession = asyncio.run(_succeed(old, read_signer(str(output)).public_key))
    except LogUnavailableError as error:
        raise click.ClickException(
            f"{error}. The new key may have taken the old one's place all the same: keep {output}. "
            "Once the database answers, hookflash doctor says if the old key was replaced."
        ) from error
    click.echo(checkpoint_line(succession))
    click.echo(
        f"Now set HOOKFLASH_AUDIT_KEY={output.absolute()} and start hookflash serve again. Then "
        "delete the old key.",
        err=True,
    )


@click.command()
def checkpoints() -> None:
    """Print the checkpoints of the database.

    As JSON lines.
    """
    from bot.domain.checkpoints import checkpoint_line
    from bot.verification.database import kept_checkpoints

    for checkpoint in kept_checkpoints(log_url()):
        click.echo(checkpoint_line(checkpoint))


def _refuse_replaced(public_key: str) -> None:
    """Return where the key has named no successor yet.

    Raises:
        ClickException: it has; a second one would be a fault that no later checkpoint mends.
    """
    from bot.domain.key_line import line_of
    from bot.evidence.keys import is_signed
    from bot.verification.database import kept_checkpoints

    successions = [one for one in kept_checkpoints(log_url()) if one.next_public_key]
    successor = line_of(public_key, successions, is_signed=is_signed).successor
    if successor:
        raise click.ClickException(
            f"The key of HOOKFLASH_AUDIT_KEY was replaced already, by {successor}. Set "
            "HOOKFLASH_AUDIT_KEY to that one, which can be replaced in turn."
        )


async def _succeed(old: Ed25519Signer, next_key: str) -> Checkpoint:
    """The end of the log now, signed with the old key, which names the next."""
    from bot.application.checkpoints import signed_checkpoint
    from bot.database.audit_reader import SqlAuditReader
    from bot.database.checkpoints import SqlCheckpointStore
    from bot.database.engine import open_database
    from bot.domain.audit import MAIN_CHAIN

    database = open_database(log_url())
    store = SqlCheckpointStore(database, chain_id=MAIN_CHAIN)
    try:
        for _ in range(_TRIES):
            newest = await store.newest()
            head = await SqlAuditReader(database.reader, chain_id=MAIN_CHAIN).head()
            succession = signed_checkpoint(head, signer=old, clock=now, next_key=next_key)
            # Where a replica has signed meanwhile, it is to reach as far as that.
            if await store.add(succession, after=newest):
                return succession
    finally:
        await database.close()
    raise click.ClickException("The database did not keep the succession: the old key still signs.")


def _signer() -> Ed25519Signer:
    from bot.evidence.keys import read_signer
    from bot.settings import read_audit_settings

    setting = read_audit_settings(environment()).audit_key
    if setting is None:
        raise click.ClickException(
            "HOOKFLASH_AUDIT_KEY is not set. Make a key with: hookflash audit key new"
        )
    return read_signer(setting.get_secret_value())
