"""The manifest of the Slack app, made of the features that exist."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.slack.features import Feature
from bot.slack.listeners import FEATURES

# Each scope stands with the code that needs it.
SCOPES = {
    "commands": "the slash command",
    "chat:write": "Replies: answers where a response_url no longer serves",
    "users:read": "SlackMemberDirectory: guests are no full members",
    "channels:read": "ChannelBook: no numbers into channels shared with other companies",
    "groups:read": "ChannelBook: the same for private channels",
    "im:read": "ChannelBook: the same for direct messages with the app",
}
EXAMPLE_URL = "https://hookflash.example.com"
LONGEST_HINT = 1000


def build_manifest(*, command: str, url: str | None, socket_mode: bool = False) -> dict[str, Any]:
    """The manifest to paste at https://api.slack.com/apps; *url* is where Slack reaches the bot.

    In Socket Mode Slack needs no address, so there is none in it.

    Source: https://docs.slack.dev/reference/app-manifest
    """
    events_url = f"{(url or EXAMPLE_URL).rstrip('/')}/slack/events"
    command_url = {} if socket_mode else {"url": events_url}
    request_url = {} if socket_mode else {"request_url": events_url}
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": "Hookflash",
            "description": "See live phone calls, redirect them, hang them up, and know who did it",
            "background_color": "#1d3557",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "hookflash", "always_online": True},
            "slash_commands": [
                {
                    "command": command,
                    "description": "Live phone calls",
                    "usage_hint": usage_hint(FEATURES),
                    "should_escape": True,
                    **command_url,
                }
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**request_url, "bot_events": _bot_events(FEATURES)},
            "interactivity": {"is_enabled": True, **request_url},
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket_mode,
            "token_rotation_enabled": False,
        },
    }


def usage_hint(features: Sequence[Feature]) -> str:
    """What Slack shows while the command is typed."""
    verbs = [verb.name for feature in features for verb in feature.verbs if verb.name]
    return f"[{' | '.join(verbs)}]"[:LONGEST_HINT]


def _bot_events(features: Sequence[Feature]) -> list[str]:
    """The events that somebody listens to."""
    return sorted({event_type for feature in features for event_type in feature.events})
