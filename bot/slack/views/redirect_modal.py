"""The modal that asks where to send a call, and reading what was put into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import slackblocks as kit

from bot.domain.calls import Call, Conversation
from bot.domain.errors import InvalidTargetError
from bot.domain.redirects import (
    BUILT_IN_TARGETS,
    EXAMPLE_TARGET,
    NamedTarget,
    Target,
    TwimlTarget,
    UrlTarget,
    write_target,
)
from bot.slack.views import blocks
from bot.slack.views.confirm import call_words, effect_on_others
from bot.slack.views.escaping import clip, escape
from bot.slack.views.formatting import Audience
from bot.slack.views.message import modal
from bot.slack.views.typed_inputs import INPUT, INPUT_LIMIT, REASON_BLOCK, reason_input

CALLBACK_ID = "call.redirect"
TARGET_BLOCK = "redirect.target"
URL_BLOCK = "redirect.url"
TWIML_BLOCK = "redirect.twiml"
URL_CHOICE = "url"
TWIML_CHOICE = "twiml"
# What the inputs beside the choice are called, and what stands in them where nothing does.
_FIELDS = {
    URL_CHOICE: ("URL", "https://voice.example.com/hold"),
    TWIML_CHOICE: ("TwiML", "<Response><Say>One moment, please.</Say></Response>"),
}
LINE_LIMIT = 300
OPTION_LIMIT = 75


def redirect_modal(
    call_sid: str,
    conversation: Conversation | None,
    *,
    private_metadata: str,
    at: datetime,
    audience: Audience,
    changes: Sequence[str] = (),
    filled: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The modal as Slack takes it.

    It opens at once, so the `conversation` may not be known yet. `changes` say, in marked-up text,
    what has changed since it was shown: the person is asked again, and what was put in stays.
    `filled` is what stands in the inputs at first, by block id. `private_metadata` is at most 3,000
    characters.
    """
    call = conversation.leg(call_sid) if conversation else None
    return modal(
        "Redirect a call",
        [
            _warning(changes),
            blocks.section("call", _about(call_sid, call, conversation, at, audience)),
            *_inputs(filled or {}),
        ],
        callback_id=CALLBACK_ID,
        submit="Redirect",
        private_metadata=private_metadata,
    )


def submitted_target(inputs: Mapping[str, str]) -> Target:
    """The target that was chosen, by the inputs' block ids; whether it may be used is not asked.

    Raises:
        InvalidTargetError: none was chosen, or its input was left empty.
    """
    choice = inputs.get(TARGET_BLOCK, "")
    if not choice:
        raise InvalidTargetError("Where to", "Choose where the call goes.", EXAMPLE_TARGET)
    if choice not in (URL_CHOICE, TWIML_CHOICE):
        return NamedTarget(choice)
    filled = inputs.get(block_of_target(inputs), "").strip()
    if not filled:
        name, example = _FIELDS[choice]
        raise InvalidTargetError(name, "Fill this in, or choose another target.", example)
    return UrlTarget(filled) if choice == URL_CHOICE else TwimlTarget(filled)


def inputs_of(target: Target, reason: str) -> dict[str, str]:
    """What stands in the inputs for this target and reason, by block id.

    Raises:
        InvalidTargetError: it is longer than an input can be.
    """
    if len(write_target(target)) > INPUT_LIMIT:
        raise InvalidTargetError(
            "target",
            f"Slack's form takes {INPUT_LIMIT:,} characters at the most. Name the call by its "
            "whole SID: then no form is needed.",
            "redirect CA0123456789abcdef0123456789abcdef <Response>…</Response>",
        )
    match target:
        case UrlTarget(url):
            chosen = {TARGET_BLOCK: URL_CHOICE, URL_BLOCK: url}
        case TwimlTarget(twiml):
            chosen = {TARGET_BLOCK: TWIML_CHOICE, TWIML_BLOCK: twiml}
        case NamedTarget(key):
            chosen = {TARGET_BLOCK: key}
    return {**chosen, REASON_BLOCK: reason}


def block_of_target(inputs: Mapping[str, str]) -> str:
    """The block id of the input that a fault of the target belongs to."""
    by_choice = {URL_CHOICE: URL_BLOCK, TWIML_CHOICE: TWIML_BLOCK}
    return by_choice.get(inputs.get(TARGET_BLOCK, ""), TARGET_BLOCK)


def _warning(changes: Sequence[str]) -> kit.Block | None:
    if not changes:
        return None
    intro = "*The call has changed since it was shown to you.* Look again, then press Redirect."
    return blocks.section("changes", [intro, *(f"• {change}" for change in changes)])


def _about(
    call_sid: str,
    call: Call | None,
    conversation: Conversation | None,
    at: datetime,
    audience: Audience,
) -> list[str]:
    if call is None or conversation is None:
        return [f"`{call_sid}`"]
    effect = effect_on_others(call, conversation, audience)
    lines = [escape(call_words(call, at, audience), LINE_LIMIT), f"`{call_sid}`"]
    return [*lines, f"*{escape(effect, LINE_LIMIT)}*"] if effect else lines


def _inputs(filled: Mapping[str, str]) -> list[kit.Block]:
    options = _options()
    url_label, url_example = _FIELDS[URL_CHOICE]
    twiml_label, twiml_example = _FIELDS[TWIML_CHOICE]
    chosen = (option for option in options if option.value == filled.get(TARGET_BLOCK))
    return [
        kit.InputBlock(
            label="Where to",
            element=kit.StaticSelectMenu(
                action_id=INPUT,
                options=options,
                initial_option=next(chosen, None),
                placeholder="Choose a target",
            ),
            block_id=TARGET_BLOCK,
        ),
        kit.InputBlock(
            label=url_label,
            element=kit.URLInput(
                action_id=INPUT,
                initial_value=clip(filled.get(URL_BLOCK, ""), INPUT_LIMIT) or None,
                placeholder=url_example,
            ),
            hint="For the target “A URL”: it must answer with TwiML.",
            block_id=URL_BLOCK,
            optional=True,
        ),
        kit.InputBlock(
            label=twiml_label,
            element=kit.PlainTextInput(
                action_id=INPUT,
                initial_value=clip(filled.get(TWIML_BLOCK, ""), INPUT_LIMIT) or None,
                multiline=True,
                max_length=INPUT_LIMIT,
                placeholder=twiml_example,
            ),
            hint="For the target “TwiML”: from <Response> to </Response>.",
            block_id=TWIML_BLOCK,
            optional=True,
        ),
        reason_input(filled.get(REASON_BLOCK, "")),
    ]


def _options() -> list[kit.Option]:
    built_in = [
        _option(target.title, target.key, target.description) for target in BUILT_IN_TARGETS
    ]
    return [
        *built_in,
        _option("A URL", URL_CHOICE, "Twilio fetches TwiML from it."),
        _option("TwiML", TWIML_CHOICE, "Instructions written here."),
    ]


def _option(title: str, value: str, description: str) -> kit.Option:
    return kit.Option(
        blocks.plain_text(title, OPTION_LIMIT), value, clip(description, OPTION_LIMIT)
    )
