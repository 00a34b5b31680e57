"""The shape that a payload must have before Bolt may see it, whichever way it came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The parts of a payload that Bolt itself reads without looking at their kind.
_OBJECTS = ("user", "team", "enterprise", "channel", "view", "container", "message", "event")
_OF_A_FORM = ("view_submission", "view_closed")
_VIEWS = ("modal", "home")
# Slack sends none any more, and Bolt still reads it.
_RETIRED = "workflow_step_edit"
_BLOCK_ACTIONS = "block_actions"
_OF_ACTIONS = (_BLOCK_ACTIONS, "interactive_message")
_IDS_OR_OBJECTS = ("user", "team", "channel", "enterprise")
_MAY_HOLD_THEM = ("event", "message", "previous_message", "item", "assistant_thread")
_TEXTS = (
    *("type", "user_id", "team_id", "enterprise_id"),
    *("callback_id", "action_id", "command", "ssl_check"),
)


def has_payload_shape(payload: object) -> bool:
    """Whether this could be a payload of Slack's, as far as Bolt trusts it to be."""
    if not isinstance(payload, dict) or payload.get("event", "") is None:
        return False
    return _are_of_their_kinds(payload) and _is_about_something(payload) and _is_readable(payload)


def _are_of_their_kinds(payload: Mapping[str, Any]) -> bool:
    return all(isinstance(payload.get(name), dict | None) for name in _OBJECTS) and all(
        isinstance(payload.get(name), str | None) for name in _TEXTS
    )


def _is_about_something(payload: Mapping[str, Any]) -> bool:
    """Whether the clicks, the event or the form in it, where it has them, are some."""
    kind = payload.get("type")
    return (
        kind != _RETIRED
        and (not ("actions" in payload or kind in _OF_ACTIONS) or _are_actions(payload))
        # Of several Bolt would tell a logger that it does not have.
        and _are_objects(payload.get("response_urls", []), most=1)
        and ("event" not in payload or isinstance(payload["event"].get("type"), str))
        and (kind not in _OF_A_FORM or _is_form(payload.get("view")))
        # What nobody listens to Bolt describes by its view.
        and (kind == _BLOCK_ACTIONS or payload.get("view", "") is not None)
    )


def _is_form(view: Mapping[str, Any] | None) -> bool:
    return (
        view is not None
        and view.get("type") in _VIEWS
        and isinstance(view.get("callback_id"), str | None)
    )


def _are_actions(payload: Mapping[str, Any]) -> bool:
    actions = payload.get("actions")
    if not actions or not _are_objects(actions):
        return False
    return payload.get("type") != _BLOCK_ACTIONS or isinstance(actions[0].get("action_id"), str)


def _are_objects(items: object, *, most: int | None = None) -> bool:
    return (
        isinstance(items, list)
        and len(items[:most]) == len(items)
        and all(isinstance(item, dict) for item in items)
    )


def _is_readable(part: Mapping[str, Any]) -> bool:
    """Whether whoever and whatever is named in it, at any depth that Bolt looks, is an id or so."""
    if not all(isinstance(part.get(name), dict | str | None) for name in _IDS_OR_OBJECTS):
        return False
    authorizations = part.get("authorizations")
    if not isinstance(authorizations, list | None):
        return False
    inner = [part[name] for name in _MAY_HOLD_THEM if isinstance(part.get(name), dict)]
    return all(
        isinstance(each, dict) and _is_readable(each) for each in (*inner, *(authorizations or ()))
    )
