"""What goes between Slack, Hookflash and Twilio, in order, as the inspector shows it."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest
from itertools import chain
from typing import Any

from bot.sandbox.slack import ApiCall, Delivery, SlackStandIn
from bot.sandbox.twilio import ReceivedRequest, TwilioStandIn

MOST_SHOWN = 120
LONGEST_BODY = 3_000
FIRST_ERROR = 400
HOOKFLASH, SLACK, TWILIO = "Hookflash", "Slack", "Twilio"
# Who reads over somebody's shoulder must not be able to answer in the bot's name.
_SECRETS = (
    re.compile(r"((?:/commands|/actions)/\w+/)[0-9a-f]+"),
    re.compile(r"(\bticket=)[0-9a-f]+"),
    re.compile(r'("\w*(?:token|secret|password)"\s*:\s*")[^"]*', re.IGNORECASE),
    re.compile(r"(\bx(?:ox[a-z]|app)-)[\w-]+"),
)
_ACCOUNT = re.compile(r"/2010-04-01/Accounts/AC[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer."""

    key: str
    at: datetime
    sender: str
    receiver: str
    what: str
    outcome: str
    is_fault: bool
    took_ms: int | None
    """None while there is no answer."""
    asked: str
    answered: str


def exchanges(slack: SlackStandIn, twilio: TwilioStandIn) -> list[Exchange]:
    """The newest requests, the newest first."""
    found: Iterable[Exchange] = chain(
        map(_delivery, slack.deliveries[-MOST_SHOWN:]),
        map(_api_call, slack.api_calls[-MOST_SHOWN:]),
        map(_api_call, slack.responses[-MOST_SHOWN:]),
        map(_twilio_request, twilio.requests[-MOST_SHOWN:]),
    )
    return nlargest(MOST_SHOWN, found, key=lambda exchange: exchange.at)


def _delivery(delivery: Delivery) -> Exchange:
    return Exchange(
        key=f"delivery-{delivery.sent_at.timestamp()}",
        at=delivery.sent_at,
        sender=SLACK,
        receiver=HOOKFLASH,
        what=f"{delivery.kind} {_about(delivery.payload)}".strip(),
        outcome=delivery.outcome,
        is_fault=not delivery.is_ok and delivery.took_s is not None,
        took_ms=_ms(delivery.took_s),
        asked=_shown(delivery.payload),
        answered=_shown(delivery.body),
    )


def _about(payload: dict[str, Any]) -> str:
    """What a delivery is about, in a word or two."""
    if "command" in payload:
        return f"{payload['command']} {payload.get('text', '')}"
    if actions := payload.get("actions"):
        return str(actions[0].get("action_id", ""))
    about = payload.get("event") or payload.get("view") or {}
    return str(about.get("callback_id") or about.get("type") or "")


def _api_call(call: ApiCall) -> Exchange:
    is_refused = call.response is not None and call.response.get("ok") is False
    is_wrong = call.status is not None and call.status >= FIRST_ERROR
    outcome = str(call.response["error"]) if is_refused and call.response else _status(call.status)
    return Exchange(
        key=f"{call.method}-{call.at.timestamp()}",
        at=call.at,
        sender=HOOKFLASH,
        receiver=SLACK,
        what=call.method,
        outcome=outcome,
        is_fault=is_refused or is_wrong,
        took_ms=_ms(call.took_s),
        asked=_shown(call.args),
        answered=_shown(call.response or ""),
    )


def _twilio_request(request: ReceivedRequest) -> Exchange:
    is_over = request.took_s is not None
    no_answer = is_over and request.status is None
    return Exchange(
        key=request.request_id,
        at=request.at,
        sender=HOOKFLASH,
        receiver=TWILIO,
        what=_ACCOUNT.sub("", request.line),
        outcome="no answer" if no_answer else _status(request.status),
        is_fault=no_answer or (request.status or 0) >= FIRST_ERROR,
        took_ms=_ms(request.took_s),
        asked=_shown(request.form),
        answered=_shown(request.answered),
    )


def _status(status: int | None) -> str:
    return "waiting" if status is None else str(status)


def _ms(took_s: float | None) -> int | None:
    return None if took_s is None else round(took_s * 1_000)


def _shown(body: object) -> str:
    """A body as text, laid out, without what is secret, and cut where it goes on for long."""
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            return _cut(str(body))
    return _cut(json.dumps(body, indent=2, ensure_ascii=False)) if body else ""


def _cut(text: str) -> str:
    for secret in _SECRETS:
        text = secret.sub(r"\1…", text)
    return text if len(text) <= LONGEST_BODY else f"{text[:LONGEST_BODY]}\n…"
