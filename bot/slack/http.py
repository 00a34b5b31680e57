"""Slack's requests over HTTP: what is no request of Slack's in form is refused before Bolt."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from time import monotonic, time
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.slack.payload_shape import has_payload_shape

_log = logging.getLogger(__name__)

TIMESTAMP = "X-Slack-Request-Timestamp"
# Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
SIGNATURE_LASTS_S = 300
SILENT_FOR_S = 600.0


def events_handler(app: AsyncApp) -> Callable[[web.Request], Awaitable[web.Response]]:
    """What answers at `/slack/events`."""
    turned_away = _TurnedAway()

    async def handle(request: web.Request) -> web.Response:
        try:
            text = (await request.read()).decode()
            payload = _payload_in(text, request.content_type)
        except (ValueError, RecursionError):
            return web.Response(status=400, text="this is no request of Slack's")
        headers: dict[str, Any] = {name: [value] for name, value in request.headers.items()}
        asked = AsyncBoltRequest(body=payload, query=request.query_string, headers=headers)
        asked.raw_body = text  # it is this that Slack signed
        answer = await app.async_dispatch(asked)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            turned_away.tell(int(request.headers.get(TIMESTAMP, 0)))
        return await to_aiohttp_response(answer)

    return handle


class _TurnedAway:
    """Tells the log of signatures that do not fit, once in a while: anybody can send such.

    A secret that was copied from the wrong place shows nowhere else: Slack tells people that the
    command failed, and no more.
    """

    def __init__(self) -> None:
        self._silent_until = -math.inf

    def tell(self, signed_at: int) -> None:
        """One came that was signed at this time, in seconds since 1970, or so it says."""
        if monotonic() < self._silent_until:
            return
        self._silent_until = monotonic() + SILENT_FOR_S
        off_s = abs(int(time()) - signed_at)
        if off_s > SIGNATURE_LASTS_S:
            _log.warning(
                "a request was turned away whose time is %d s from this machine's clock; if Slack "
                "sent it, set the clock",
                off_s,
            )
        else:
            _log.warning(
                "a request was turned away whose signature does not fit SLACK_SIGNING_SECRET; if "
                "Slack sent it, copy the Signing Secret from the app's page Basic Information again"
            )


def _payload_in(text: str, content_type: str) -> str:
    """The payload as JSON, of the shape of Slack's, so that Bolt reads what was looked at here.

    Bolt would take each form with the word "payload" anywhere in it, such as in a reason or in the
    name of a channel, for one that has a field of that name, and a command for nothing at all.

    Raises:
        ValueError: it is no JSON, or no request of Slack's.
        RecursionError: it is JSON that nests deeper than anybody reads.
    """
    if content_type == "application/json":
        return _checked(text)
    form = parse_qs(text, keep_blank_values=True)
    if any(len(values) > 1 for values in form.values()):
        raise ValueError("a field is given twice")
    if "payload" in form:
        return _checked(form["payload"][0])
    if "command" not in form and "ssl_check" not in form:
        raise ValueError("this is no form of Slack's")
    return _checked(json.dumps({name: values[0] for name, values in form.items()}))


def _checked(payload: str) -> str:
    if not has_payload_shape(json.loads(payload)):
        raise ValueError("this is no payload of Slack's")
    return payload.strip()  # by the first character Bolt knows JSON
