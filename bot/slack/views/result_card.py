"""The card that replaces the one on which somebody acted: what came of it, buttons gone."""

from __future__ import annotations

from bot.domain.audit import Action, Event
from bot.domain.changes import Change, Outcome
from bot.slack.views import blocks
from bot.slack.views.action_ids import ActionId
from bot.slack.views.escaping import escape
from bot.slack.views.formatting import Audience, Place
from bot.slack.views.message import MessageView, message
from bot.slack.views.notice import REASON_LIMIT
from bot.slack.views.outcome_words import outcome_words
from bot.slack.views.values import CallValue

LINE_LIMIT = 200


def result_card(
    change: Change, outcome: Outcome, *, audience: Audience, place: Place
) -> MessageView:
    """What came of the change, and of which call; unless it was hung up, a way to look again."""
    lines = [*result_lines(change, outcome, audience=audience, place=place)]
    if change.request.reason:
        lines.append(f"Reason: {audience.reason(change.request.reason, REASON_LIMIT)}")
    look = blocks.button("Details", ActionId.DETAILS, CallValue(change.call_sid).encode())
    is_over = change.action is Action.HANG_UP and outcome.event is Event.SUCCEEDED
    buttons = [] if is_over else [look]
    return message(
        "\n".join(lines), [blocks.section("outcome", lines), blocks.actions("actions", buttons)]
    )


def result_lines(
    change: Change, outcome: Outcome, *, audience: Audience, place: Place
) -> tuple[str, str]:
    """Marked-up lines: what came of the change, and of which call."""
    ends = [outcome.numbers.get(end, "") for end in ("from", "to")]
    parties = " → ".join(audience.party(end) for end in ends)
    call = f"`{change.call_sid}`"
    about = f"{escape(parties, LINE_LIMIT)}, {call}" if any(ends) else call
    return outcome_words(change, outcome, place), about
