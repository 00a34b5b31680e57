"""The parts of a message or view that a person can act on, and what they hold."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.errors import NotPossibleError
from bot.sandbox.slack.records import Json, StateValues, new_id

# Under which key of a state or an action each kind of element tells what was chosen.
VALUE_KEYS = {
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "rich_text_input": "rich_text_value",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "file_input": "files",
}
_PRESSED = {"button", "overflow", "icon_button", "feedback_buttons", "workflow_button"}
_WITHOUT_CHOICE = {"button", "icon_button", "workflow_button"}
_ECHOED = ("text", "value", "style", "url", "placeholder", "confirm")


@dataclass(frozen=True, slots=True)
class FoundElement:
    """An element that a person can see, with the option of it that was asked for."""

    block: Json
    element: Json
    option: Any = None

    @property
    def lacks_choice(self) -> bool:
        """Whether the person has still to say which option."""
        return self.option is None and self.element["type"] not in _WITHOUT_CHOICE

    @property
    def confirm(self) -> Json | None:
        """The dialog that Slack shows first; it proves nothing to the app."""
        confirm: Json | None = self.element.get("confirm")
        return confirm


def with_ids(blocks: Sequence[Json]) -> list[Json]:
    """A copy of the blocks in which each block and element has an id, as Slack gives them."""
    given = copy.deepcopy(list(blocks))
    for block in _all_blocks(given):
        block.setdefault("block_id", new_id("")[:5])
    for _, element in interactive(given):
        element.setdefault("action_id", new_id("")[:5])
    return given


def interactive(blocks: Sequence[Json]) -> Iterator[tuple[Json, Json]]:
    """Each block and element that a person can act on, from top to bottom."""
    for block in _all_blocks(blocks):
        candidates = [block.get("accessory"), block.get("element")]
        if block["type"] != "context":
            candidates += block.get("elements", [])
        candidates += block.get("actions", [])
        for element in candidates:
            if element and (element["type"] in _PRESSED or element["type"] in VALUE_KEYS):
                yield block, element


def _all_blocks(blocks: Sequence[Json]) -> Iterator[Json]:
    for block in blocks:
        yield block
        yield from _all_blocks(block.get("child_blocks", []))
        if block["type"] == "carousel":
            yield from _all_blocks(block["elements"])


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is said of an element to tell it from the others; None says nothing."""

    action_id: str | None = None
    text: str | None = None
    """The whole label of a button."""
    value: str | None = None
    """A part of the value of a button."""
    option: str | None = None
    """The label or the value of an option; what to enter, for elements without options."""
    block_id: str | None = None

    def answers(self, element: Json) -> bool:
        """Whether the element is such a one."""
        return (
            self.action_id in (None, element["action_id"])
            and self.text in (None, label_of(element))
            and (self.value is None or self.value in str(element.get("value", "")))
            and (self.option is None or _chosen_or_none(element, self.option) is not None)
        )


def find(blocks: Sequence[Json], user_id: str, wanted: Wanted) -> FoundElement:
    """The one element that this person sees and that answers to all that is said of it.

    Raises:
        NotPossibleError: there is none, or there are several.
    """
    seen = [
        (block, element)
        for block, element in interactive(blocks)
        if user_id in element.get("visible_to_user_ids", [user_id])
    ]
    found = [
        (block, element)
        for block, element in seen
        if wanted.block_id in (None, block["block_id"]) and wanted.answers(element)
    ]
    if len(found) != 1:
        there = [(e["action_id"], label_of(e), e.get("value")) for _, e in seen]
        raise NotPossibleError(f"{len(found)} elements answer to {wanted}; there are {there}")
    block, element = found[0]
    return FoundElement(block, element, _chosen_or_none(element, wanted.option))


def label_of(element: Json) -> str:
    """What stands on a button, or "" on what has no label of its own."""
    text = element.get("text")
    return str(text["text"]) if isinstance(text, dict) else ""


def options_of(element: Json) -> list[Json]:
    """What can be chosen in a menu, groups flattened."""
    grouped = [each for group in element.get("option_groups", []) for each in group["options"]]
    feedback = [element[key] for key in ("positive_button", "negative_button") if key in element]
    return [*element.get("options", []), *grouped, *feedback]


def chosen(element: Json, wanted: Any) -> Any:
    """What the state holds once a person chose this: options by label or value, else as given.

    Raises:
        NotPossibleError: there is no such option.
    """
    key = VALUE_KEYS.get(element["type"], "selected_option")
    if wanted is None:
        return None
    if key == "selected_option":
        return _option(element, wanted)
    if key == "selected_options":
        several = [wanted] if isinstance(wanted, str) else wanted
        return [_option(element, each) for each in several]
    return wanted


def _option(element: Json, wanted: Any) -> Json:
    for option in options_of(element):
        if wanted in (option["value"], option["text"]["text"], option):
            # Slack echoes an option without its address.
            return {name: each for name, each in option.items() if name != "url"}
    raise NotPossibleError(f"no option {wanted!r} in {element['action_id']}")


def _chosen_or_none(element: Json, wanted: str | None) -> Any:
    try:
        return chosen(element, wanted)
    except NotPossibleError:
        return None


def state_entry(element: Json, value: Any) -> Json:
    """What `state.values` holds for an element with this value."""
    return {"type": element["type"], VALUE_KEYS[element["type"]]: value}


def state_of(blocks: Sequence[Json], before: StateValues | None = None) -> StateValues:
    """The state of all inputs: what was there before, else what the app put in beforehand."""
    state: StateValues = {}
    for block, element in interactive(blocks):
        if element["type"] not in VALUE_KEYS:
            continue
        block_id, action_id = block["block_id"], element["action_id"]
        kept = (before or {}).get(block_id, {}).get(action_id)
        if kept is None or kept["type"] != element["type"]:
            kept = state_entry(element, _initial(element))
        state.setdefault(block_id, {})[action_id] = kept
    return state


def _initial(element: Json) -> Any:
    key = VALUE_KEYS[element["type"]]
    if key in ("value", "rich_text_value"):
        return element.get("initial_value")
    initial = element.get(key.replace("selected_", "initial_"))
    return [] if initial is None and key.endswith("s") else initial


def action_of(found: FoundElement, action_ts: str) -> Json:
    """The entry of `actions` for a click on this element."""
    element = found.element
    action: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": found.block["block_id"],
        "action_ts": action_ts,
    }
    action |= {name: element[name] for name in _ECHOED if name in element}
    if element["type"] in VALUE_KEYS:
        action |= state_entry(element, found.option)
    elif element["type"] == "feedback_buttons" and isinstance(found.option, dict):
        action |= {"text": found.option["text"], "value": found.option["value"]}
    elif found.option is not None:
        action["selected_option"] = found.option
    return copy.deepcopy(action)
