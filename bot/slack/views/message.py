"""What a view returns, made of blocks that Slack takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import slackblocks as kit

from bot.slack.views.escaping import clip_marked_up
from bot.slack.views.limits import FALLBACK_LIMIT, MODAL_TEXT_LIMIT, check_blocks


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message: its blocks, and the text for notifications and screen readers."""

    text: str
    blocks: tuple[dict[str, Any], ...]


def message(text: str, blocks: Sequence[kit.Block | None]) -> MessageView:
    """The message of these blocks; None stands for a block that is not needed."""
    built = kit.WebhookMessage(blocks=[block for block in blocks if block is not None]).to_dict()
    check_blocks(built["blocks"])
    return MessageView(clip_marked_up(text, FALLBACK_LIMIT), tuple(built["blocks"]))


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
    check_blocks(built["blocks"], text_limit=MODAL_TEXT_LIMIT)
    return built
