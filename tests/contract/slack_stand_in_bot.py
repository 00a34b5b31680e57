"""A little app for the tests of the Slack stand-in, and what it sends."""

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import Channel, Message, SlackStandIn, User

BOT_TOKEN = "xoxb-stand-in"
SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
Json = dict[str, Any]
Answer = Callable[[Json], Awaitable[web.Response]]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 14, 2, 7, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Received:
    """One request as it reached the app."""

    payload: Json
    headers: dict[str, str]
    is_signed: bool


@dataclass
class LittleBot:
    """An app that checks signatures, remembers what it was sent and answers as it is told."""

    received: list[Received] = field(default_factory=list)
    answer: Answer | None = None

    def says(self, answer: Json | str = "", *, status: int = 200) -> None:
        """Sets the answer to everything that comes."""

        async def always(_payload: Json) -> web.Response:
            if isinstance(answer, str):
                return web.Response(status=status, text=answer)
            return web.json_response(answer, status=status)

        self.answer = always

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        payload = await _payload(request)
        self.received.append(Received(payload, dict(request.headers), _is_signed(request, body)))
        return web.Response() if self.answer is None else await self.answer(payload)


@dataclass
class Stage:
    """A workspace with two people in #ops, the app in it too, and everything to act with."""

    slack: SlackStandIn
    bot: LittleBot
    web_client: AsyncWebClient
    http: aiohttp.ClientSession
    clock: Clock
    ana: User
    ben: User
    ops: Channel

    def seen_by(self, user: User) -> list[Message]:
        return self.slack.workspace.messages_for(user.id, self.ops.id)

    async def post(self, url: str, body: Any) -> tuple[int, str]:
        async with self.http.post(url, json=body) as response:
            return response.status, await response.text()


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def button(text: str, **extra: Any) -> Json:
    return {"type": "button", "action_id": text.lower(), "text": plain(text), **extra}


def actions(*elements: Json, block_id: str = "row") -> Json:
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def text_input(block_id: str = "target", **element: Any) -> Json:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain("Where to"),
        "element": {"type": "plain_text_input", "action_id": "typed", **element},
    }


def modal(*blocks: Json, **extra: Any) -> Json:
    return {
        "type": "modal",
        "title": plain("Redirect"),
        "submit": plain("Redirect"),
        "blocks": list(blocks or [text_input()]),
        **extra,
    }


async def _payload(request: web.Request) -> Json:
    if request.content_type == "application/json":
        event: Json = await request.json()
        return event
    form = dict(await request.post())
    if "payload" in form:
        interaction: Json = json.loads(str(form["payload"]))
        return interaction
    return form


def _is_signed(request: web.Request, body: bytes) -> bool:
    timestamp = request.headers["X-Slack-Request-Timestamp"]
    digest = hmac.new(
        SIGNING_SECRET.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256
    ).hexdigest()
    return request.headers["X-Slack-Signature"] == f"v0={digest}"
