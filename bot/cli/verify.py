"""`hookflash audit verify`: whether the log, or an export of it, is as it was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.log import log_url

if TYPE_CHECKING:
    from bot.domain.checkpoints import Checkpoint
    from bot.verification.report import Report

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("export", required=False, type=_FILE)
@click.option(
    "--checkpoints",
    "checkpoint_files",
    multiple=True,
    type=_FILE,
    metavar="FILE",
    help="Hold it against these too: HOOKFLASH_AUDIT_FILE, or what was copied out of the channel.",
)
@click.option(
    "--public-key",
    "public_keys",
    multiple=True,
    metavar="KEY|FILE",
    help="Take checkpoints only of this key, and of those that it named as its successors.",
)
@click.option(
    "--proof",
    type=_FILE,
    metavar="FILE",
    help="The proof beside an export that holds only a part of the log.",
)
@click.option(
    "--up-to",
    type=click.IntRange(min=1),
    metavar="SEQ",
    help="Take no checkpoint of a later entry: for an export that is older than they are.",
)
@click.pass_context
def verify(
    ctx: click.Context,
    *,
    export: Path | None,
    checkpoint_files: Sequence[Path],
    public_keys: Sequence[str],
    proof: Path | None,
    up_to: int | None,
) -> None:
    """Check that the log is as it was recorded.

    Exit with 1 where an entry was changed, removed, put in or moved.

    Without EXPORT the log in the database is checked, and held against the checkpoints in it. With
    EXPORT, which is JSON lines, nothing but the files that are named is read.
    """
    from bot.evidence.keys import read_public_key

    if proof is not None and export is None:
        raise click.UsageError("A proof is checked with its export: name that too.")
    for path in (export, proof, *checkpoint_files):
        if path is not None and not path.is_file():
            raise click.UsageError(f"{path} does not exist, or is no file.")
    root_keys = tuple(map(read_public_key, public_keys))
    given = _read_all(checkpoint_files, up_to)
    report = _check(export, proof, given, root_keys)
    for sentence in report.findings():
        click.echo(sentence)
    for sentence in report.remarks():
        click.echo(sentence, err=True)
    ctx.exit(0 if report.holds else 1)


def _check(
    export: Path | None, proof: Path | None, given: Sequence[Checkpoint], root_keys: Sequence[str]
) -> Report:
    if export is None:
        from bot.verification.database import verify_database

        return verify_database(log_url(), given=given, root_keys=root_keys)
    if proof is None:
        from bot.verification.export import verify_export

        return verify_export(export, given=given, root_keys=root_keys)
    from bot.verification.proof import verify_with_proof

    return verify_with_proof(export, proof, given=given, root_keys=root_keys)


def _read_all(paths: Sequence[Path], up_to: int | None) -> list[Checkpoint]:
    from bot.evidence.checkpoint_file import read_checkpoints

    found: list[Checkpoint] = []
    for path in paths:
        of_file = read_checkpoints(path)
        found += of_file.checkpoints
        for sentence in of_file.damaged:
            click.echo(sentence, err=True)
    return [one for one in found if up_to is None or one.seq <= up_to]
