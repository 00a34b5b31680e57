"""Asking before a hang-up: which call it is, for how long it has lasted, who else will drop."""

from __future__ import annotations

from datetime import datetime

import slackblocks as kit

from bot.domain.calls import Call, Conference, Conversation
from bot.slack.views import blocks
from bot.slack.views.action_ids import ActionId
from bot.slack.views.escaping import escape
from bot.slack.views.formatting import (
    Audience,
    counted,
    direction_words,
    duration,
    listed,
    status_words,
)
from bot.slack.views.message import MessageView, message
from bot.slack.views.typed_inputs import reason_input
from bot.slack.views.values import CallValue

CONFIRM_LIMIT = 300
LINE_LIMIT = 400
# Of those whom one <Dial> calls at once; where one is let go, the others may still answer.
_BEFORE_ANSWER = frozenset({"queued", "initiated", "ringing"})


def call_words(call: Call, at: datetime, audience: Audience) -> str:
    """The call in plain words: who calls whom, and for how long."""
    return f"{audience.parties(call)}, {status_words(call.status)}, {duration(call.age_s(at))}"


def effect_on_others(
    call: Call,
    conversation: Conversation,
    audience: Audience,
    conference: Conference | None = None,
) -> str:
    """In plain words, what becomes of others when this leg is hung up or redirected.

    Source: https://www.twilio.com/docs/voice/tutorials/how-to-modify-calls-in-progress; taking a
    parent out of its <Dial> drops the legs that it dialled, without a child the parent goes on.
    """
    if conference is None:
        return _effect_on_legs(call, conversation, audience)
    # It has left whoever dialled it, and whom it dialled: a call is in one <Dial> at a time.
    dropped = conference.dropped_with(call.sid)
    others = counted(dropped, "other participant")
    return f"The conference ends with it, for {others} too." if dropped else ""


def _effect_on_legs(call: Call, conversation: Conversation, audience: Audience) -> str:
    others = conversation.others_than(call.sid)
    if call.sid == conversation.root.sid and others:
        return f"{listed([audience.other_end(leg) for leg in others])} will be cut off too."
    if call.parent_call_sid is None:
        return ""
    ringing = [audience.other_end(leg) for leg in others if leg.status in _BEFORE_ANSWER]
    if ringing:
        return f"{listed(ringing)} {'goes' if len(ringing) == 1 else 'go'} on ringing."
    parent = conversation.leg(call.parent_call_sid)
    if parent is None:
        return "The call that dialled it, if it is still up, goes on with its own flow."
    return f"{audience.other_end(parent)} goes on with its own flow." if parent.is_active else ""


def hang_up_dialog(
    call: Call,
    conversation: Conversation,
    *,
    at: datetime,
    audience: Audience,
    conference: Conference | None = None,
) -> kit.Confirm:
    """The question that Slack itself asks before it sends the click."""
    effect = effect_on_others(call, conversation, audience, conference)
    return kit.Confirm(
        title="Hang up this call?",
        text=blocks.plain_text(f"{call_words(call, at, audience)}. {effect}", CONFIRM_LIMIT),
        confirm="Hang up",
        deny="Keep call",
        style="danger",
    )


def hang_up_button(
    call: Call,
    conversation: Conversation,
    value: CallValue,
    *,
    at: datetime,
    audience: Audience,
    conference: Conference | None = None,
    about: str = "",
) -> kit.Button:
    """The button that hangs up, once the person has said yes; `about` as in `blocks.button`."""
    dialog = hang_up_dialog(call, conversation, at=at, audience=audience, conference=conference)
    return blocks.button(
        "Hang up", ActionId.HANG_UP, value.encode(), style="danger", confirm=dialog, about=about
    )


def hang_up_card(
    call: Call,
    conversation: Conversation,
    *,
    version: str,
    at: datetime,
    audience: Audience,
    reason: str = "",
) -> MessageView:
    """The question in a message, for a command that named the call by less than its whole SID.

    The reason that was typed stands in an input, and comes back with the click.
    """
    value = CallValue(call.sid, version).encode()
    effect = effect_on_others(call, conversation, audience)
    lines = [
        "*Hang up this call?*",
        escape(call_words(call, at, audience), LINE_LIMIT),
        f"{escape(direction_words(call), LINE_LIMIT)}, `{call.sid}`",
        *([escape(effect, LINE_LIMIT)] if effect else []),
    ]
    buttons = [
        blocks.button("Hang up", ActionId.HANG_UP, value, style="danger"),
        blocks.button("Details", ActionId.DETAILS, value),
    ]
    return message(
        "\n".join(lines),
        [
            blocks.section("question", lines),
            reason_input(reason),
            blocks.actions("answer", buttons),
        ],
    )
