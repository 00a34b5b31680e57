"""What a person reads in a message or a modal, and which buttons they find there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.sandbox.slack import Message, View

Seen = Message | View


def shown(seen: Seen) -> str:
    """Every text that is shown in it, confirm dialogs included, a line each."""
    texts = list(_texts(seen.blocks))
    return "\n".join([seen.text, *texts] if isinstance(seen, Message) else texts)


def buttons(seen: Seen) -> list[str]:
    """The labels of its buttons, from top to bottom."""
    return [str(button["text"]["text"]) for button in button_elements(seen)]


def button_elements(seen: Seen) -> list[Mapping[str, Any]]:
    """Its buttons as Block Kit has them."""
    return [element for element in _objects(seen.blocks) if element.get("type") == "button"]


def _texts(node: object) -> Iterator[str]:
    for part in _objects(node):
        text = part.get("text")
        if isinstance(text, str):
            yield text


def _objects(node: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, Mapping):
        yield node
        for value in node.values():
            yield from _objects(value)
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for value in node:
            yield from _objects(value)
