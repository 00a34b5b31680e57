"""Judges Block Kit as Slack would: each block by its rule, then what holds for the whole."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.block_kit_blocks import MOST_BLOCKS, SURFACES, VIEWS, Surface
from bot.sandbox.slack.shapes import Flaw, array

LARGEST_VIEW_BYTES = 250_000
_AT_MOST = (
    (("table", "data_table"), 1, "only_one_table_allowed"),
    (("data_visualization",), 2, "no more than 2 charts allowed"),
)
_LONGEST_MARKDOWN = 12_000
_LONGEST_DATA_TABLES = 20_000


def flaws_of_blocks(blocks: Any, surface: Surface = Surface.MESSAGE) -> list[Flaw]:
    """What Slack would refuse in these blocks, empty when they are good."""
    rule = array(SURFACES[surface], 0, MOST_BLOCKS[surface])
    flaws = list(rule(blocks, "/blocks"))
    # The rules about the whole read fields that the rules about the parts vouch for.
    return flaws or list(_flaws_of_the_whole(blocks))


def flaws_of_view(view: Any, surface: Surface) -> list[Flaw]:
    """What Slack would refuse in this definition of a modal or home tab."""
    flaws = list(VIEWS[surface](view, "/view"))
    if flaws:
        return flaws
    has_input = any(block["type"] == "input" for block in view["blocks"])
    if surface is Surface.MODAL and has_input and "submit" not in view:
        flaws.append(Flaw("/view", "`submit` is required when an input block is within blocks"))
    flaws += _flaws_of_the_whole(view["blocks"])
    return flaws


def size_bytes(view: Any) -> int:
    """How large a view is on the wire."""
    return len(json.dumps(view, ensure_ascii=False).encode())


def _flaws_of_the_whole(blocks: list[dict[str, Any]]) -> Iterator[Flaw]:
    everything = list(_with_children(blocks))
    yield from _repeats(everything)
    kinds = Counter(block["type"] for block in everything)
    for names, most, message in _AT_MOST:
        if sum(kinds[name] for name in names) > most:
            yield Flaw("/blocks", message)
    markdown = sum(len(block["text"]) for block in everything if block["type"] == "markdown")
    if markdown > _LONGEST_MARKDOWN:
        yield Flaw("/blocks", f"markdown must be less than {_LONGEST_MARKDOWN + 1} characters")
    tables = [block["rows"] for block in everything if block["type"] == "data_table"]
    if _characters(tables) > _LONGEST_DATA_TABLES:
        yield Flaw("/blocks", f"cells must be less than {_LONGEST_DATA_TABLES + 1} characters")


def _with_children(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for block in blocks:
        yield block
        yield from _with_children(block.get("child_blocks", []))


def _repeats(blocks: list[dict[str, Any]]) -> Iterator[Flaw]:
    ids = Counter(block["block_id"] for block in blocks if "block_id" in block)
    for block_id, count in ids.items():
        if count > 1:
            yield Flaw("/blocks", f"`block_id` must be unique: {block_id}")
    for index, block in enumerate(blocks):
        elements = [*block.get("elements", []), *block.get("actions", [])]
        actions = Counter(each["action_id"] for each in elements if "action_id" in each)
        for action_id, count in actions.items():
            if count > 1:
                yield Flaw(f"/blocks/{index}", f"`action_id` must be unique: {action_id}")


def _characters(value: Any) -> int:
    """All the text in a nest of table cells."""
    if isinstance(value, list):
        return sum(_characters(each) for each in value)
    if isinstance(value, dict):
        own = value.get("text")
        return (len(own) if isinstance(own, str) else 0) + sum(
            _characters(each) for each in value.values()
        )
    return 0
