"""The chat.* methods of the Web API."""

from bot.sandbox.slack.arguments import Args, known_channel, needed
from bot.sandbox.slack.content import read_content
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.records import Channel, Json, Message
from bot.sandbox.slack.workspace import Workspace

LONGEST_UPDATE = 4_000


def post_message(workspace: Workspace, args: Args) -> Json:
    """chat.postMessage."""
    channel = _channel_to_post_in(workspace, args)
    content = read_content(args, workspace.complain, "chat.postMessage")
    message = workspace.post(channel.id, content, thread_ts=args.get("thread_ts") or None)
    return {
        "channel": channel.id,
        "ts": message.ts,
        "message": message.as_payload(workspace.team_id, workspace.app),
    }


def post_ephemeral(workspace: Workspace, args: Args) -> Json:
    """chat.postEphemeral."""
    channel = _channel_to_post_in(workspace, args)
    user_id = needed(args, "user")
    if user_id not in channel.members:
        raise SlackError("user_not_in_channel")
    content = read_content(args, workspace.complain, "chat.postEphemeral")
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
        "message": message.as_payload(workspace.team_id, workspace.app),
    }


def delete(workspace: Workspace, args: Args) -> Json:
    """chat.delete."""
    message = _own_message(workspace, args, refusal="cant_delete_message")
    workspace.delete(message)
    return {"channel": message.channel_id, "ts": message.ts}


def get_permalink(workspace: Workspace, args: Args) -> Json:
    """chat.getPermalink."""
    channel = known_channel(workspace, args)
    ts = needed(args, "message_ts")
    message = workspace.message(channel.id, ts)
    if message is None or message.ephemeral_to:
        raise SlackError("message_not_found")
    link = f"https://{workspace.team_domain}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": link}


def _channel_to_post_in(workspace: Workspace, args: Args) -> Channel:
    """A channel in which the app may post; the id of a person means the direct conversation."""
    if args.get("channel") in workspace.users:
        return workspace.direct_channel(args["channel"])
    channel = _joined_channel(workspace, args)
    if channel.is_archived:
        raise SlackError("is_archived")
    return channel


def _joined_channel(workspace: Workspace, args: Args) -> Channel:
    channel = known_channel(workspace, args)
    if not workspace.has_app(channel):
        raise SlackError("not_in_channel")
    return channel


def _own_message(workspace: Workspace, args: Args, *, refusal: str) -> Message:
    """A message that is the app's to change; ephemeral ones never are."""
    channel = _joined_channel(workspace, args)
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
