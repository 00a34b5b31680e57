"""Slack's rules for blocks that the builder does not check, and fitting lines into a limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bot.slack.views.escaping import clip_marked_up

SECTION_LIMIT = 3000
# chat.postMessage refuses messages (`msg_blocks_too_long`) whose texts add up to more than about
# 12,000 characters; no page of Slack's says so. Refused at 11,341, so this stays below.
# Source: https://github.com/slackapi/bolt-js/issues/2867
MESSAGE_TEXT_LIMIT = 11_000
# What chat.update takes: https://docs.slack.dev/reference/methods/chat.update#errors
FALLBACK_LIMIT = 4000
VIEW_TEXT_LIMIT = 100_000
MOST_BLOCKS_OF_A_VIEW = 100
_STYLES = ("primary", "danger")

Json = Mapping[str, Any]


class InvalidBlocksError(ValueError):
    """Blocks that Slack would refuse; this is a fault of a view, never of what was typed."""


def check_blocks(blocks: Sequence[Json], *, text_limit: int = MESSAGE_TEXT_LIMIT) -> None:
    """Raise InvalidBlocksError where Slack would refuse the blocks as a whole.

    The limits of each single block are the builder's to hold.
    """
    block_ids = [str(block.get("block_id", "")) for block in blocks]
    if "" in block_ids or len(set(block_ids)) != len(block_ids):
        raise InvalidBlocksError(f"block ids must be there and differ: {block_ids}")
    if sum(block.get("type") in ("table", "data_table") for block in blocks) > 1:
        raise InvalidBlocksError("a message has one table at the most")
    for block in blocks:
        _check_elements(block)
    length = sum(len(text) for text in _texts(blocks))
    if length > text_limit:
        raise InvalidBlocksError(f"the texts are {length} characters, more than {text_limit}")


def fit_lines(lines: Iterable[str], limit: int = SECTION_LIMIT) -> str:
    """The lines, as many as fit into *limit* characters; the last line says how many do not.

    Only a first line that is too long by itself is cut.
    """
    waiting = list(lines)
    room = limit - len(_and_more(len(waiting))) - 1
    fitting = [clip_marked_up(line, room) for line in waiting[:1]]
    room -= sum(map(len, fitting))
    for line in waiting[1:]:
        room -= len(line) + 1
        if room < 0:
            fitting.append(_and_more(len(waiting) - len(fitting)))
            break
        fitting.append(line)
    return "\n".join(fitting)


def _and_more(count: int) -> str:
    return f"… and {count} more"


def _check_elements(block: Json) -> None:
    elements = [*block.get("elements", ()), *filter(None, [block.get("accessory")])]
    action_ids = [element["action_id"] for element in elements if "action_id" in element]
    if len(set(action_ids)) != len(action_ids):
        raise InvalidBlocksError(f"action ids in one block must differ: {action_ids}")
    for element in elements:
        for styled in (element, element.get("confirm", {})):
            if styled.get("style", "danger") not in _STYLES:
                raise InvalidBlocksError(f"there is no style {styled['style']!r}")


def _texts(node: object) -> Iterator[str]:
    """Every text in the blocks."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "text" and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for value in node:
            yield from _texts(value)
