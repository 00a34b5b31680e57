"""Slack's payloads, parsed once into what listeners need; what makes no sense is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.audit import Surface
from bot.domain.changes import Origin, OriginKind
from bot.domain.errors import HookflashError
from bot.domain.people import Actor
from bot.domain.requests import Asking
from bot.slack.text import straighten, undo_rewriting

# The header of what Slack brings again: https://docs.slack.dev/apis/events-api#retries names it for
# events alone, but in Socket Mode an envelope of any kind may come again.
REPEATED = "x-slack-retry-num"
REQUEST_ID_DIGITS = 32
LONGEST_NAME = 80


class MalformedPayloadError(HookflashError):
    """A signed payload that makes no sense; the argument names the part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A slash command: the verb, what follows it, and where answers go."""

    asking: Asking
    origin: Origin
    verb: str
    rest: str
    trigger_id: str

    @property
    def typed(self) -> str:
        """All that was typed after the slash command."""
        return f"{self.verb} {self.rest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """A press of a button in a message or a view; `value` is what the button carries.

    `inputs` is what stands in the inputs of the message, by block id.
    """

    asking: Asking
    origin: Origin
    action_id: str
    value: str
    trigger_id: str
    inputs: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A submitted modal: its inputs by block id, and what was put into it when it was opened."""

    asking: Asking
    callback_id: str
    metadata: str
    inputs: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeOpening:
    """Somebody opened the app's conversation on this tab: `home` or `messages`."""

    asking: Asking
    origin: Origin
    tab: str


def request_id(*parts: str) -> str:
    """An id that a retry of the same request has too, and no other request ever."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:REQUEST_ID_DIGITS]


def parse_command(body: Mapping[str, Any]) -> Command:
    """The slash command in *body*.

    Raises:
        MalformedPayloadError: a part is missing or of another kind.
    """
    actor = Actor(_text(body, "team_id"), _text(body, "user_id"), _name(body.get("user_name")))
    channel_id = _text(body, "channel_id")
    trigger_id = _text(body, "trigger_id")
    verb, rest = first_word(undo_rewriting(_optional(body, "text")))
    return Command(
        asking=Asking(
            request_id=request_id("command", actor.team_id, trigger_id),
            actor=actor,
            surface=Surface.COMMAND,
            channel_id=channel_id,
        ),
        origin=Origin(
            kind=OriginKind.COMMAND,
            channel_id=channel_id,
            response_url=_text(body, "response_url"),
        ),
        verb=verb,
        rest=rest,
        trigger_id=trigger_id,
    )


def parse_click(body: Mapping[str, Any]) -> Click:
    """The press of a button in *body*.

    Raises:
        MalformedPayloadError: a part is missing or of another kind.
    """
    actor = _actor(body)
    actions = body.get("actions")
    if not isinstance(actions, list) or not actions or not isinstance(actions[0], Mapping):
        raise MalformedPayloadError("actions")
    action = actions[0]
    container = _part(body, "container")
    channel_id = _optional(body.get("channel") or {}, "id")
    where = _optional(container, "message_ts") or _optional(container, "view_id")
    action_id = _text(action, "action_id")
    return Click(
        asking=Asking(
            request_id=request_id(
                "click",
                actor.team_id,
                actor.user_id,
                channel_id,
                where,
                action_id,
                _text(action, "action_ts"),
            ),
            actor=actor,
            surface=Surface.BUTTON,
            channel_id=channel_id,
        ),
        origin=_origin_of_click(body, container),
        action_id=action_id,
        value=_optional(action, "value"),
        trigger_id=_optional(body, "trigger_id"),
        inputs=_inputs(_part(_part(body, "state"), "values")) if body.get("state") else {},
    )


def _origin_of_click(body: Mapping[str, Any], container: Mapping[str, Any]) -> Origin:
    """The message that was clicked, or the Home tab with or without a modal over it."""
    if container.get("type") == "view":
        is_home = _part(body, "view").get("type") == "home"
        view_id = "" if is_home else _text(container, "view_id")
        return Origin(kind=OriginKind.HOME, view_id=view_id)
    return Origin(
        kind=OriginKind.CARD,
        channel_id=_optional(body.get("channel") or {}, "id"),
        response_url=_optional(body, "response_url"),
        message_ts=_optional(container, "message_ts"),
        is_ephemeral=container.get("is_ephemeral") is True,
    )


def parse_home_opening(body: Mapping[str, Any]) -> HomeOpening:
    """The event in *body*; only people of the installing workspace, guests included, can cause it.

    Raises:
        MalformedPayloadError: a part is missing or of another kind.
    """
    event = _part(body, "event")
    actor = Actor(_text(body, "team_id"), _text(event, "user"))
    return HomeOpening(
        asking=Asking(
            request_id=request_id("event", actor.team_id, _text(body, "event_id")),
            actor=actor,
            surface=Surface.HOME,
        ),
        origin=Origin(kind=OriginKind.HOME),
        tab=_optional(event, "tab"),
    )


def parse_submission(body: Mapping[str, Any]) -> Submission:
    """The submitted modal in *body*.

    Raises:
        MalformedPayloadError: a part is missing or of another kind.
    """
    actor = _actor(body)
    view = _part(body, "view")
    return Submission(
        asking=Asking(
            request_id=request_id("view", actor.team_id, _text(view, "id")),
            actor=actor,
            surface=Surface.MODAL,
        ),
        callback_id=_optional(view, "callback_id"),
        metadata=_optional(view, "private_metadata"),
        inputs=_inputs(_part(_part(view, "state"), "values")),
    )


def origin_to_json(origin: Origin) -> dict[str, Any]:
    """The origin in a form that a modal can carry."""
    return {
        "kind": origin.kind.value,
        "channel": origin.channel_id,
        "response_url": origin.response_url,
        "ts": origin.message_ts,
        "ephemeral": origin.is_ephemeral,
        "list": origin.list_state,
        "view": origin.view_id,
    }


def origin_from_json(carried: Mapping[str, Any]) -> Origin:
    """The origin that `origin_to_json` wrote.

    Raises:
        MalformedPayloadError: it is something else.
    """
    try:
        return Origin(
            kind=OriginKind(carried["kind"]),
            channel_id=str(carried["channel"]),
            response_url=str(carried["response_url"]),
            message_ts=str(carried["ts"]),
            is_ephemeral=carried["ephemeral"] is True,
            list_state=str(carried["list"]),
            view_id=str(carried.get("view", "")),
        )
    except (KeyError, ValueError) as error:
        raise MalformedPayloadError("private_metadata") from error


def metadata_object(text: str) -> dict[str, Any]:
    """The JSON object that a modal carries.

    Raises:
        MalformedPayloadError: it carries something else.
    """
    try:
        carried = json.loads(text)
    except ValueError as error:
        raise MalformedPayloadError("private_metadata") from error
    if not isinstance(carried, dict):
        raise MalformedPayloadError("private_metadata")
    return carried


def _actor(body: Mapping[str, Any]) -> Actor:
    """The person, with the person's own team: in a shared channel it is not the channel's."""
    user = _part(body, "user")
    team = body.get("team") or {}
    team_id = _optional(user, "team_id") or _text(team, "id")
    name = user.get("username") or user.get("name")
    return Actor(team_id, _text(user, "id"), _name(name))


def first_word(text: str) -> tuple[str, str]:
    """The first word of the text, and the rest of it."""
    words = text.split(maxsplit=1)
    return (words[0], words[1].strip()) if len(words) > 1 else (text.strip(), "")


def _name(value: object) -> str:
    return value[:LONGEST_NAME] if isinstance(value, str) else ""


def _inputs(values: Mapping[str, Any]) -> dict[str, str]:
    """What was filled in, by block id; every block of ours has one element."""
    filled = {}
    for block_id, elements in values.items():
        if not isinstance(elements, Mapping):
            raise MalformedPayloadError("view.state")
        for element in elements.values():
            if not isinstance(element, Mapping):
                raise MalformedPayloadError("view.state")
            option = element.get("selected_option")
            value = option.get("value") if isinstance(option, Mapping) else element.get("value")
            filled[block_id] = straighten(value) if isinstance(value, str) else ""
    return filled


def _part(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = body.get(name)
    if not isinstance(part, Mapping):
        raise MalformedPayloadError(name)
    return part


def _text(body: Mapping[str, Any], name: str) -> str:
    text = _optional(body, name)
    if not text:
        raise MalformedPayloadError(name)
    return text


def _optional(body: object, name: str) -> str:
    if not isinstance(body, Mapping):
        raise MalformedPayloadError(name)
    text = body.get(name)
    if text is None:
        return ""
    if not isinstance(text, str):
        raise MalformedPayloadError(name)
    return text
