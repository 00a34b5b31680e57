"""The few kinds of blocks that the views are built of.

Marked-up text is always verbatim: Slack makes no links and mentions of what merely looks like them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import slackblocks as kit

from bot.slack.views.escaping import clip_marked_up, plain
from bot.slack.views.limits import SECTION_LIMIT, fit_lines

HEADER_LIMIT = 150
BANNER_LIMIT = 800
FIELD_LIMIT = 2000
SPOKEN_LIMIT = 75
MOST_FIELDS = 10


def mrkdwn(text: str) -> kit.Text:
    """Marked-up text; whatever of it is not ours must be escaped."""
    return kit.Text(text, type_=kit.TextType.MARKDOWN, verbatim=True)


def plain_text(text: str, limit: int) -> kit.Text:
    """Text that Slack shows as it is, at most *limit* characters of it."""
    return kit.Text(plain(text, limit), type_=kit.TextType.PLAINTEXT)


def header(block_id: str, text: str) -> kit.Block:
    """A headline."""
    return kit.HeaderBlock(plain_text(text, HEADER_LIMIT), block_id=block_id)


def banner(text: str, block_id: str = "banner") -> kit.Block | None:
    """Marked-up text on top of a message; None where there is nothing to say."""
    return section(block_id, [clip_marked_up(text, BANNER_LIMIT)]) if text else None


def section(
    block_id: str, lines: Iterable[str], *, accessory: kit.Button | None = None
) -> kit.Block:
    """Lines of marked-up text; those that do not fit are counted."""
    text = mrkdwn(fit_lines(lines, SECTION_LIMIT))
    return kit.SectionBlock(text, block_id=block_id, accessory=accessory)


def fields(block_id: str, texts: Sequence[kit.Text]) -> kit.Block:
    """Short texts in two columns, at most ten."""
    shown: list[str | kit.Text] = list(texts[:MOST_FIELDS])
    return kit.SectionBlock(block_id=block_id, fields=shown)


def context(block_id: str, lines: Iterable[str]) -> kit.Block:
    """Small print; empty lines are left out."""
    text = fit_lines(filter(None, lines), FIELD_LIMIT)
    return kit.ContextBlock([mrkdwn(text)], block_id=block_id)


def actions(block_id: str, buttons: Sequence[kit.Button]) -> kit.Block | None:
    """A row of buttons; None where there are none."""
    return kit.ActionsBlock(list(buttons), block_id=block_id) if buttons else None


def button(
    label: str,
    action_id: str,
    value: str,
    *,
    style: Literal["primary", "danger"] | None = None,
    confirm: kit.Confirm | None = None,
    about: str = "",
) -> kit.Button:
    """A button that sends its value back.

    `about` is which call it is about, in plain text, where there are more than one: screen readers
    read it after the label.
    """
    return kit.Button(
        label,
        action_id=str(action_id),
        value=value,
        style=style,
        confirm=confirm,
        accessibility_label=plain(f"{label}: {about}", SPOKEN_LIMIT) if about else None,
    )
