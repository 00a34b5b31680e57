"""What Slack is answered when a listener raised: a sentence where the person is looking."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.response import BoltResponse

from bot.domain.errors import (
    ChangeUnconfirmedError,
    HookflashError,
    InvalidInputError,
    InvalidTargetError,
    StaleCardError,
    TargetNotAllowedError,
)
from bot.slack.desk import Desk
from bot.slack.errors import explain, stale_words, words
from bot.slack.payloads import (
    MalformedPayloadError,
    parse_click,
    parse_home_opening,
    parse_submission,
)
from bot.slack.redirect_form import RedirectForm
from bot.slack.views.escaping import clip
from bot.slack.views.notice import notice_modal
from bot.slack.views.redirect_modal import block_of_target
from bot.slack.views.typed_inputs import REASON_BLOCK

_log = logging.getLogger(__name__)

LONGEST_FIELD_ERROR = 300
ErrorHandler = Callable[[Exception, dict[str, Any]], Awaitable[BoltResponse]]


def error_handler(desk: Desk) -> ErrorHandler:
    """What Bolt calls with whatever a listener raised before its ack."""

    async def on_error(error: Exception, body: dict[str, Any]) -> BoltResponse:
        if not isinstance(error, HookflashError | TimeoutError):
            _log.error("a listener failed", exc_info=error)
        try:
            return _answer(error, body, desk)
        except MalformedPayloadError:
            return BoltResponse(status=400, body="")

    return on_error


def _answer(error: Exception, body: Mapping[str, Any], desk: Desk) -> BoltResponse:
    """The sentence, where the person is looking.

    Raises:
        MalformedPayloadError: the payload does not tell where that is.
    """
    if isinstance(error, MalformedPayloadError):
        raise error
    if "command" in body:
        return _command_answer(error, desk)
    if body.get("type") == "view_submission":
        return _json(_modal_answer(error, body, desk))
    return _later_answer(error, body, desk)


def _command_answer(error: Exception, desk: Desk) -> BoltResponse:
    view = explain(error, command=desk.place.command)
    answer = {"response_type": "ephemeral", "text": view.text, "blocks": list(view.blocks)}
    return _json(answer)


def _later_answer(error: Exception, body: Mapping[str, Any], desk: Desk) -> BoltResponse:
    """A click and an event have no answer of their own: the sentence comes another way."""
    parse = parse_home_opening if body.get("type") == "event_callback" else parse_click
    asked = parse(body)
    work = desk.tell(error, asked.origin, asked.asking.actor)
    desk.tasks.spawn(work, name="explain an error")
    return BoltResponse(status=200, body="")


def _modal_answer(error: Exception, body: Mapping[str, Any], desk: Desk) -> dict[str, Any]:
    """At the field where the person can mend it, or in place of the form."""
    asked = parse_submission(body)
    if isinstance(error, InvalidTargetError | TargetNotAllowedError):
        block_id = block_of_target(asked.inputs)
        part = f"“{error.part}”: " if error.part else ""
        return _field_error(block_id, f"{part}{error.problem} {_what_to_do(error)}")
    if isinstance(error, InvalidInputError):
        return _field_error(REASON_BLOCK, error.problem)
    if isinstance(error, StaleCardError):
        form = RedirectForm.parse(asked.metadata).with_version(error.current_version)
        view = form.draw(
            desk.live.known(),
            at=desk.clock(),
            audience=desk.audiences.at_once(asked.asking.actor),
            changes=stale_words(error.changes, error.last_change),
            filled=asked.inputs,
        )
        return {"response_action": "update", "view": view}
    title = "Not known" if isinstance(error, ChangeUnconfirmedError) else "Not redirected"
    view = notice_modal(title, words(error, desk.place.command))
    return {"response_action": "update", "view": view}


def _what_to_do(error: InvalidTargetError | TargetNotAllowedError) -> str:
    """Plain text: at a field Slack shows no mention."""
    if isinstance(error, InvalidTargetError):
        return f"Example: {error.example}"
    return "Ask an admin of Hookflash." if error.ask else "Ask whoever runs Hookflash."


def _field_error(block_id: str, text: str) -> dict[str, Any]:
    return {"response_action": "errors", "errors": {block_id: clip(text, LONGEST_FIELD_ERROR)}}


def _json(answer: Mapping[str, Any]) -> BoltResponse:
    return BoltResponse(
        status=200, body=json.dumps(answer), headers={"content-type": ["application/json"]}
    )
