"""The shape that a payload must have before Bolt may see it, whichever way it came."""

from __future__ import annotations

# The parts of a payload that Bolt itself reads without looking at their kind.
_OBJECTS = ("user", "team", "enterprise", "channel", "view", "container", "message", "event")
_TEXTS = ("type", "user_id", "team_id", "enterprise_id", "callback_id", "command", "ssl_check")


def has_payload_shape(payload: object) -> bool:
    """Whether this could be a payload of Slack's, as far as Bolt trusts it to be."""
    if not isinstance(payload, dict):
        return False
    actions = payload.get("actions")
    return (
        all(isinstance(payload.get(name) or {}, dict) for name in _OBJECTS)
        and all(isinstance(payload.get(name) or "", str) for name in _TEXTS)
        and (actions is None or _are_actions(actions))
    )


def _are_actions(actions: object) -> bool:
    return (
        isinstance(actions, list)
        and bool(actions)
        and all(isinstance(action, dict) for action in actions)
    )
