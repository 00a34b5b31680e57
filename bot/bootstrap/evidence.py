"""What lets others check the log: the checkpoints, and where they are shown."""

from __future__ import annotations

from collections.abc import Iterator

from bot.application.checkpoints import Checkpointer
from bot.application.ports import CheckpointWitness, Clock
from bot.bootstrap.outside import Outside
from bot.evidence.checkpoint_file import CheckpointFile
from bot.settings import Settings
from bot.slack.checkpoint_channel import CheckpointChannel


def build_checkpointer(
    settings: Settings, outside: Outside, *, clock: Clock
) -> Checkpointer | None:
    """What signs the end of the log now and then; None where there is no key to sign with.

    Raises:
        UnusableKeyError: the setting leads to no key.
    """
    if settings.audit_key is None:
        return None
    from bot.evidence.keys import is_signed, read_signer  # noqa: PLC0415 - takes 50 ms, and few need it

    return Checkpointer(
        signer=read_signer(settings.audit_key.get_secret_value()),
        is_signed=is_signed,
        head=outside.log.head,
        store=outside.checkpoints,
        witnesses=tuple(_witnesses(settings, outside)),
        clock=clock,
    )


def _witnesses(settings: Settings, outside: Outside) -> Iterator[CheckpointWitness]:
    if settings.audit_file is not None:
        yield CheckpointFile(settings.audit_file)
    if settings.audit_channel is not None:
        yield CheckpointChannel(outside.slack_client, settings.audit_channel)
