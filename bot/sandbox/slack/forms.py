"""Filling in inputs, and what Slack's own client checks before it submits a modal."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.sandbox.slack.elements import VALUE_KEYS, chosen, interactive, state_entry
from bot.sandbox.slack.errors import NotPossibleError
from bot.sandbox.slack.records import Json, StateValues, View

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


def fill_in(blocks: Sequence[Json], state: StateValues, values: Mapping[str, Any]) -> None:
    """Puts values into the inputs of the blocks, by block id or by action id within the block.

    Raises:
        NotPossibleError: there is no such input or option.
    """
    for block_id, given in values.items():
        inputs = {
            element["action_id"]: element
            for block, element in interactive(blocks)
            if block["block_id"] == block_id and element["type"] in VALUE_KEYS
        }
        by_action = given if isinstance(given, dict) else dict.fromkeys(inputs, given)
        if not inputs or not by_action.keys() <= inputs.keys():
            raise NotPossibleError(f"no such input: {block_id} {given!r}")
        for action_id, wanted in by_action.items():
            element = inputs[action_id]
            value = chosen(element, None if wanted == "" else wanted)
            state.setdefault(block_id, {})[action_id] = state_entry(element, value)


def check_inputs(view: View) -> dict[str, str]:
    """What the client says beside the inputs that it does not take, by block id."""
    errors: dict[str, str] = {}
    for block, element in interactive(view.blocks):
        if block["type"] != "input":
            continue
        entry = view.state[block["block_id"]][element["action_id"]]
        value = entry[VALUE_KEYS[element["type"]]]
        if value in (None, "", []):
            if not block.get("optional"):
                errors[block["block_id"]] = "Please complete this required field."
        elif problem := _problem(element, value):
            errors[block["block_id"]] = problem
    return errors


def response_targets(view: View) -> list[Json]:
    """The conversations that were chosen where the app asked for a response URL."""
    return [
        {
            "block_id": block["block_id"],
            "action_id": element["action_id"],
            "channel_id": channel_id,
        }
        for block, element in interactive(view.blocks)
        if element.get("response_url_enabled")
        and (
            channel_id := view.state[block["block_id"]][element["action_id"]][
                VALUE_KEYS[element["type"]]
            ]
        )
    ]


def _problem(element: Json, value: Any) -> str | None:
    kind = element["type"]
    if kind == "plain_text_input":
        if len(value) < element.get("min_length", 0):
            return f"Please enter at least {element['min_length']} characters."
        if len(value) > element.get("max_length", 3000):
            return f"Please enter at most {element.get('max_length', 3000)} characters."
    elif kind == "email_text_input" and not _EMAIL.fullmatch(value):
        return "Please enter a valid email address."
    elif kind == "url_text_input" and not _URL.fullmatch(value):
        return "Please enter a valid URL."
    elif kind == "number_input":
        return _number_problem(element, value)
    return None


def _number_problem(element: Json, value: str) -> str | None:
    pattern = r"-?\d+(\.\d+)?" if element["is_decimal_allowed"] else r"-?\d+"
    if not re.fullmatch(pattern, value):
        return "Please enter a number."
    if float(value) < float(element.get("min_value", "-inf")):
        return f"Please enter a number of at least {element['min_value']}."
    if float(value) > float(element.get("max_value", "inf")):
        return f"Please enter a number of at most {element['max_value']}."
    return None
