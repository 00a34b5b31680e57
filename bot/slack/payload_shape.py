"""The shape that a payload must have before Bolt may see it, whichever way it came."""

from __future__ import annotations

# The parts of a payload that Bolt itself reads without looking at their kind.
_OBJECTS = ("user", "team", "enterprise", "channel", "view", "container", "message", "event")
_NEVER_NULL = ("actions", "event")
_TEXTS = ("type", "user_id", "team_id", "enterprise_id", "callback_id", "command", "ssl_check")


def has_payload_shape(payload: object) -> bool:
    """Whether this could be a payload of Slack's, as far as Bolt trusts it to be."""
    if not isinstance(payload, dict) or any(payload.get(name, "") is None for name in _NEVER_NULL):
        return False
    return (
        all(isinstance(payload.get(name), dict | None) for name in _OBJECTS)
        and all(isinstance(payload.get(name), str | None) for name in _TEXTS)
        and ("actions" not in payload or _are_actions(payload["actions"]))
    )


def _are_actions(actions: object) -> bool:
    return (
        isinstance(actions, list)
        and bool(actions)
        and all(isinstance(action, dict) for action in actions)
    )
