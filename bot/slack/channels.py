"""Which channels are shared with other companies: no phone numbers go there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

KNOWN_FOR_S = 600.0
DOUBTED_FOR_S = 15.0
ASK_DEADLINE_S = 1.5
MOST_KNOWN = 10_000
SHARED = ("is_ext_shared", "is_pending_ext_shared")


class ChannelBook:
    """Asks Slack once in ten minutes for each channel; one it may not see counts as shared."""

    def __init__(self, client: AsyncWebClient, *, elapsed: Callable[[], float] = monotonic) -> None:
        self._client = client
        self._elapsed = elapsed
        self._shared: dict[str, tuple[bool, float]] = {}

    async def hides_numbers(self, channel_id: str) -> bool:
        """Whether people of other companies may read along; True where that is not known."""
        if channel_id.startswith("D"):  # a direct message
            return False
        is_shared, until = self._shared.get(channel_id, (True, float("-inf")))
        if self._elapsed() < until:
            return is_shared
        is_shared, known_for_s = await self._ask(channel_id)
        if len(self._shared) >= MOST_KNOWN:
            self._shared.clear()
        self._shared[channel_id] = (is_shared, self._elapsed() + known_for_s)
        return is_shared

    async def _ask(self, channel_id: str) -> tuple[bool, float]:
        """Whether it counts as shared, and for how many seconds that is believed."""
        try:
            async with asyncio.timeout(ASK_DEADLINE_S):
                answer = await self._client.conversations_info(channel=channel_id)
        except (SlackApiError, ClientError, TimeoutError):
            return True, DOUBTED_FOR_S
        channel = answer.get("channel")
        is_shared = not isinstance(channel, dict) or any(channel.get(flag) for flag in SHARED)
        return is_shared, KNOWN_FOR_S
