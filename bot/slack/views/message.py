"""What a view returns, made of blocks that Slack takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import slackblocks as kit

from bot.slack.views.escaping import clip_marked_up
from bot.slack.views.limits import (
    FALLBACK_LIMIT,
    MOST_BLOCKS_OF_A_VIEW,
    VIEW_TEXT_LIMIT,
    InvalidBlocksError,
    check_blocks,
)

MODAL_TITLE = "Call"


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message: its blocks, and the text for notifications and screen readers.

    Screen readers are given the text and none of the blocks, so all that stands in these stands in
    it, but for what the buttons and inputs say themselves.
    Source: https://docs.slack.dev/reference/methods/chat.postMessage#accessibility
    """

    text: str
    blocks: tuple[dict[str, Any], ...]


def message(text: str, blocks: Sequence[kit.Block | None]) -> MessageView:
    """The message of these blocks; None stands for a block that is not needed."""
    built = drawn(blocks)
    check_blocks(built)
    return MessageView(clip_marked_up(text, FALLBACK_LIMIT), tuple(built))


def drawn(blocks: Sequence[kit.Block | None]) -> list[dict[str, Any]]:
    """The blocks as Slack takes them; None stands for a block that is not needed."""
    needed = [block for block in blocks if block is not None]
    built: list[dict[str, Any]] = kit.WebhookMessage(blocks=needed).to_dict()["blocks"]
    return built


def modal(
    title: str,
    blocks: Sequence[kit.Block | None],
    *,
    callback_id: str = "notice",
    submit: str | None = None,
    private_metadata: str = "",
) -> dict[str, Any]:
    """The modal of these blocks, for views.open and views.update; without *submit* one to read."""
    built: dict[str, Any] = kit.ModalView(
        title=title,
        blocks=[block for block in blocks if block is not None],
        close="Cancel" if submit else "Close",
        submit=submit,
        private_metadata=private_metadata,
        callback_id=callback_id,
    ).to_dict()
    check_blocks(built["blocks"], text_limit=VIEW_TEXT_LIMIT)
    return built


def in_modal(view: MessageView) -> dict[str, Any]:
    """What the message shows in a modal to read, for views.open, views.push and views.update."""
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": MODAL_TITLE},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": list(view.blocks),
    }


def home(blocks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The Home tab of these blocks, for views.publish.

    Raises:
        InvalidBlocksError: Slack would refuse them; a fault of the view that made them.
    """
    check_blocks(blocks, text_limit=VIEW_TEXT_LIMIT)
    if len(blocks) > MOST_BLOCKS_OF_A_VIEW:
        raise InvalidBlocksError(f"{len(blocks)} blocks are too many for a view")
    return {"type": "home", "blocks": list(blocks)}
