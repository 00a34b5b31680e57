"""The workspace that the app is installed in, and the bot's own identity there."""

from __future__ import annotations

import asyncio
import logging

from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.access import SlackUnavailableError, identify_bot

_log = logging.getLogger(__name__)

ASK_AGAIN_AFTER_S = 5.0


class Installation:
    """What `auth.test` told, learnt once at the start so that no request waits for it."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self.team_id = ""
        self._bot_id = ""
        self._bot_user_id = ""

    async def learn(self, *, timeout_s: float) -> None:
        """Ask Slack who we are; where it does not answer in time, `keep_learning` goes on.

        Raises:
            TokenRefusedError: Slack does not accept the token.
        """
        try:
            identity = await identify_bot(self._client, timeout_s=timeout_s)
        except SlackUnavailableError as error:
            _log.warning("Slack did not say which workspace this is: %s", error)
        else:
            self.team_id = identity.team_id
            self._bot_id = identity.bot_id
            self._bot_user_id = identity.user_id

    async def keep_learning(self) -> None:
        """Ask until Slack has answered; until then nobody counts as a full member."""
        while True:
            if not self.team_id:
                await self.learn(timeout_s=ASK_AGAIN_AFTER_S)
            await asyncio.sleep(ASK_AGAIN_AFTER_S)

    def authorized(self) -> AuthorizeResult:
        """What Bolt wants to know for each request; one workspace, so always the same."""
        return AuthorizeResult(
            enterprise_id=None,
            team_id=self.team_id,
            bot_token=self._client.token,
            bot_id=self._bot_id,
            bot_user_id=self._bot_user_id,
        )
