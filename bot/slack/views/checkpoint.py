"""A checkpoint of the log, as it is posted for others to keep."""

from __future__ import annotations

from bot.domain.checkpoints import Checkpoint, checkpoint_line
from bot.slack.views import blocks
from bot.slack.views.formatting import slack_moment
from bot.slack.views.message import MessageView, message

HOW_TO_CHECK = (
    "Any later change of what came before shows against this.",
    "To check, copy this channel into a file: `hookflash audit verify --checkpoints FILE`",
)


def checkpoint_post(checkpoint: Checkpoint) -> MessageView:
    """What the log was, signed, in a form that can be copied back out of Slack."""
    headline = f"*Checkpoint of the audit log*: {checkpoint.seq} entries"
    told = f"{headline}, signed {slack_moment(checkpoint.signed_at)}."
    return message(
        told,
        [
            blocks.section("told", [told]),
            blocks.section("signed", [f"```{checkpoint_line(checkpoint)}```"]),
            blocks.context("how", HOW_TO_CHECK),
        ],
    )
