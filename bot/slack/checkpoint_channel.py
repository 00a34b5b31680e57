"""A Slack channel as a witness: what was posted there, the database's owner cannot take back."""

from __future__ import annotations

from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.checkpoints import Checkpoint
from bot.domain.errors import WitnessUnavailableError
from bot.slack.replies import SLACK_FAULTS, content, name_of_fault
from bot.slack.views.checkpoint import checkpoint_post


class CheckpointChannel:
    """A channel that every checkpoint is posted to; the bot must be a member of it."""

    def __init__(self, client: AsyncWebClient, channel_id: str) -> None:
        self._client = client
        self._channel_id = channel_id

    @property
    def name(self) -> str:
        """What to call it in the log."""
        return f"Slack channel {self._channel_id}"

    async def post(self, checkpoint: Checkpoint) -> None:
        """Post the checkpoint, also where it stands there already.

        Raises:
            WitnessUnavailableError: Slack refused or failed.
        """
        view = checkpoint_post(checkpoint)
        try:
            await self._client.chat_postMessage(channel=self._channel_id, **content(view))
        except SLACK_FAULTS as fault:
            raise WitnessUnavailableError(name_of_fault(fault)) from fault
