"""What a Slack workspace holds: people, channels, messages, views, and what was wrong with them."""

import copy
import secrets
import string
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Json = dict[str, Any]
StateValues = dict[str, dict[str, Json]]


def new_id(prefix: str) -> str:
    """An id in Slack's form: the prefix and ten capital letters or digits."""
    alphabet = string.ascii_uppercase + string.digits
    return prefix + "".join(secrets.choice(alphabet) for _ in range(10))


@dataclass(frozen=True, slots=True)
class AppIdentity:
    """The one app that is installed in the workspace, and its bot user."""

    app_id: str = "A0SANDBOX"
    bot_id: str = "B0SANDBOX"
    bot_user_id: str = "U0SANDBOXBOT"
    name: str = "hookflash"


@dataclass(slots=True)
class User:
    """A person, or a bot, as users.info tells of them."""

    id: str
    name: str
    real_name: str
    team_id: str
    tz: str = "Etc/UTC"
    is_admin: bool = False
    is_owner: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_bot: bool = False
    deleted: bool = False
    is_stranger: bool = False
    grid_teams: tuple[str, ...] = ()
    """The workspaces that this person is in, where a company has several on Enterprise Grid."""


@dataclass(slots=True)
class Channel:
    """A conversation; `is_shared` says that another company takes part in it."""

    id: str
    name: str
    is_private: bool = False
    is_im: bool = False
    is_shared: bool = False
    is_archived: bool = False
    members: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Message:
    """A message as it stands now; `user` is its author's id."""

    ts: str
    channel_id: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    ephemeral_to: str | None = None
    thread_ts: str | None = None
    edited_at: datetime | None = None
    deleted: bool = False
    metadata: Json | None = None
    echo_of_command: bool = False
    state: dict[str, StateValues] = field(default_factory=dict)
    """What each person has chosen in it and not sent, by their user id."""

    def as_seen(self) -> "Message":
        """A copy that no later edit changes: what somebody has on the screen at this moment."""
        return copy.deepcopy(self)

    def as_payload(self, team_id: str, app: AppIdentity) -> Json:
        """The message as Web API answers and interaction payloads carry it."""
        payload: Json = {
            "type": "message",
            "user": self.user,
            "team": team_id,
            "ts": self.ts,
            "text": self.text,
            "blocks": self.blocks,
        }
        if self.user == app.bot_user_id:
            payload |= {"bot_id": app.bot_id, "app_id": app.app_id}
        if self.thread_ts:
            payload["thread_ts"] = self.thread_ts
        if self.edited_at:
            edited_ts = f"{self.edited_at.timestamp():.6f}"
            payload["edited"] = {"user": self.user, "ts": edited_ts}
        if self.metadata:
            payload["metadata"] = self.metadata
        return copy.deepcopy(payload)


@dataclass(slots=True)
class View:
    """A modal or a home tab as one person sees it."""

    id: str
    user_id: str
    type: Literal["modal", "home"]
    hash: str
    blocks: list[Json]
    title: Json | None = None
    submit: Json | None = None
    close: Json | None = None
    callback_id: str = ""
    private_metadata: str = ""
    external_id: str = ""
    clear_on_close: bool = False
    notify_on_close: bool = False
    submit_disabled: bool = False
    state: StateValues = field(default_factory=dict)
    root_view_id: str = ""
    previous_view_id: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    """What the person is told beside the inputs, by block id."""
    client_error: str | None = None
    """What the person is told above the modal when the app's answer made no sense."""

    def as_payload(self, team_id: str, app: AppIdentity) -> Json:
        """The view as Web API answers and interaction payloads carry it."""
        return copy.deepcopy(
            {
                "id": self.id,
                "team_id": team_id,
                "type": self.type,
                "blocks": self.blocks,
                "private_metadata": self.private_metadata,
                "callback_id": self.callback_id,
                "state": {"values": self.state},
                "hash": self.hash,
                "title": self.title or {"type": "plain_text", "text": "View Title", "emoji": True},
                "clear_on_close": self.clear_on_close,
                "notify_on_close": self.notify_on_close,
                "submit_disabled": self.submit_disabled,
                "close": self.close,
                "submit": self.submit,
                "previous_view_id": self.previous_view_id,
                "root_view_id": self.root_view_id,
                "app_id": app.app_id,
                "external_id": self.external_id,
                "app_installed_team_id": team_id,
                "bot_id": app.bot_id,
            }
        )


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something that the app sent and that Slack refuses, or that a careful app would not send."""

    severity: Literal["error", "warning"]
    where: str
    message: str
