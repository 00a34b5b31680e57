"""Cards that were posted long ago, with buttons that may carry anything."""

from __future__ import annotations

from bot.sandbox.slack import Message
from bot.sandbox.slack.content import Content
from tests.scenario.company import SUPPORT, Company

LABEL = "Press"


def old_card(company: Company, action_id: str, value: str, *, where: str = SUPPORT) -> Message:
    """A card on which anybody in the channel can press the one button, whatever they may do."""
    button = {
        "type": "button",
        "action_id": action_id,
        "value": value,
        "text": {"type": "plain_text", "text": LABEL},
    }
    content = Content("An old card", [{"type": "actions", "elements": [button]}])
    return company.slack.workspace.post(where, content)
