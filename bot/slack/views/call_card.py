"""The details card: one call with all its legs, drawn as people hear it."""

from __future__ import annotations

from datetime import datetime

import slackblocks as kit

from bot.domain.calls import Call, CallDetails
from bot.domain.card_version import CardVersion
from bot.domain.changes import LastChanges
from bot.slack.views import blocks
from bot.slack.views.action_ids import ActionId
from bot.slack.views.confirm import call_words, effect_on_others, hang_up_button
from bot.slack.views.escaping import escape
from bot.slack.views.formatting import (
    Audience,
    counted,
    direction_words,
    duration,
    slack_moment,
    slack_time,
    status_words,
)
from bot.slack.views.message import MessageView, message
from bot.slack.views.values import CallValue

FACT_LIMIT = 100
LINE_LIMIT = 250
CALLER_NAME_LIMIT = 100
# Facts that stand in the call's words, too.
IN_CALL_WORDS = ("Status", "Duration")


def call_card(
    details: CallDetails,
    *,
    last_changes: LastChanges | None,
    audience: Audience,
    can_be_posted: bool = True,
    banner: str = "",
) -> MessageView:
    """The card of one call. `banner` is marked-up text on top.

    `last_changes` has the newest change of the call, if any; it is None where that is not known.
    `can_be_posted` is for a card that the person alone sees, with a channel at hand.
    """
    call, at = details.call, details.looked_at
    version = CardVersion.of(call.sid, details.conversation, last_changes)
    value = CallValue(call.sid, str(version))
    facts = _facts(call, at, audience)
    caller_name = _caller_name(call, audience)
    more = [*_legs(details, audience), *_surroundings(details, audience)]
    small_print = [f"As of {slack_time(at)}", audience.readers]
    buttons = _buttons(details, value, audience)
    if can_be_posted:
        buttons.append(blocks.button("Post to channel", ActionId.POST, value.encode()))
    fields = [blocks.mrkdwn(f"*{name}*\n{fact}") for name, fact in facts.items()]
    if caller_name:
        fields.append(blocks.plain_text(caller_name, CALLER_NAME_LIMIT))
    spoken = [
        banner,
        escape(call_words(call, at, audience), LINE_LIMIT),
        *(f"{name}: {fact}" for name, fact in facts.items() if name not in IN_CALL_WORDS),
        escape(caller_name, CALLER_NAME_LIMIT) if caller_name else "",
        *more,
        *small_print,
    ]
    return message(
        "\n".join(filter(None, spoken)),
        [
            blocks.banner(banner),
            blocks.header("parties", audience.parties(call)),
            blocks.fields("facts", fields),
            blocks.section("more", more) if more else None,
            blocks.actions("actions", buttons),
            blocks.context("small-print", small_print),
        ],
    )


def _facts(call: Call, at: datetime, audience: Audience) -> dict[str, str]:
    """What is known of the call, marked-up, by what each is called."""
    facts = {
        "Status": escape(status_words(call.status), FACT_LIMIT),
        "Duration": duration(call.age_s(at)),
        "Direction": escape(direction_words(call), FACT_LIMIT),
        "Began": slack_moment(call.began_at) if call.began_at else "",
        "Ended": slack_moment(call.ended_at) if call.ended_at else "",
        "Forwarded from": _escaped(audience.number(call.forwarded_from), call.forwarded_from),
        "Answered by": _escaped(call.answered_by),
        "Caller ID check (STIR)": _escaped(call.stir_verstat),
        "SID": f"`{call.sid}`",
    }
    return {name: fact for name, fact in facts.items() if fact}


def _caller_name(call: Call, audience: Audience) -> str:
    """In plain words, an attacker's perhaps; empty where there is none."""
    if not call.caller_name:
        return ""
    name = "hidden" if audience.hide_numbers else call.caller_name
    return f"Caller name, as the network sent it: {name}"


def _escaped(shown: str, raw: str | None = None) -> str:
    """Marked-up: the fact, empty where Twilio told none."""
    return escape(shown, FACT_LIMIT) if (shown if raw is None else raw) else ""


def _legs(details: CallDetails, audience: Audience) -> list[str]:
    """Marked-up lines: each leg with its status, numbers and duration; nothing for a lone leg."""
    legs = details.conversation.legs
    if len(legs) == 1:
        return []
    lines = ["*Legs*"]
    for leg in legs:
        words = escape(call_words(leg, details.looked_at, audience), LINE_LIMIT)
        mark = " (this card)" if leg.sid == details.call.sid else ""
        direction = escape(direction_words(leg), FACT_LIMIT)
        lines.append(f"• {words}, {direction}, `{leg.sid}`{mark}")
    return lines


def _surroundings(details: CallDetails, audience: Audience) -> list[str]:
    """Marked-up lines: the conference, and who is touched when the call is changed."""
    lines = []
    if details.conference:
        name = escape(audience.free_text(details.conference.friendly_name), FACT_LIMIT)
        people = counted(len(details.conference.participant_call_sids), "participant")
        lines.append(f"In the conference “{name}” with {people}.")
    elif not details.is_conference_known:
        lines.append("Twilio did not tell whether it is in a conference.")
    if details.call.is_active:
        effect = effect_on_others(details.call, details.conversation, audience, details.conference)
        if effect:
            lines.append(f"If it is hung up or redirected: {escape(effect, LINE_LIMIT)}")
    return lines


def _buttons(details: CallDetails, value: CallValue, audience: Audience) -> list[kit.Button]:
    call = details.call
    buttons = [blocks.button("Refresh", ActionId.REFRESH_CARD, value.encode())]
    if audience.can_act:
        buttons.insert(0, blocks.button("History", ActionId.HISTORY, value.encode()))
    if call.is_active and audience.can_act:
        hang_up = hang_up_button(
            call,
            details.conversation,
            value,
            at=details.looked_at,
            audience=audience,
            conference=details.conference,
        )
        buttons[:0] = [blocks.button("Redirect…", ActionId.REDIRECT, value.encode()), hang_up]
    return buttons
