"""The methods of the Web API that tell of the workspace, its people and its channels."""

import zoneinfo

from bot.sandbox.slack.arguments import Args, known_channel, needed
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.records import Channel, Json, User
from bot.sandbox.slack.workspace import Workspace


def api_test(_workspace: Workspace, args: Args) -> Json:
    """api.test, which says back what it was told."""
    if args.get("error"):
        raise SlackError(str(args["error"]))
    return {"args": dict(args)} if args else {}


def auth_test(workspace: Workspace, _args: Args) -> Json:
    """auth.test."""
    app = workspace.app
    return {
        "url": f"https://{workspace.team_domain}.slack.com/",
        "team": workspace.team_domain.title(),
        "user": app.name,
        "team_id": workspace.team_id,
        "user_id": app.bot_user_id,
        "bot_id": app.bot_id,
        "is_enterprise_install": False,
    }


def users_info(workspace: Workspace, args: Args) -> Json:
    """users.info."""
    user = workspace.users.get(str(args.get("user")))
    if user is None:
        raise SlackError("user_not_found")
    return {"user": _user_payload(workspace, user)}


def usergroups_users_list(workspace: Workspace, args: Args) -> Json:
    """usergroups.users.list."""
    members = workspace.usergroups.get(needed(args, "usergroup"))
    if members is None:
        raise SlackError("no_such_subteam")
    return {"users": list(members)}


def conversations_info(workspace: Workspace, args: Args) -> Json:
    """conversations.info."""
    channel = known_channel(workspace, args)
    return {"channel": _channel_payload(workspace, channel)}


def scope_to_see(workspace: Workspace, args: Args) -> str:
    """The scope that conversations.info needs: each kind of channel has its own."""
    channel = workspace.channels.get(str(args.get("channel")))
    if channel is not None and channel.is_im:
        return "im:read"
    return "groups:read" if channel is not None and channel.is_private else "channels:read"


def conversations_open(workspace: Workspace, args: Args) -> Json:
    """conversations.open, with one person."""
    user_ids = str(args.get("users") or "").split(",")
    if user_ids == [""]:
        raise SlackError("users_list_not_supplied")
    if any(user_id not in workspace.users for user_id in user_ids):
        raise SlackError("user_not_found")
    if len(user_ids) > 1:
        raise SlackError("not_enough_users", ["[ERROR] groups are not played here"])
    return {"channel": {"id": workspace.direct_channel(user_ids[0]).id}}


def _user_payload(workspace: Workspace, user: User) -> Json:
    offset = workspace.clock().astimezone(zoneinfo.ZoneInfo(user.tz)).utcoffset()
    payload: Json = {
        "id": user.id,
        "team_id": user.team_id,
        "name": user.name,
        "deleted": user.deleted,
        "real_name": user.real_name,
        "tz": user.tz,
        "tz_label": user.tz,
        "tz_offset": int(offset.total_seconds()) if offset else 0,
        "profile": {
            "real_name": user.real_name,
            "real_name_normalized": user.real_name,
            "display_name": user.name,
            "display_name_normalized": user.name,
            "team": user.team_id,
        },
        "is_admin": user.is_admin,
        "is_owner": user.is_owner,
        "is_primary_owner": False,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": user.is_ultra_restricted,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": int(workspace.clock().timestamp()),
    }
    if user.is_stranger:
        payload["is_stranger"] = True
    if user.grid_teams:
        payload["enterprise_user"] = {
            "id": user.id,
            "enterprise_id": "E0SANDBOX",
            "enterprise_name": "Sandbox",
            "is_admin": False,
            "is_owner": False,
            "teams": list(user.grid_teams),
        }
    return payload


def _channel_payload(workspace: Workspace, channel: Channel) -> Json:
    payload: Json = {
        "id": channel.id,
        "created": 1_700_000_000,
        "is_archived": channel.is_archived,
        "is_im": channel.is_im,
        "is_org_shared": False,
        "is_ext_shared": channel.is_shared,
        "is_shared": channel.is_shared,
        "is_private": channel.is_private or channel.is_im,
        "context_team_id": workspace.team_id,
        "updated": 1_700_000_000_000,
    }
    if channel.is_im:
        return payload
    return payload | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_mpim": False,
        "is_general": False,
        "is_member": workspace.has_app(channel),
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "creator": workspace.app.bot_user_id,
        "unlinked": 0,
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "previous_names": [],
        "num_members": len(channel.members),
    }
