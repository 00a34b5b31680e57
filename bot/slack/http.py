"""Slack's requests over HTTP: what is no request of Slack's in form is refused before Bolt."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.slack.payload_shape import has_payload_shape


def events_handler(app: AsyncApp) -> Callable[[web.Request], Awaitable[web.Response]]:
    """What answers at `/slack/events`."""

    async def handle(request: web.Request) -> web.Response:
        try:
            text = (await request.read()).decode()
            if not _is_sensible(text, request.content_type):
                return web.Response(status=400, text="this is no request of Slack's")
        except (ValueError, RecursionError):
            return web.Response(status=400, text="this is no request of Slack's")
        headers: dict[str, Any] = {name: [value] for name, value in request.headers.items()}
        asked = AsyncBoltRequest(body=text, query=request.query_string, headers=headers)
        return await to_aiohttp_response(await app.async_dispatch(asked))

    return handle


def _is_sensible(text: str, content_type: str) -> bool:
    """Whether the body has the shape of Slack's.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it is JSON that nests deeper than anybody reads.
    """
    if content_type == "application/json":
        return has_payload_shape(json.loads(text))
    form = parse_qs(text, keep_blank_values=True)
    if any(len(values) > 1 for values in form.values()):
        return False
    if "payload" in form:
        return has_payload_shape(json.loads(form["payload"][0]))
    return "command" in form or "ssl_check" in form
