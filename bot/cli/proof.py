"""The proof that `hookflash audit export` writes beside a part of the log."""

from __future__ import annotations

from dataclasses import dataclass

import click

from bot.cli.log import log_url
from bot.cli.output import whole_file


@dataclass(slots=True)
class Exported:
    """Which entries were exported: how many, the first and the last."""

    count: int = 0
    first_seq: int = 0
    last_seq: int = 0

    def note(self, seq: int) -> None:
        """One more was."""
        self.count += 1
        self.first_seq = self.first_seq or seq
        self.last_seq = seq


def export_proof(path: str, exported: Exported) -> None:
    """Write the proof, and say how far it reaches."""
    from bot.verification.proving import write_proof

    if not exported.count:
        raise click.ClickException("Nothing was exported, so there is nothing to prove.")
    with whole_file(path) as file:
        proven = write_proof(
            log_url(), file, first_seq=exported.first_seq, last_seq=exported.last_seq
        )
    reach = f"The proof reaches from entry {exported.first_seq} to {proven.last_seq}"
    if proven.is_signed:
        click.echo(f"{reach}, for which a checkpoint was signed.", err=True)
    else:
        click.echo(
            f"{reach}. No checkpoint was signed since, so it proves only that these entries follow "
            "each other: write it again after the next checkpoint.",
            err=True,
        )
