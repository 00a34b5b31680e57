"""Who is a full member of the installing workspace, as Slack's `users.info` tells it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from time import monotonic
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.people import Actor
from bot.slack.replies import SLACK_FAULTS

_log = logging.getLogger(__name__)

KNOWN_FOR_S = 600.0
DOUBTED_FOR_S = 15.0
ASK_DEADLINE_S = 5.0
MOST_KNOWN = 20_000
NOT_FULL = ("is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "deleted")


class SlackMemberDirectory:
    """Remembers for ten minutes what Slack told; who cannot be looked up is no full member.

    Slack is asked of everybody: on Enterprise Grid a click names another workspace of the person's,
    or the organisation, where the command before it named this one.
    `team_id` is a function because the installing workspace is learnt after the start.

    Source: https://github.com/slackapi/bolt-js/issues/1875
    """

    def __init__(
        self,
        client: AsyncWebClient,
        *,
        team_id: Callable[[], str],
        elapsed: Callable[[], float] = monotonic,
    ) -> None:
        self._client = client
        self._team_id = team_id
        self._elapsed = elapsed
        self._known: dict[Actor, tuple[bool, float]] = {}

    def is_full_member(self, actor: Actor) -> bool | None:
        """What is known now; None where it must be learnt first."""
        is_member, until = self._known.get(actor, (False, float("-inf")))
        return is_member if self._elapsed() < until else None

    async def learn(self, actor: Actor) -> None:
        """Ask Slack and remember, once it is known which workspace this is."""
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        try:
            async with asyncio.timeout(ASK_DEADLINE_S):
                answer = await self._client.users_info(user=actor.user_id)
        except SLACK_FAULTS:
            _log.warning("a person could not be looked up in Slack and counts as no member")
            self._known[actor] = (False, self._elapsed() + DOUBTED_FOR_S)
            return
        if self._team_id():
            self._known[actor] = (self._is_full(answer.get("user")), self._elapsed() + KNOWN_FOR_S)

    def _is_full(self, user: Any) -> bool:
        if not isinstance(user, dict) or self._team_id() not in _workspaces_of(user):
            return False
        return not any(user.get(flag) for flag in NOT_FULL)


def _workspaces_of(user: dict[str, Any]) -> list[Any]:
    """The one that the person is at home in, and on Enterprise Grid all of the organisation's."""
    on_grid = user.get("enterprise_user")
    teams = on_grid.get("teams") if isinstance(on_grid, dict) else None
    return [user.get("team_id"), *(teams if isinstance(teams, list) else ())]
