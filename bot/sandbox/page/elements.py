"""The elements of Block Kit as fields of an HTML form: how they are named, and read back."""

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2s
from typing import Any

from bot.sandbox.slack.elements import VALUE_KEYS

# The kind of <input> for each element into which one types, or picks as one types.
TYPED = {
    "plain_text_input": "text",
    "email_text_input": "email",
    "url_text_input": "url",
    "number_input": "text",
    "datepicker": "date",
    "timepicker": "time",
}
SEVERAL = frozenset({"checkboxes", "multi_static_select"})

Form = Mapping[str, Sequence[str]]
"""What a form was posted with: each name with all its values."""


def first(form: Form, name: str) -> str:
    """The first value of that name; "" where there is none."""
    return next(iter(form.get(name, ())), "")


def element_name(path: Sequence[str]) -> str:
    """The name of a field: the ids of its block, of itself, and perhaps an option, as JSON."""
    return json.dumps(list(path), separators=(",", ":"))


def element_path(name: str) -> list[str] | None:
    """The ids that the name was made of; None when it is the name of something else."""
    try:
        path = json.loads(name)
    except ValueError:
        return None
    if isinstance(path, list) and all(isinstance(part, str) for part in path):
        return path
    return None


def field_id(name: str, scope: str) -> str:
    """An HTML id for the field of that name within the scope."""
    return f"field-{blake2s(f'{scope} {name}'.encode(), digest_size=8).hexdigest()}"


def chosen_in(element: Mapping[str, Any], name: str, state: Mapping[str, Any]) -> list[str]:
    """What stands in the field: what was typed or chosen so far, else what the app put there."""
    key = VALUE_KEYS.get(element["type"], "value")
    block_id, action_id = json.loads(name)
    entry = state.get(block_id, {}).get(action_id)
    if entry is None:
        initial = key.replace("selected_", "initial_")
        entry = {key: element.get(initial, element.get("initial_value"))}
    value = entry[key]
    several = value if isinstance(value, list) else [value]
    return [each["value"] if isinstance(each, dict) else str(each) for each in several if each]


def read_fields(form: Form, blocks: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What was filled in, by block id and action id; an empty field holds None."""
    values: dict[str, dict[str, Any]] = {}
    for block in blocks:
        for element in _fields_of(block):
            block_id, action_id = block["block_id"], element["action_id"]
            posted = form.get(element_name([block_id, action_id]), [])
            # A form ends its lines with CRLF; Slack's client does not.
            filled = [each.replace("\r\n", "\n") for each in posted if each]
            one = filled[0] if filled else None
            values.setdefault(block_id, {})[action_id] = (
                filled if element["type"] in SEVERAL else one
            )
    return values


def _fields_of(block: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    candidates = [block.get("element"), block.get("accessory")]
    if block["type"] == "actions":
        candidates += block["elements"]
    return [each for each in candidates if each and each["type"] in VALUE_KEYS]
