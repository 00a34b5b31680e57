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

# The parts of a payload that Bolt itself reads without looking at their kind.
OBJECTS = ("user", "team", "enterprise", "channel", "view", "container", "message", "event")
TEXTS = ("type", "user_id", "team_id", "enterprise_id", "callback_id", "command", "ssl_check")


def events_handler(app: AsyncApp) -> Callable[[web.Request], Awaitable[web.Response]]:
    """What answers at `/slack/events`."""

    async def handle(request: web.Request) -> web.Response:
        try:
            text = (await request.read()).decode()
            if not _is_sensible(text, request.content_type):
                return web.Response(status=400, text="this is no request of Slack's")
        except ValueError:
            return web.Response(status=400, text="this is no request of Slack's")
        headers: dict[str, Any] = {name: [value] for name, value in request.headers.items()}
        asked = AsyncBoltRequest(body=text, query=request.query_string, headers=headers)
        return await to_aiohttp_response(await app.async_dispatch(asked))

    return handle


def _is_sensible(text: str, content_type: str) -> bool:
    """Whether the body has the shape of Slack's; raises ValueError where it is no JSON."""
    if content_type == "application/json":
        return _is_payload(json.loads(text))
    form = parse_qs(text, keep_blank_values=True)
    if any(len(values) > 1 for values in form.values()):
        return False
    if "payload" in form:
        return _is_payload(json.loads(form["payload"][0]))
    return "command" in form or "ssl_check" in form


def _is_payload(payload: object) -> bool:
    if not isinstance(payload, dict):
        return False
    actions = payload.get("actions")
    return (
        all(isinstance(payload.get(name) or {}, dict) for name in OBJECTS)
        and all(isinstance(payload.get(name) or "", str) for name in TEXTS)
        and (actions is None or _are_actions(actions))
    )


def _are_actions(actions: object) -> bool:
    return (
        isinstance(actions, list)
        and bool(actions)
        and all(isinstance(action, dict) for action in actions)
    )
