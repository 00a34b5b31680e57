"""The payloads that Slack sends, field by field.

Source: https://docs.slack.dev/reference/interaction-payloads
"""

import copy

from bot.sandbox.slack.records import Channel, Json, Message, User, View, new_id
from bot.sandbox.slack.workspace import Workspace

VERIFICATION_TOKEN = "sandbox-verification-token"  # noqa: S105 - deprecated by Slack, proves nothing


class Payloads:
    """Builds what the app is told about something that a person did."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def command(
        self,
        user: User,
        channel: Channel,
        *,
        command: str,
        text: str,
        trigger_id: str,
        response_url: str,
    ) -> dict[str, str]:
        """The form fields of a slash command.

        On Enterprise Grid it names the workspace that it was typed in, and a click the person's own
        one (https://github.com/slackapi/bolt-js/issues/1875).
        """
        here = self._workspace.team_id
        return {
            "token": VERIFICATION_TOKEN,
            "team_id": here if here in user.grid_teams else user.team_id,
            "team_domain": self._workspace.team_domain,
            "channel_id": channel.id,
            "channel_name": _shown_name(channel),
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": text,
            "api_app_id": self._workspace.app.app_id,
            "is_enterprise_install": "false",
            "response_url": response_url,
            "trigger_id": trigger_id,
        }

    def click_in_message(
        self, user: User, message: Message, action: Json, *, trigger_id: str, response_url: str
    ) -> Json:
        """block_actions out of a message; an ephemeral one is not sent along."""
        channel = self._workspace.channels[message.channel_id]
        container: Json = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": message.ephemeral_to is not None,
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        payload = self._click(user, action, trigger_id, container) | {
            "channel": {"id": channel.id, "name": _shown_name(channel)},
            "state": {"values": message.state.get(user.id, {})},
            "response_url": response_url,
        }
        if message.ephemeral_to is None:
            payload["message"] = message.as_payload(self._workspace.team_id, self._workspace.app)
        return copy.deepcopy(payload)

    def click_in_view(self, user: User, view: View, action: Json, *, trigger_id: str) -> Json:
        """block_actions out of a modal or home tab."""
        container = {"type": "view", "view_id": view.id}
        return self._click(user, action, trigger_id, container) | {"view": self._view(view)}

    def submission(
        self, user: User, view: View, *, trigger_id: str, response_urls: list[Json]
    ) -> Json:
        """view_submission."""
        return self._interaction("view_submission", user) | {
            "trigger_id": trigger_id,
            "view": self._view(view),
            "response_urls": response_urls,
        }

    def closing(self, user: User, view: View, *, is_cleared: bool) -> Json:
        """view_closed."""
        return self._interaction("view_closed", user) | {
            "view": self._view(view),
            "is_cleared": is_cleared,
        }

    def event(self, event: Json) -> Json:
        """The envelope of an event."""
        workspace = self._workspace
        return {
            "token": VERIFICATION_TOKEN,
            "team_id": workspace.team_id,
            "api_app_id": workspace.app.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": new_id("Ev"),
            "event_time": int(workspace.clock().timestamp()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": workspace.team_id,
                    "user_id": workspace.app.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }

    def home_opened(self, user: User, channel: Channel, view: View | None) -> Json:
        """The event app_home_opened."""
        event: Json = {
            "type": "app_home_opened",
            "user": user.id,
            "channel": channel.id,
            "tab": "home",
            "event_ts": self._workspace.new_ts(),
        }
        return event if view is None else event | {"view": self._view(view)}

    def _click(self, user: User, action: Json, trigger_id: str, container: Json) -> Json:
        return self._interaction("block_actions", user) | {
            "container": container,
            "trigger_id": trigger_id,
            "actions": [action],
        }

    def _interaction(self, kind: str, user: User) -> Json:
        workspace = self._workspace
        return {
            "type": kind,
            "team": {"id": workspace.team_id, "domain": workspace.team_domain},
            "user": {
                "id": user.id,
                "username": user.name,
                "name": user.name,
                "team_id": user.team_id,
            },
            "api_app_id": workspace.app.app_id,
            "token": VERIFICATION_TOKEN,
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _view(self, view: View) -> Json:
        return view.as_payload(self._workspace.team_id, self._workspace.app)


def _shown_name(channel: Channel) -> str:
    """Slack does not tell the name of a private channel in payloads."""
    if channel.is_im:
        return "directmessage"
    return "privategroup" if channel.is_private else channel.name
