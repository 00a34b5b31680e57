"""What lets others check the log: the checkpoints, and where they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.application.checkpoints import Checkpointer
from bot.application.noted_witness import NotedWitness
from bot.application.ports import CheckpointShowings, CheckpointWitness, Clock
from bot.bootstrap.outside import Outside
from bot.domain.checkpoints import Checkpoint
from bot.evidence.checkpoint_file import CheckpointFile
from bot.settings import Settings
from bot.slack.checkpoint_channel import CheckpointChannel


def build_checkpointer(
    settings: Settings, outside: Outside, *, owner: str, clock: Clock, lease_time: Clock
) -> Checkpointer | None:
    """What signs the end of the log now and then; None where there is no key to sign with.

    *owner* is the name of this process, and *lease_time* the clock that leases run by.

    Raises:
        UnusableKeyError: the setting leads to no key.
    """
    if settings.audit_key is None:
        return None
    from bot.evidence.keys import is_signed, read_signer  # noqa: PLC0415 - takes 50 ms, and few need it

    file = None if settings.audit_file is None else CheckpointFile(settings.audit_file)
    showings = outside.checkpoint_showings(holder=owner, clock=lease_time)
    return Checkpointer(
        signer=read_signer(settings.audit_key.get_secret_value()),
        is_signed=is_signed,
        head=outside.log.head,
        head_at=outside.log.head_at,
        store=outside.checkpoints,
        witnesses=tuple(_witnesses(settings, file, outside, showings)),
        held_outside=_nothing if file is None else file.held,
        clock=clock,
    )


async def _nothing() -> Sequence[Checkpoint]:
    """Stands where there is no file: a channel is not read."""
    return ()


def _witnesses(
    settings: Settings, file: CheckpointFile | None, outside: Outside, showings: CheckpointShowings
) -> Iterator[CheckpointWitness]:
    if file is not None:
        yield file
    if settings.audit_channel is not None:
        channel = CheckpointChannel(outside.slack_client, settings.audit_channel)
        yield NotedWitness(channel, showings)
