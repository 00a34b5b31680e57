"""The rules of Block Kit for texts, options and elements, as tables.

Source: https://docs.slack.dev/reference/block-kit/block-elements
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.sandbox.slack.block_kit_rich_text import RICH_TEXT_OBJECT
from bot.sandbox.slack.shapes import (
    Flaw,
    Rule,
    array,
    boolean,
    by_type,
    integer,
    one_of,
    shape,
    string,
)

WEB_URL = r"(?s)https?://.+"


def url(longest: int = 3000) -> Rule:
    """A rule for addresses on the web."""
    return string(longest, pattern=WEB_URL)


def texts(longest: int) -> dict[str, Rule]:
    """The rules for both kinds of text object, by their type."""
    return {
        "plain_text": shape({"text": string(longest)}, {"emoji": boolean}),
        "mrkdwn": shape({"text": string(longest)}, {"verbatim": boolean}),
    }


def plain(longest: int) -> Rule:
    """A rule for plain_text objects."""
    return by_type({"plain_text": texts(longest)["plain_text"]})


def rich(longest: int) -> Rule:
    """A rule for text objects that may be mrkdwn."""
    return by_type(texts(longest))


BLOCK_ID = ACTION_ID = string(255)
PLACEHOLDER = plain(150)
ID_LIST = array(string())
IMAGE_SOURCES = ("image_url", "slack_file")
SLACK_FILE = shape({}, {"id": string(), "url": string()}, needs_one=("id", "url"))

CONFIRM = shape(
    {"title": plain(100), "text": rich(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)


def option(text: Rule, **extra: Rule) -> Rule:
    """A rule for one option of a menu."""
    return shape({"text": text, "value": string(150)}, {"description": rich(75), **extra})


MENU_OPTION = option(plain(75))
MARKED_OPTION = option(rich(75))
OPTION_GROUP = shape({"label": plain(75), "options": array(MENU_OPTION, 1, 100)})

IMAGE = shape(
    {"alt_text": string(2000)},
    {"image_url": url(), "slack_file": SLACK_FILE},
    needs_one=IMAGE_SOURCES,
    at_most_one=IMAGE_SOURCES,
)

DISPATCH_ACTION = shape(
    {"trigger_actions_on": array(one_of("on_enter_pressed", "on_character_entered"), 1, 2)}
)


def _initial_is_offered(value: Any, at: str) -> Iterator[Flaw]:
    """An option chosen beforehand must be one of those offered, to the letter."""
    groups = value.get("option_groups", [])
    offered = value.get("options", []) + [each for group in groups for each in group["options"]]
    chosen = value.get("initial_options", [])
    if "initial_option" in value:
        chosen = [value["initial_option"]]
    if any(each not in offered for each in chosen):
        yield Flaw(at, "initial option is not one of the options")


_ACTION = {"action_id": ACTION_ID}
_FOCUS = {"focus_on_load": boolean}
_SELECT = {**_ACTION, **_FOCUS, "confirm": CONFIRM, "placeholder": PLACEHOLDER}
_MULTI_SELECT = {**_SELECT, "max_selected_items": integer(1)}
_STATIC = {"options": array(MENU_OPTION, 1, 100), "option_groups": array(OPTION_GROUP, 1, 100)}
_EXTERNAL = {"min_query_length": integer(0)}
_FILTER = shape(
    {},
    {
        "include": array(one_of("im", "mpim", "private", "public"), 1),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
    needs_one=("include", "exclude_external_shared_channels", "exclude_bot_users"),
)
_CONVERSATIONS = {"default_to_current_conversation": boolean, "filter": _FILTER}
_RESPONSE_URL = {"response_url_enabled": boolean}


def _static(fields: Mapping[str, Rule]) -> Rule:
    return shape(
        {},
        {**_STATIC, **fields},
        needs_one=("options", "option_groups"),
        at_most_one=("options", "option_groups"),
        also=_initial_is_offered,
    )


def _typed_text(longest: int | None = None, **extra: Rule) -> Rule:
    return shape(
        {},
        {
            **_ACTION,
            **_FOCUS,
            "placeholder": PLACEHOLDER,
            "initial_value": string(longest, shortest=0),
            "dispatch_action_config": DISPATCH_ACTION,
            **extra,
        },
    )


def _picker(**extra: Rule) -> Rule:
    return shape({}, {**_ACTION, **_FOCUS, "confirm": CONFIRM, **extra})


def _ticked(option_rule: Rule, **extra: Rule) -> Rule:
    return shape(
        {"options": array(option_rule, 1, 10)},
        {**_ACTION, **_FOCUS, "confirm": CONFIRM, **extra},
        also=_initial_is_offered,
    )


_DECIMAL = string(pattern=r"-?\d+(\.\d+)?")
_FEEDBACK = shape({"text": plain(75), "value": string(2000)}, {"accessibility_label": string(75)})

ELEMENTS: dict[str, Rule] = {
    "button": shape(
        {"text": plain(75)},
        {
            **_ACTION,
            "url": string(3000),
            "value": string(2000),
            "style": one_of("primary", "danger"),
            "confirm": CONFIRM,
            "accessibility_label": string(75),
        },
    ),
    "overflow": shape(
        {"options": array(option(plain(75), url=string(3000)), 1, 5)},
        {**_ACTION, "confirm": CONFIRM},
    ),
    "image": IMAGE,
    "static_select": _static({**_SELECT, "initial_option": MENU_OPTION}),
    "multi_static_select": _static(
        {**_MULTI_SELECT, "initial_options": array(MENU_OPTION, 1, 100)}
    ),
    "external_select": shape({}, {**_SELECT, **_EXTERNAL, "initial_option": MENU_OPTION}),
    "multi_external_select": shape(
        {}, {**_MULTI_SELECT, **_EXTERNAL, "initial_options": array(MENU_OPTION, 1, 100)}
    ),
    "users_select": shape({}, {**_SELECT, "initial_user": string()}),
    "multi_users_select": shape({}, {**_MULTI_SELECT, "initial_users": ID_LIST}),
    "conversations_select": shape(
        {}, {**_SELECT, **_CONVERSATIONS, **_RESPONSE_URL, "initial_conversation": string()}
    ),
    "multi_conversations_select": shape(
        {}, {**_MULTI_SELECT, **_CONVERSATIONS, "initial_conversations": ID_LIST}
    ),
    "channels_select": shape({}, {**_SELECT, **_RESPONSE_URL, "initial_channel": string()}),
    "multi_channels_select": shape({}, {**_MULTI_SELECT, "initial_channels": ID_LIST}),
    "checkboxes": _ticked(MARKED_OPTION, initial_options=array(MARKED_OPTION, 1, 10)),
    "radio_buttons": _ticked(MARKED_OPTION, initial_option=MARKED_OPTION),
    "datepicker": _picker(placeholder=PLACEHOLDER, initial_date=string(pattern=r"\d{4}-\d\d-\d\d")),
    "timepicker": _picker(
        placeholder=PLACEHOLDER, initial_time=string(pattern=r"\d\d:\d\d"), timezone=string()
    ),
    "datetimepicker": _picker(initial_date_time=integer(10**9, 10**10 - 1)),
    "plain_text_input": _typed_text(
        3000, multiline=boolean, min_length=integer(0, 3000), max_length=integer(1, 3000)
    ),
    "email_text_input": _typed_text(),
    "url_text_input": _typed_text(),
    "number_input": shape(
        {"is_decimal_allowed": boolean},
        {
            **_ACTION,
            **_FOCUS,
            "placeholder": PLACEHOLDER,
            "initial_value": _DECIMAL,
            "min_value": _DECIMAL,
            "max_value": _DECIMAL,
            "dispatch_action_config": DISPATCH_ACTION,
        },
    ),
    "file_input": shape({}, {**_ACTION, "filetypes": ID_LIST, "max_files": integer(1, 10)}),
    "rich_text_input": shape(
        {},
        {
            **_ACTION,
            **_FOCUS,
            "initial_value": RICH_TEXT_OBJECT,
            "placeholder": PLACEHOLDER,
            "dispatch_action_config": DISPATCH_ACTION,
            "min_lines": integer(1, 100),
            "max_lines": integer(1, 100),
        },
    ),
    "feedback_buttons": shape(
        {"positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, {**_ACTION}
    ),
    "icon_button": shape(
        {"icon": one_of("trash"), "text": plain(75)},
        {
            **_ACTION,
            "value": string(2000),
            "confirm": CONFIRM,
            "accessibility_label": string(75),
            "visible_to_user_ids": array(string(), 0, 10),
        },
    ),
    "workflow_button": shape(
        {
            "text": plain(75),
            "workflow": shape(
                {
                    "trigger": shape(
                        {"url": url()},
                        {
                            "customizable_input_parameters": array(
                                shape({"name": string(), "value": string()})
                            )
                        },
                    )
                }
            ),
        },
        {
            **_ACTION,
            "style": one_of("primary", "danger"),
            "accessibility_label": string(75),
        },
    ),
}

_SELECTS = tuple(
    prefix + kind
    for prefix in ("", "multi_")
    for kind in (
        "static_select",
        "external_select",
        "users_select",
        "conversations_select",
        "channels_select",
    )
)
_CHOICES = (*_SELECTS, "checkboxes", "radio_buttons", "datepicker", "timepicker")

# Where each element may stand.
PLACES: dict[str, tuple[str, ...]] = {
    "section": (*_CHOICES, "button", "overflow", "image", "workflow_button"),
    "actions": (*_CHOICES, "button", "overflow", "datetimepicker", "workflow_button"),
    "input": (
        *_CHOICES,
        "datetimepicker",
        "plain_text_input",
        "email_text_input",
        "url_text_input",
        "number_input",
        "file_input",
        "rich_text_input",
    ),
    "context_actions": ("feedback_buttons", "icon_button"),
    "card": ("button",),
}


def element_in(place: str) -> Rule:
    """A rule for the elements that may stand in this kind of block."""
    return by_type({name: ELEMENTS[name] for name in PLACES[place]})
