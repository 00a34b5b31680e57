"""The chat.* methods of the Web API."""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.slack.content import read_content
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.records import Channel, Json, Message
from bot.sandbox.slack.workspace import Workspace

Args = Mapping[str, Any]
LONGEST_UPDATE = 4_000


def post_message(workspace: Workspace, args: Args) -> Json:
    """chat.postMessage."""
    channel = _channel_to_post_in(workspace, needed(args, "channel"))
    content = read_content(args, workspace.complain, "chat.postMessage")
    message = workspace.post(channel.id, content, thread_ts=args.get("thread_ts") or None)
    return {"channel": channel.id, "ts": message.ts, "message": message_payload(workspace, message)}


def post_ephemeral(workspace: Workspace, args: Args) -> Json:
    """chat.postEphemeral."""
    channel = _channel_to_post_in(workspace, needed(args, "channel"))
    user_id = needed(args, "user")
    content = read_content(args, workspace.complain, "chat.postEphemeral")
    if user_id not in channel.members:
        raise SlackError("user_not_in_channel")
    message = workspace.post(
        channel.id, content, ephemeral_to=user_id, thread_ts=args.get("thread_ts") or None
    )
    return {"message_ts": message.ts}


def update(workspace: Workspace, args: Args) -> Json:
    """chat.update."""
    message = _own_message(workspace, args, refusal="cant_update_message")
    content = read_content(_with_old_text(args, message), workspace.complain, "chat.update")
    if len(content.text) > LONGEST_UPDATE:
        raise SlackError("msg_too_long")
    workspace.edit(message, content)
    return {
        "channel": message.channel_id,
        "ts": message.ts,
        "text": message.text,
        "message": message_payload(workspace, message),
    }


def delete(workspace: Workspace, args: Args) -> Json:
    """chat.delete."""
    message = _own_message(workspace, args, refusal="cant_delete_message")
    workspace.delete(message)
    return {"channel": message.channel_id, "ts": message.ts}


def get_permalink(workspace: Workspace, args: Args) -> Json:
    """chat.getPermalink."""
    channel = known_channel(workspace, needed(args, "channel"))
    ts = needed(args, "message_ts")
    message = workspace.message(channel.id, ts)
    if message is None or message.ephemeral_to:
        raise SlackError("message_not_found")
    link = f"https://{workspace.team_domain}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": link}


def message_payload(workspace: Workspace, message: Message) -> Json:
    """A message as answers and interaction payloads carry it."""
    payload: Json = {
        "type": "message",
        "user": message.user,
        "team": workspace.team_id,
        "ts": message.ts,
        "text": message.text,
        "blocks": message.blocks,
    }
    if message.user == workspace.app.bot_user_id:
        payload |= {"bot_id": workspace.app.bot_id, "app_id": workspace.app.app_id}
    if message.thread_ts:
        payload["thread_ts"] = message.thread_ts
    if message.edited_at:
        edited_ts = f"{message.edited_at.timestamp():.6f}"
        payload["edited"] = {"user": message.user, "ts": edited_ts}
    if message.metadata:
        payload["metadata"] = message.metadata
    return payload


def known_channel(workspace: Workspace, channel_id: str) -> Channel:
    """The channel, as far as the app may know of it.

    Raises:
        SlackError: there is none, or it is private and the app is not in it.
    """
    channel = workspace.channels.get(channel_id)
    if channel is None:
        raise SlackError("channel_not_found")
    if (channel.is_private or channel.is_im) and not workspace.has_app(channel):
        raise SlackError("channel_not_found")
    return channel


def needed(args: Args, name: str) -> str:
    """An argument that has to be there.

    Raises:
        SlackError: it is missing, empty or no string.
    """
    value = args.get(name)
    if not isinstance(value, str) or not value:
        raise SlackError(
            "channel_not_found" if name == "channel" else "invalid_arguments",
            [f"[ERROR] missing required field: {name}"],
        )
    return value


def _channel_to_post_in(workspace: Workspace, channel_id: str) -> Channel:
    """A channel in which the app may post; the id of a person means the direct conversation."""
    if channel_id in workspace.users:
        return workspace.direct_channel(channel_id)
    channel = known_channel(workspace, channel_id)
    if not workspace.has_app(channel):
        raise SlackError("not_in_channel")
    if channel.is_archived:
        raise SlackError("is_archived")
    return channel


def _own_message(workspace: Workspace, args: Args, *, refusal: str) -> Message:
    channel = _channel_to_post_in(workspace, needed(args, "channel"))
    message = workspace.message(channel.id, needed(args, "ts"))
    if message is None:
        raise SlackError("message_not_found")
    if message.ephemeral_to or message.user != workspace.app.bot_user_id:
        raise SlackError(refusal)
    return message


def _with_old_text(args: Args, message: Message) -> Args:
    """An update of the metadata alone leaves text and blocks as they were."""
    if args.get("text") or args.get("blocks") or not args.get("metadata"):
        return args
    return {**args, "text": message.text, "blocks": message.blocks}
