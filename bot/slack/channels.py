"""Which channels are shared with other companies: no phone numbers go there.

A direct message may be with somebody of another company too, and Slack tells no app of those that
it takes no part in.
Source: https://docs.slack.dev/reference/scopes/im.read
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.replies import SLACK_FAULTS
from bot.slack.views.formatting import Readers

KNOWN_FOR_S = 600.0
DOUBTED_FOR_S = 15.0
ASK_DEADLINE_S = 1.5
MOST_KNOWN = 10_000
SHARED = ("is_ext_shared", "is_pending_ext_shared")


class ChannelBook:
    """Asks Slack once in ten minutes for each channel, and again soon where it does not tell."""

    def __init__(self, client: AsyncWebClient, *, elapsed: Callable[[], float] = monotonic) -> None:
        self._client = client
        self._elapsed = elapsed
        self._readers: dict[str, tuple[Readers, float]] = {}

    async def readers_of(self, channel_id: str) -> Readers:
        """Whether people of other companies may read along."""
        readers, until = self._readers.get(channel_id, (Readers.NOT_KNOWN, float("-inf")))
        if self._elapsed() < until:
            return readers
        readers = await self._ask(channel_id)
        known_for_s = DOUBTED_FOR_S if readers is Readers.NOT_KNOWN else KNOWN_FOR_S
        if len(self._readers) >= MOST_KNOWN:
            self._readers.clear()
        self._readers[channel_id] = (readers, self._elapsed() + known_for_s)
        return readers

    async def _ask(self, channel_id: str) -> Readers:
        try:
            async with asyncio.timeout(ASK_DEADLINE_S):
                answer = await self._client.conversations_info(channel=channel_id)
        except SLACK_FAULTS:
            return Readers.NOT_KNOWN
        channel = answer.get("channel")
        if not isinstance(channel, dict):
            return Readers.NOT_KNOWN
        return Readers.OTHERS if any(channel.get(flag) for flag in SHARED) else Readers.OURS
