"""How the Slack stand-in judges Block Kit: what passes, what is refused, and where."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models import blocks as sdk

from bot.sandbox.slack.block_kit import flaws_of_blocks, flaws_of_view
from bot.sandbox.slack.block_kit_blocks import BLOCKS, Surface
from bot.sandbox.slack.block_kit_elements import ELEMENTS
from bot.sandbox.slack.block_kit_rich_text import INLINE, PARTS
from tests.contract.slack_stand_in_bot import Json, actions, button, modal, plain, text_input

OPTION = {"text": plain("Hold music"), "value": "hold"}
CONFIRM = {
    "title": plain("x" * 100),
    "text": {"type": "mrkdwn", "text": "x" * 300},
    "confirm": plain("x" * 30),
    "deny": plain("x" * 30),
    "style": "danger",
}
IMAGE = {"type": "image", "image_url": "https://a.example/x.png", "alt_text": "x"}
CELL = {"type": "raw_text", "text": "x"}


def section(text: str = "x", **extra: Any) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **extra}


def table(rows: int = 1, columns: int = 1, kind: str = "table", **extra: Any) -> Json:
    return {"type": kind, "rows": [[CELL] * columns] * rows, **extra}


def select(**extra: Any) -> Json:
    return {"type": "static_select", "action_id": "pick", "options": [OPTION], **extra}


def overflow(count: int) -> Json:
    return {"type": "overflow", "action_id": "more", "options": [OPTION] * count}


def rich_text(*elements: Json) -> Json:
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": list(elements)}],
    }


# Each block as large as it may be; slack_sdk reads it and writes the same again.
GOOD = {
    "section": section("x" * 3000, block_id="x" * 255, expand=True),
    "fields": {"type": "section", "fields": [plain("x" * 2000)] * 10},
    "accessory": section(accessory=overflow(5)),
    "header": {"type": "header", "text": {**plain("x" * 150), "emoji": True}},
    "divider": {"type": "divider"},
    "context": {"type": "context", "elements": [IMAGE, plain("x")] * 5},
    "image": {**IMAGE, "title": plain("x")},
    "actions": actions(*[button(str(number)) for number in range(25)]),
    "button": actions(
        button(
            "x" * 75,
            value="x" * 2000,
            url="https://a.example",
            style="primary",
            confirm=CONFIRM,
            accessibility_label="x" * 75,
        )
    ),
    "select": actions(select(placeholder=plain("x" * 150), initial_option=OPTION)),
    "groups": actions(
        {
            "type": "static_select",
            "action_id": "pick",
            "option_groups": [{"label": plain("x" * 75), "options": [OPTION] * 100}],
        }
    ),
    "input": {**text_input(max_length=3000, multiline=True), "hint": plain("x"), "optional": True},
    "radio": actions({"type": "radio_buttons", "action_id": "r", "options": [OPTION] * 10}),
    "date": actions({"type": "datepicker", "action_id": "d", "initial_date": "2026-11-22"}),
    "rich text": rich_text(
        {"type": "text", "text": "x", "style": {"bold": True}},
        {"type": "user", "user_id": "U1"},
        {"type": "link", "url": "https://a.example", "text": "x"},
    ),
    "markdown": {"type": "markdown", "text": "x" * 12_000},
    "table": table(100, 20, column_settings=[{"align": "right", "is_wrapped": True}]),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_block_passes_and_slack_sdk_agrees(name: str) -> None:
    block = GOOD[name]

    parsed = sdk.Block.parse(block)

    assert parsed is not None
    assert parsed.to_dict() == block
    assert flaws_of_blocks([block]) == []


WRONG: dict[str, tuple[list[Json], str]] = {
    "unknown block": ([{"type": "blink"}], "unsupported type: blink [json-pointer:/blocks/0/type]"),
    "no type": ([{"text": plain("x")}], "missing required field: type"),
    "unknown key": ([section(colour="red")], "invalid additional property: colour"),
    "key misplaced": ([{"type": "divider", "text": plain("x")}], "additional property: text"),
    "empty text": ([section("")], "must be more than 0 characters"),
    "long text": ([section("x" * 3001)], "less than 3001 characters [json-pointer:/blocks/0/text"),
    "no text": ([{"type": "section"}], "needs one of: text, fields"),
    "bare text": ([{"type": "header", "text": "x"}], "must be an object"),
    "mrkdwn header": (
        [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
        "unsupported type: mrkdwn",
    ),
    "long header": ([{"type": "header", "text": plain("x" * 151)}], "less than 151"),
    "11 fields": ([{"type": "section", "fields": [plain("x")] * 11}], "no more than 10 items"),
    "long field": ([{"type": "section", "fields": [plain("x" * 2001)]}], "less than 2001"),
    "11 in context": ([{"type": "context", "elements": [plain("x")] * 11}], "no more than 10"),
    "button in context": ([{"type": "context", "elements": [button("x")]}], "unsupported type"),
    "26 elements": ([actions(*[button(str(n)) for n in range(26)])], "no more than 25 items"),
    "no elements": ([actions()], "no fewer than 1 items"),
    "long label": ([actions(button("x" * 76))], "less than 76 characters"),
    "long value": ([actions(button("x", value="x" * 2001))], "less than 2001 characters"),
    "wrong style": ([actions(button("x", style="warning"))], "must be one of: primary, danger"),
    "long action id": ([actions({**button("x"), "action_id": "x" * 256})], "less than 256"),
    "long confirm title": (
        [actions(button("x", confirm={**CONFIRM, "title": plain("x" * 101)}))],
        "less than 101 characters [json-pointer:/blocks/0/elements/0/confirm/title/text]",
    ),
    "long confirm text": (
        [actions(button("x", confirm={**CONFIRM, "text": plain("x" * 301)}))],
        "less than 301",
    ),
    "confirm without deny": (
        [actions(button("x", confirm={k: v for k, v in CONFIRM.items() if k != "deny"}))],
        "missing required field: deny",
    ),
    "empty overflow": ([actions(overflow(0))], "no fewer than 1 items"),
    "6 in overflow": ([actions(overflow(6))], "no more than 5 items"),
    "101 options": ([actions(select(options=[OPTION] * 101))], "no more than 100 items"),
    "long option value": (
        [actions(select(options=[{**OPTION, "value": "x" * 151}]))],
        "less than 151 characters",
    ),
    "initial option not offered": (
        [actions(select(initial_option={**OPTION, "value": "other"}))],
        "initial option is not one of the options",
    ),
    "options and groups": (
        [actions(select(option_groups=[{"label": plain("x"), "options": [OPTION]}]))],
        "takes only one of: options, option_groups",
    ),
    "input in actions": (
        [actions({"type": "plain_text_input", "action_id": "x"})],
        "unsupported type: plain_text_input",
    ),
    "boolean as text": ([section(expand="true")], "must be a boolean"),
    "image from a file": ([{**IMAGE, "image_url": "file:///x"}], "does not match"),
    "two sources": ([{**IMAGE, "slack_file": {"id": "F1"}}], "takes only one of"),
    "wrong date": (
        [actions({"type": "datepicker", "action_id": "d", "initial_date": "22/11"})],
        "does not match",
    ),
    "empty rich text": ([rich_text({"type": "text", "text": ""})], "more than 0 characters"),
    "alert in a message": ([{"type": "alert", "text": plain("x")}], "unsupported type: alert"),
    "block id twice": ([section(block_id="a"), section(block_id="a")], "`block_id` must be unique"),
    "action id twice": ([actions(button("x"), button("x"))], "`action_id` must be unique: x"),
    "two tables": ([table(), table()], "only_one_table_allowed"),
    "table beside data table": (
        [table(), table(2, kind="data_table", caption="x")],
        "only_one_table_allowed",
    ),
    "101 rows": ([table(101)], "no more than 100 items"),
    "21 columns": ([table(1, 21)], "no more than 20 items"),
    "ragged data table": (
        [{"type": "data_table", "caption": "x", "rows": [[CELL], [CELL, CELL]]}],
        "same number of columns",
    ),
    "too much in data tables": (
        [
            table(201, 20, kind="data_table", caption="x")
            | {"rows": [[{**CELL, "text": "x" * 5001}]] * 4}
        ],
        "less than 20001 characters",
    ),
    "markdown over all": ([{"type": "markdown", "text": "x" * 6001}] * 2, "less than 12001"),
    "51 blocks": ([{"type": "divider"}] * 51, "no more than 50 items"),
    "pending alone": (
        [{"type": "task_card", "task_id": "1", "title": "x", "status": "pending"}],
        "must be one of: in_progress",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_blocks_are_refused_and_the_place_is_named(name: str) -> None:
    blocks, told = WRONG[name]

    flaws = [str(flaw) for flaw in flaws_of_blocks(blocks)]

    assert any(told in flaw for flaw in flaws), flaws
    assert all(flaw.startswith("[ERROR] ") for flaw in flaws)


@pytest.mark.parametrize("nonsense", [None, "blocks", {}, [None], ["x"], [[]], [{"type": 1}]])
def test_nonsense_is_refused_without_a_fault(nonsense: Any) -> None:
    assert flaws_of_blocks(nonsense)


@pytest.mark.parametrize(
    ("surface", "blocks"),
    [
        (Surface.MESSAGE, [{"type": "alert", "text": plain("x")}]),
        (Surface.MODAL, [table()]),
        (Surface.MODAL, [{"type": "markdown", "text": "x"}]),
        (Surface.HOME, [table()]),
        (Surface.HOME, [{"type": "markdown", "text": "x"}]),
    ],
)
def test_block_has_its_surfaces(surface: Surface, blocks: list[Json]) -> None:
    (flaw,) = flaws_of_blocks(blocks, surface)

    assert flaw.message.startswith("unsupported type")


def test_same_action_id_in_two_rows_is_no_flaw() -> None:
    rows = [actions(button("Open"), block_id=str(number)) for number in range(10)]

    assert flaws_of_blocks(rows) == []


VIEWS: dict[str, tuple[Json, str | None]] = {
    "good": (
        modal(private_metadata="x" * 3000, callback_id="x" * 255, close=plain("x" * 24)),
        None,
    ),
    "alert": (modal({"type": "alert", "text": plain("x"), "level": "error"}), None),
    "100 blocks": (modal(*[{"type": "divider"}] * 100), None),
    "101 blocks": (modal(*[{"type": "divider"}] * 101), "no more than 100 items"),
    "long title": (modal(title=plain("x" * 25)), "less than 25 characters"),
    "long submit": (modal(submit=plain("x" * 25)), "less than 25 characters"),
    "long metadata": (modal(private_metadata="x" * 3001), "less than 3001 characters"),
    "unknown key": (modal(colour="red"), "additional property: colour"),
    "input, no submit": (
        {"type": "modal", "title": plain("x"), "blocks": [text_input()]},
        "`submit` is required",
    ),
    "home": ({"type": "home", "blocks": []}, "unsupported type: home"),
    "same block id": (modal(text_input("a"), text_input("a")), "`block_id` must be unique"),
}


@pytest.mark.parametrize("name", VIEWS)
def test_views_are_judged_as_a_whole(name: str) -> None:
    view, told = VIEWS[name]

    flaws = [str(flaw) for flaw in flaws_of_view(view, Surface.MODAL)]

    assert (flaws == []) is (told is None)
    assert told is None or any(told in flaw for flaw in flaws), flaws


def test_words_alone_need_no_submit() -> None:
    view = {"type": "modal", "title": plain("x"), "blocks": [section()]}

    assert flaws_of_view(view, Surface.MODAL) == []


_SCALARS = st.none() | st.booleans() | st.integers(-2, 10**10) | st.text(max_size=5)
_KINDS = st.sampled_from([*BLOCKS, *ELEMENTS, *PARTS, *INLINE, "plain_text", "mrkdwn", "raw_text"])
_FIELDS = st.sampled_from(
    (
        *("text", "elements", "options", "option_groups", "initial_option", "initial_options"),
        *("rows", "accessory", "element", "fields", "block_id", "action_id", "child_blocks"),
    )
)
_ALMOST_BLOCKS = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.builds(
            lambda kind, fields: {"type": kind, **fields},
            _KINDS,
            st.dictionaries(_FIELDS, inner, max_size=4),
        )
    ),
    max_leaves=12,
)


@given(_ALMOST_BLOCKS, st.sampled_from(Surface))
def test_whatever_comes_is_judged_and_never_a_fault(blocks: Any, surface: Surface) -> None:
    assert isinstance(flaws_of_blocks(blocks, surface), list)
    assert isinstance(flaws_of_view({"type": surface, "blocks": blocks}, Surface.MODAL), list)
