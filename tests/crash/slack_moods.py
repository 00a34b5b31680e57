"""Slack as the bots meet it: moody, at several doors, and taking note of what reaches people."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from typing import Any

from aiohttp import web

from bot.sandbox.slack import Delivery, SlackStandIn
from bot.sandbox.slack.faults import RESPONSE_URL, Fault, SlackFaults
from bot.sandbox.slack.web_api import ApiCall
from tests.crash.points import Point
from tests.scenario.company import BOT_TOKEN, SIGNING_SECRET

POST_MESSAGE = "chat.postMessage"
# By these the bot answers people; without the others it would know neither them nor itself.
ANSWERS = (RESPONSE_URL, POST_MESSAGE, "chat.update", "views.publish", "views.update", "views.open")
LONGEST_THOUGHT_S = 0.5
GONE = 0.04
# How Slack takes an answer, and how often: most of the time well.
_MOODS: dict[str, float] = {"well": 84, "limits": 4, "fails": 5, "acts and fails": 2, "slow": 5}
At = Callable[[Point, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the bot has put before people: through which response URL, or by which method."""

    way: str
    text: str
    args: dict[str, Any] = field(default_factory=dict)


class SlackMoods(SlackFaults):
    """Slack's faults, drawn anew for every answer."""

    def __init__(self, rng: Random) -> None:
        super().__init__()
        self.is_calm = False
        self._rng = rng

    def take(self, target: str) -> Fault | None:
        """The fault that this answer meets."""
        if self.is_calm or target not in ANSWERS:
            return None
        match self._rng.choices(list(_MOODS), list(_MOODS.values()))[0]:
            case "limits":
                return Fault(None, error="ratelimited", status=429, retry_after_s=1)
            case "fails":
                return Fault(None, status=500)
            case "acts and fails":
                return Fault(None, status=500, is_after_acting=True)
            case "slow":
                return Fault(None, delay_s=self._rng.uniform(0, LONGEST_THOUGHT_S))
            case _:
                return None

    def loses_response_url(self) -> bool:
        """Whether a response URL is gone before it was ever used."""
        return not self.is_calm and self._rng.random() < GONE


class MoodySlack(SlackStandIn):
    """Slack, which brings what people do to one of the replicas, as a balancer does."""

    def __init__(self, rng: Random, at: At) -> None:
        super().__init__(bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET)
        self.moods = self.faults = SlackMoods(rng)
        self.doors: list[str] = []
        self.answers: list[Told] = []
        self.rates.scale = math.inf  # a bot that starts every second would run into them
        self._rng = rng
        self._at = at
        self._is_gone: dict[str, bool] = {}
        self._door_of: dict[int, str] = {}
        self._door_of_way: dict[str, str] = {}

    def door_of(self, delivery: Delivery) -> str:
        """Where this was brought to."""
        return self._door_of[id(delivery)]

    def strike(self, point: Point, *, way: str) -> None:
        """This moment has come for the replica that has what is answered through this URL."""
        self._at(point, self._door_of_way.get(way, ""))

    def strike_after_ack(self, delivery: Delivery) -> None:
        """The replica has just acknowledged this."""
        self._at(Point.AFTER_ACK, self.door_of(delivery))

    async def _send(self, delivery: Delivery) -> Delivery:
        door = self._rng.choice(self.doors)
        self.request_url = f"{door}/slack/events"
        self._door_of[id(delivery)] = door
        self._door_of_way[way_of(delivery)] = door
        return await super()._send(delivery)

    def _respond(self, token: str, body: Any) -> web.Response:
        if token not in self._is_gone:
            self._is_gone[token] = self.moods.loses_response_url()
        if self._is_gone[token]:
            return web.Response(status=HTTPStatus.NOT_FOUND, text="expired_url")
        response = super()._respond(token, body)
        if response.status == HTTPStatus.OK:
            self.answers.append(Told(way=token, text=str(body)))
        self.strike(Point.SLACK_HAS_IT, way=token)
        return response

    def told(self) -> list[Told]:
        """All that the bot has put before people, oldest first for each way."""
        return self.answers + [_told_by(call) for call in self.api_calls if _was_done(call)]

    def not_told(self) -> list[Told]:
        """What Slack did not take when the bot wrote to people."""
        return [
            _told_by(call)
            for call in self.api_calls
            if call.method == POST_MESSAGE and call.status is not None and not _was_done(call)
        ]


def way_of(delivery: Delivery) -> str:
    """The end of the response URL that came with it; empty where none did."""
    return str(delivery.payload.get("response_url", "")).rsplit("/", 1)[-1]


def _told_by(call: ApiCall) -> Told:
    return Told(way=call.method, text=str(call.args), args=call.args)


def _was_done(call: ApiCall) -> bool:
    """Whether Slack did it, whatever it answered afterwards."""
    return bool(call.response and call.response.get("ok"))
