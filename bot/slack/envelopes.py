"""Envelopes of Socket Mode: what Slack brings in one, and the frame that acknowledges it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.slack.payload_shape import has_payload_shape
from bot.slack.payloads import REPEATED

_OK = 200
_COMMANDS = "slash_commands"
_EVENTS = "events_api"
_NOT_UNDERSTOOD = "Hookflash could not make sense of this command; nothing was done."


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One thing that Slack brings; the payload is not looked at yet.

    Source: https://docs.slack.dev/apis/events-api/using-socket-mode
    """

    envelope_id: str
    kind: str
    payload: object
    takes_answer: bool
    retry_attempt: int = 0

    @classmethod
    def parse(cls, frame: Mapping[str, Any]) -> Envelope | None:
        """The envelope in *frame*; None where it cannot even be acknowledged."""
        envelope_id = frame.get("envelope_id")
        if not isinstance(envelope_id, str) or not envelope_id:
            return None
        retry_attempt = frame.get("retry_attempt")
        return cls(
            envelope_id=envelope_id,
            kind=str(frame.get("type")),
            payload=frame.get("payload"),
            takes_answer=frame.get("accepts_response_payload") is True,
            retry_attempt=retry_attempt if isinstance(retry_attempt, int) else 0,
        )


def read_frame(text: str) -> dict[str, Any]:
    """The object in a frame; empty where it holds anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


Acknowledgement = Mapping[str, Any]
EnvelopeHandler = Callable[[Envelope], Awaitable[Acknowledgement | None]]


def envelope_handler(app: AsyncApp) -> EnvelopeHandler:
    """What turns an envelope into its acknowledgement, or into None where Slack shall get none.

    What HTTP answers with 200 is acknowledged. For the rest Slack has no frame: an event is
    acknowledged, since it would come again and again; a command is answered in words; a click or a
    modal is left alone, so that Slack tells the person that it failed, as it does over HTTP.
    """

    async def handle(envelope: Envelope) -> Acknowledgement | None:
        response = await _dispatch(app, envelope)
        if response.status == _OK:
            return _acknowledge(envelope, json.loads(response.body) if response.body else None)
        if envelope.kind == _EVENTS:
            return _acknowledge(envelope)
        if envelope.kind == _COMMANDS:
            return _acknowledge(envelope, {"response_type": "ephemeral", "text": _NOT_UNDERSTOOD})
        return None

    return handle


async def _dispatch(app: AsyncApp, envelope: Envelope) -> BoltResponse:
    payload = envelope.payload
    if not isinstance(payload, dict) or not has_payload_shape(payload):
        return BoltResponse(status=400)
    attempt = envelope.retry_attempt
    headers: dict[str, str | Sequence[str]] = {REPEATED: str(attempt)} if attempt else {}
    request = AsyncBoltRequest(mode="socket_mode", body=payload, headers=headers)
    return await app.async_dispatch(request)


def _acknowledge(envelope: Envelope, answer: object = None) -> Acknowledgement:
    frame: dict[str, Any] = {"envelope_id": envelope.envelope_id}
    if answer is not None and envelope.takes_answer:
        frame["payload"] = answer
    return frame
