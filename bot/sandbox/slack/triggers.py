"""Trigger ids: what lets an app open a modal, once and for three seconds."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sandbox.slack.errors import SlackError

TRIGGER_LIFE = timedelta(seconds=3)


@dataclass(slots=True)
class _Trigger:
    user_id: str
    made_at: datetime
    is_exchanged: bool = False


class TriggerIds:
    """Hands out trigger ids and takes each of them back once.

    Source: https://docs.slack.dev/interactivity/handling-user-interaction
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._triggers: dict[str, _Trigger] = {}

    def new(self, user_id: str) -> str:
        """A fresh trigger id in Slack's form, for something that this person did."""
        made_at = self._clock()
        trigger_id = (
            f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**11)}.{secrets.token_hex(16)}"
        )
        self._triggers[trigger_id] = _Trigger(user_id, made_at)
        return trigger_id

    def check(self, trigger_id: str) -> str:
        """The person whose trigger this is.

        Raises:
            SlackError: the id is unknown, older than three seconds, or was used before.
        """
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.is_exchanged:
            raise SlackError("exchanged_trigger_id")
        if self._clock() - trigger.made_at > TRIGGER_LIFE:
            raise SlackError("expired_trigger_id")
        return trigger.user_id

    def exchange(self, trigger_id: str) -> str:
        """The person whose trigger this is; the id is worth nothing afterwards.

        Raises:
            SlackError: as `check`.
        """
        user_id = self.check(trigger_id)
        self._triggers[trigger_id].is_exchanged = True
        return user_id
