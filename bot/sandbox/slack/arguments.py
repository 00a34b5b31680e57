"""What the methods of the Web API are called with, and the checks that they share."""

import json
from collections.abc import Mapping
from typing import Any

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.records import Channel
from bot.sandbox.slack.workspace import Workspace

Args = Mapping[str, Any]
_OFTEN_JSON = ("attachments", "blocks", "metadata", "view")


def parsed(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, those that a form carries as JSON parsed where they are JSON."""
    args = dict(raw)
    for name in _OFTEN_JSON:
        if isinstance(args.get(name), str):
            args[name] = json_or(args[name], args[name])
    return args


def json_or(text: str, default: Any = None) -> Any:
    """What the text holds as JSON, or the default where it holds none."""
    try:
        return json.loads(text)
    except ValueError:
        return default


def needed(args: Args, name: str) -> str:
    """An argument that has to be there.

    Raises:
        SlackError: it is missing, empty or no string.
    """
    value = args.get(name)
    if isinstance(value, str) and value:
        return value
    raise SlackError("invalid_arguments", [f"[ERROR] missing required field: {name}"])


def known_channel(workspace: Workspace, args: Args) -> Channel:
    """The channel in `channel`, as far as the app may know of it.

    Raises:
        SlackError: there is none, or it is private and the app is not in it.
    """
    channel = workspace.channels.get(str(args.get("channel")))
    if channel is None:
        raise SlackError("channel_not_found")
    if (channel.is_private or channel.is_im) and not workspace.has_app(channel):
        raise SlackError("channel_not_found")
    return channel
