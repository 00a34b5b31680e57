"""Asking which call is meant, where several fit what a person named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import slackblocks as kit

from bot.domain.calls import Call, Conversation
from bot.domain.card_version import CardVersion
from bot.domain.phone_numbers import is_e164
from bot.domain.redirects import Target
from bot.slack.views import blocks
from bot.slack.views.action_ids import ActionId
from bot.slack.views.confirm import call_words, hang_up_button
from bot.slack.views.escaping import escape
from bot.slack.views.formatting import Audience
from bot.slack.views.message import MessageView, message
from bot.slack.views.typed_inputs import reason_input, where_to_input
from bot.slack.views.values import CallValue

MOST_CHOICES = 10
LINE_LIMIT = 250
REFERENCE_LIMIT = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Intention:
    """What the person wants to do to the call: hang it up, or redirect it to the target."""

    target: Target | None = None
    reason: str = ""


def choices(
    reference: str,
    candidates: Sequence[Conversation],
    *,
    intended: Intention | None,
    at: datetime,
    audience: Audience,
) -> MessageView:
    """The calls that fit, each with a button for what the person had in mind (None: to see it)."""
    named = audience.number(reference) if is_e164(reference) else audience.free_text(reference)
    question = f"{len(candidates):,} calls fit “{escape(named, REFERENCE_LIMIT)}”. Which one?"
    lines = [question]
    drawn: list[kit.Block | None] = [blocks.section("question", [question])]
    if intended and intended.target:
        drawn.append(where_to_input(intended.target))
    if intended:
        drawn.append(reason_input(intended.reason))
    for position, conversation in enumerate(candidates[:MOST_CHOICES]):
        call = conversation.root
        words = escape(call_words(call, at, audience), LINE_LIMIT)
        lines.append(f"{words} ({call.sid})")
        drawn.append(
            blocks.section(
                f"choice-{position}",
                [words, f"`{call.sid}`"],
                accessory=_button(call, conversation, intended, at, audience),
            )
        )
    if len(candidates) > MOST_CHOICES:
        hint = f"{len(candidates) - MOST_CHOICES:,} more fit; give more of the SID or the number."
        lines.append(hint)
        drawn.append(blocks.context("more", [hint]))
    return message("\n".join(lines), drawn)


def _button(
    call: Call,
    conversation: Conversation,
    intended: Intention | None,
    at: datetime,
    audience: Audience,
) -> kit.Button:
    value = CallValue(call.sid, str(CardVersion.of(call.sid, conversation, None)))
    about = audience.parties(call)
    if intended is None:
        return blocks.button("Details", ActionId.DETAILS, value.encode(), about=about)
    if intended.target:
        return blocks.button("Redirect…", ActionId.REDIRECT, value.encode(), about=about)
    return hang_up_button(call, conversation, value, at=at, audience=audience, about=about)
