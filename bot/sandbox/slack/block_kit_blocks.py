"""The rules of Block Kit for blocks, surfaces and views, as tables.

Source: https://docs.slack.dev/reference/block-kit/blocks
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from bot.sandbox.slack.block_kit_elements import (
    BLOCK_ID,
    IMAGE,
    IMAGE_SOURCES,
    SLACK_FILE,
    element_in,
    plain,
    rich,
    texts,
    url,
)
from bot.sandbox.slack.block_kit_rich_text import RICH_TEXT, RICH_TEXT_OBJECT
from bot.sandbox.slack.shapes import (
    Flaw,
    Rule,
    array,
    boolean,
    by_type,
    integer,
    number,
    one_of,
    shape,
    string,
)


class Surface(StrEnum):
    """Where blocks are shown."""

    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"


_ID = {"block_id": BLOCK_ID}
_IMAGE_OBJECT = by_type({"image": IMAGE})

_RAW_TEXT = shape({"text": string()}, {"emoji": boolean})
_RAW_NUMBER = shape({"value": number()}, {"text": string()})
_HEADER_CELL = by_type({"raw_text": _RAW_TEXT, "raw_number": _RAW_NUMBER})
_CELL = by_type({"raw_text": _RAW_TEXT, "raw_number": _RAW_NUMBER, "rich_text": RICH_TEXT})


def _data_table_adds_up(value: Any, at: str) -> Iterator[Flaw]:
    """All rows are equally wide, and the first one names the columns."""
    rows = value["rows"]
    if len({len(row) for row in rows}) > 1:
        yield Flaw(f"{at}/rows", "all rows must have the same number of columns")
    for index, cell in enumerate(rows[0]):
        yield from _HEADER_CELL(cell, f"{at}/rows/0/{index}")


def _task_ids_differ(value: Any, at: str) -> Iterator[Flaw]:
    if len({task["task_id"] for task in value["tasks"]}) < len(value["tasks"]):
        yield Flaw(f"{at}/tasks", "task_id must be unique within the plan")


def _task(*statuses: str) -> Rule:
    return shape(
        {"task_id": string(), "title": string(), "status": one_of(*statuses)},
        {
            **_ID,
            "details": RICH_TEXT_OBJECT,
            "output": RICH_TEXT_OBJECT,
            "sources": array(by_type({"url": shape({"url": url(), "text": string()})})),
        },
    )


_POINTS = array(shape({"label": string(20), "value": number()}), 1, 20)
_AXIS_CHART = shape(
    {"series": array(shape({"name": string(20), "data": _POINTS}), 1, 12)},
    {
        "axis_config": shape(
            {"categories": array(string(20), 1, 20)},
            {"x_label": string(50), "y_label": string(50)},
        )
    },
)
_CHART = by_type(
    {
        "pie": shape({"segments": array(shape({"label": string(20), "value": number(0)}), 1, 12)}),
        "bar": _AXIS_CHART,
        "area": _AXIS_CHART,
        "line": _AXIS_CHART,
    }
)

_CARD = shape(
    {},
    {
        **_ID,
        "hero_image": _IMAGE_OBJECT,
        "icon": _IMAGE_OBJECT,
        "slack_icon": by_type({"icon": shape({"name": string()})}),
        "title": rich(150),
        "subtitle": rich(150),
        "body": rich(200),
        "subtext": rich(200),
        "actions": array(element_in("card"), 1, 3),
    },
    needs_one=("hero_image", "title", "actions", "body"),
    at_most_one=("icon", "slack_icon"),
)

BLOCKS: dict[str, Rule] = {
    "section": shape(
        {},
        {
            **_ID,
            "text": rich(3000),
            "fields": array(rich(2000), 1, 10),
            "accessory": element_in("section"),
            "expand": boolean,
        },
        needs_one=("text", "fields"),
    ),
    "header": shape({"text": plain(150)}, _ID),
    "divider": shape({}, _ID),
    "context": shape({"elements": array(by_type({"image": IMAGE, **texts(3000)}), 1, 10)}, _ID),
    "actions": shape({"elements": array(element_in("actions"), 1, 25)}, _ID),
    "image": shape(
        {"alt_text": string(2000)},
        {**_ID, "image_url": url(), "slack_file": SLACK_FILE, "title": plain(2000)},
        needs_one=IMAGE_SOURCES,
        at_most_one=IMAGE_SOURCES,
    ),
    "input": shape(
        {"label": plain(2000), "element": element_in("input")},
        {**_ID, "hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": RICH_TEXT,
    "markdown": shape({"text": string(12_000)}, _ID),
    "video": shape(
        {"alt_text": string(2000), "thumbnail_url": url(), "title": plain(200), "video_url": url()},
        {
            **_ID,
            "author_name": string(50),
            "description": plain(200),
            "provider_icon_url": url(2000),
            "provider_name": string(50),
            "title_url": url(2000),
        },
    ),
    "table": shape(
        {"rows": array(array(_CELL, 1, 20), 1, 100)},
        {
            **_ID,
            "column_settings": array(
                shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean}),
                0,
                20,
            ),
        },
    ),
    "data_table": shape(
        {"rows": array(array(_CELL, 1, 20), 2, 201), "caption": string()},
        {**_ID, "page_size": integer(1, 100), "row_header_column_index": integer(0, 19)},
        also=_data_table_adds_up,
    ),
    "data_visualization": shape({"title": string(50), "chart": _CHART}, _ID),
    "alert": shape(
        {"text": rich(200)},
        {**_ID, "level": one_of("default", "info", "warning", "error", "success")},
    ),
    "card": _CARD,
    "carousel": shape({"elements": array(by_type({"card": _CARD}), 1, 10)}, _ID),
    "context_actions": shape({"elements": array(element_in("context_actions"), 1, 5)}, _ID),
    "task_card": _task("in_progress", "complete", "error"),
    "plan": shape(
        {
            "title": string(),
            "tasks": array(_task("pending", "in_progress", "complete", "error"), 0, 50),
        },
        _ID,
        also=_task_ids_differ,
    ),
}

_CONTAINED = ("section", "header", "divider", "context", "actions", "image", "input", "rich_text")
BLOCKS["container"] = shape(
    {"child_blocks": array(by_type({name: BLOCKS[name] for name in _CONTAINED}), 1, 10)},
    {
        **_ID,
        "title": plain(150),
        "rich_text_title": RICH_TEXT_OBJECT,
        "subtitle": plain(150),
        "width": one_of("narrow", "standard", "wide", "full"),
        "icon": _IMAGE_OBJECT,
        "is_collapsible": boolean,
        "default_collapsed": boolean,
        "has_header_divider": boolean,
    },
    needs_one=("title", "rich_text_title"),
)

_EVERYWHERE = (*_CONTAINED, "video")
SURFACES: dict[Surface, Rule] = {
    surface: by_type({name: BLOCKS[name] for name in names})
    for surface, names in {
        Surface.MESSAGE: (
            *_EVERYWHERE,
            *("markdown", "table", "data_table", "data_visualization", "card", "carousel"),
            *("container", "context_actions", "plan", "task_card"),
        ),
        Surface.MODAL: (*_EVERYWHERE, "alert", "card"),
        Surface.HOME: (
            *_EVERYWHERE,
            *("data_table", "data_visualization", "card", "carousel", "container"),
        ),
    }.items()
}
MOST_BLOCKS = {Surface.MESSAGE: 50, Surface.MODAL: 100, Surface.HOME: 100}

_VIEW_FIELDS = {
    "private_metadata": string(3000, shortest=0),
    "callback_id": string(255, shortest=0),
    "external_id": string(255, shortest=0),
}
VIEWS: dict[Surface, Rule] = {
    Surface.MODAL: by_type(
        {
            "modal": shape(
                {
                    "title": plain(24),
                    "blocks": array(SURFACES[Surface.MODAL], 0, MOST_BLOCKS[Surface.MODAL]),
                },
                {
                    **_VIEW_FIELDS,
                    "submit": plain(24),
                    "close": plain(24),
                    "clear_on_close": boolean,
                    "notify_on_close": boolean,
                    "submit_disabled": boolean,
                },
            )
        }
    ),
    Surface.HOME: by_type(
        {
            "home": shape(
                {"blocks": array(SURFACES[Surface.HOME], 0, MOST_BLOCKS[Surface.HOME])},
                _VIEW_FIELDS,
            )
        }
    ),
}
