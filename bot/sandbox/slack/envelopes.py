"""How Slack brings something to an app in Socket Mode, and when it tries again."""

import json
import time
from uuid import uuid4

from bot.sandbox.slack.deliveries import Delivery, DeliveryKind
from bot.sandbox.slack.records import Json
from bot.sandbox.slack.sockets import SocketLostError, Sockets

_TYPES = {"command": "slash_commands", "event": "events_api"}
# Slack takes no answer to a click or an event; these it shows, or does with a modal as they say.
_ANSWERED: frozenset[DeliveryKind] = frozenset({"command", "view_submission"})


async def send_through(sockets: Sockets, delivery: Delivery, *, timeout_s: float) -> None:
    """Brings the delivery through one of the connections and writes down what came of it.

    An event that is not acknowledged goes through another connection at once, up to three times;
    Slack itself waits a minute and five before the later ones.
    """
    started = time.monotonic()
    last_attempt = delivery.last_attempt
    while True:
        delivery.envelope = _envelope(delivery)
        try:
            payload = await sockets.deliver(delivery.envelope, timeout_s=timeout_s)
        except TimeoutError:
            delivery.outcome = "timeout"
        except SocketLostError:
            delivery.outcome = "timeout" if sockets.open else "refused"
        else:
            delivery.outcome, delivery.status = "ok", 200
            delivery.body = "" if payload is None else json.dumps(payload)
        if delivery.is_ok or delivery.retry_attempt == last_attempt:
            break
        delivery.retry_attempt += 1
    delivery.took_s = time.monotonic() - started


def _envelope(delivery: Delivery) -> Json:
    return {
        "envelope_id": str(uuid4()),
        "type": _TYPES.get(delivery.kind, "interactive"),
        "payload": delivery.payload,
        "accepts_response_payload": delivery.kind in _ANSWERED,
        "retry_attempt": delivery.retry_attempt,
        "retry_reason": "timeout" if delivery.retry_attempt else "",
    }
