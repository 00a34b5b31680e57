"""Response URLs: how an app answers a person for half an hour, five times."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.sandbox.slack.content import Content, read_content
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.records import Message
from bot.sandbox.slack.workspace import Workspace

MOST_USES = 5
LIFE = timedelta(minutes=30)
EPHEMERAL, IN_CHANNEL = "ephemeral", "in_channel"
Origin = Literal["commands", "actions"]


@dataclass(slots=True)
class _ResponseUrl:
    user_id: str
    channel_id: str
    original: Message | None
    made_at: datetime
    uses: int = 0


class ResponseUrls:
    """Hands out response URLs and does what is posted to them.

    Source: https://docs.slack.dev/interactivity/handling-user-interaction
    """

    def __init__(self, workspace: Workspace, base_url: Callable[[], str]) -> None:
        self._workspace = workspace
        self._base_url = base_url
        self._urls: dict[str, _ResponseUrl] = {}

    def new(
        self, origin: Origin, user_id: str, channel_id: str, original: Message | None = None
    ) -> str:
        """A fresh response URL; `original` is the message that was clicked in."""
        token = secrets.token_hex(12)
        self._urls[token] = _ResponseUrl(user_id, channel_id, original, self._workspace.clock())
        return f"{self._base_url()}/{origin}/{self._workspace.team_id}/{token}"

    def use(self, token: str, body: Any) -> None:
        """Does what was posted; only what is done counts towards the five uses.

        Raises:
            SlackError: the URL is unknown, used up or too old, or the body is refused.
        """
        url = self._urls.get(token)
        if url is None:
            raise SlackError("no_service")
        if url.uses >= MOST_USES:
            raise SlackError("used_url")
        if self._workspace.clock() - url.made_at > LIFE:
            raise SlackError("expired_url")
        if not isinstance(body, dict):
            raise SlackError("invalid_payload")
        self._act(url, body)
        url.uses += 1

    def _act(self, url: _ResponseUrl, body: dict[str, Any]) -> None:
        if body.get("delete_original") is True:
            if url.original is None or url.original.deleted:
                raise SlackError("message_not_found")
            self._workspace.delete(url.original)
            return
        content = read_content(body, self._workspace.complain, "response_url")
        # What a command answered cannot be replaced through the command's own response URL:
        # Slack posts a new message (github.com/slackapi/bolt-js/issues/2287).
        if body.get("replace_original") is True and url.original is not None:
            if url.original.deleted:
                raise SlackError("message_not_found")
            self._workspace.edit(url.original, content)
            return
        respond(
            self._workspace,
            url.user_id,
            url.channel_id,
            content,
            is_in_channel=body.get("response_type") == IN_CHANNEL,
            thread_ts=body.get("thread_ts"),
        )


def respond(
    workspace: Workspace,
    user_id: str,
    channel_id: str,
    content: Content,
    *,
    is_in_channel: bool,
    thread_ts: str | None = None,
) -> Message:
    """The app's answer to a person, which needs no membership in the channel."""
    return workspace.post(
        channel_id,
        content,
        ephemeral_to=None if is_in_channel else user_id,
        thread_ts=thread_ts,
    )
