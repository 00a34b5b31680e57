"""Slack and Twilio as the killed bots meet them: moody, and taking note of what reaches them."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from aiohttp import web

from bot.sandbox.slack import SlackStandIn
from bot.sandbox.twilio import Call, Fault, FaultKind, Faults, ReceivedRequest, TwilioStandIn
from tests.crash.log_reading import Claim, LogReader, log_reader
from tests.crash.points import Point
from tests.ports import kept_port
from tests.scenario.company import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    BOT_TOKEN,
    SIGNING_SECRET,
    SUPPORT,
    SUPPORT_FLOW,
    SUPPORT_LINE,
    environ_for,
)

# So many that nobody's refusals are ever held back: each person may have a few a minute.
CROWD = tuple(f"U0OPERATOR{number}" for number in range(60))
_ACTS = {FaultKind.SLOW: 1.0, FaultKind.DROP_AFTER: 1.0, FaultKind.MALFORMED_JSON: 1.0}
# How Twilio takes a change, and how often: most of the time well, after a moment.
_MOODS: dict[FaultKind, float] = {
    FaultKind.SLOW: 84,
    FaultKind.SILENT: 3,
    FaultKind.DROP_BEFORE: 2,
    FaultKind.DROP_AFTER: 2,
    FaultKind.INTERNAL_ERROR: 3,
    FaultKind.UNAVAILABLE: 2,
    FaultKind.MALFORMED_JSON: 1,
    FaultKind.TOO_MANY_REQUESTS: 3,
}
_LONGEST_THOUGHT_S = 0.08
At = Callable[[Point], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A change of a call as it reached Twilio, and what the log held at that moment."""

    call_sid: str
    form: dict[str, str]
    claim: Claim | None
    acts_on_live_call: bool

    @property
    def is_recorded(self) -> bool:
        """Whether the intent and the mark as sent stood in the database."""
        return self.claim is not None and self.claim.is_requested and self.claim.state == "sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the bot has put before people: through which response URL, or by which method."""

    way: str
    text: str
    args: dict[str, Any] = field(default_factory=dict)


class Moods(Faults):
    """Twilio's faults, drawn anew for every change; each change is noted with what the log says."""

    def __init__(self, rng: Random, log: LogReader, calls: dict[str, Call], at: At) -> None:
        super().__init__()
        self.updates: list[Update] = []
        self.is_calm = False
        self._rng = rng
        self._log = log
        self._calls = calls
        self._at = at

    def take(self, request: ReceivedRequest) -> Fault | None:
        """The fault that this request meets."""
        if request.method != "POST":
            return None
        fault = None if self.is_calm else self._draw()
        call_sid = request.path.rsplit("/", 1)[-1].removesuffix(".json")
        self.updates.append(
            Update(
                call_sid=call_sid,
                form=request.form,
                claim=self._log.claim_on(call_sid),
                acts_on_live_call=(fault is None or fault.acts) and self._calls[call_sid].is_live,
            )
        )
        self._at(Point.TWILIO_HAS_IT)
        return fault

    def _draw(self) -> Fault:
        kind = self._rng.choices(list(_MOODS), list(_MOODS.values()))[0]
        return Fault(
            kind=kind,
            acts=self._rng.random() < _ACTS.get(kind, _acts_at_random(kind)),
            seconds=self._rng.uniform(0, _LONGEST_THOUGHT_S),
        )


def _acts_at_random(kind: FaultKind) -> float:
    return 0.0 if kind in {FaultKind.DROP_BEFORE, FaultKind.TOO_MANY_REQUESTS} else 0.5


class AttentiveSlack(SlackStandIn):
    """Slack, which takes note of every answer that reached a person."""

    def __init__(self, at: At) -> None:
        super().__init__(bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET)
        self.answers: list[Told] = []
        self.rates.scale = math.inf  # a bot that starts every second would run into them
        self._at = at

    def _respond(self, token: str, body: Any) -> web.Response:
        response = super()._respond(token, body)
        if response.status == 200:
            self.answers.append(Told(way=token, text=str(body)))
        self._at(Point.SLACK_HAS_IT)
        return response

    def told(self) -> list[Told]:
        """All that the bot has put before people, oldest first for each way."""
        return self.answers + [
            Told(way=call.method, text=str(call.args), args=call.args)
            for call in self.api_calls
            if call.status == 200
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything but the bot."""

    slack: AttentiveSlack
    twilio: TwilioStandIn
    moods: Moods
    log: LogReader
    environ: dict[str, str]

    @property
    def url(self) -> str:
        """Where each life of the bot listens."""
        return f"http://127.0.0.1:{self.environ['PORT']}"


@asynccontextmanager
async def world(database_url: str, rng: Random, at: At) -> AsyncIterator[World]:
    """Slack with its people, Twilio with its moods, and a look into the log."""
    log = log_reader(database_url)
    async with (
        AttentiveSlack(at) as slack,
        TwilioStandIn(account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN) as twilio,
        AsyncExitStack() as keeping,
    ):
        moods = Moods(rng, log, twilio.network.calls, at)
        twilio.faults = moods
        twilio.network.add_number(SUPPORT_LINE, "Support line", SUPPORT_FLOW)
        for user_id in CROWD:
            slack.workspace.add_user(user_id.lower(), user_id=user_id)
        slack.workspace.add_channel("support", channel_id=SUPPORT, members=CROWD)
        slack.ack_timeout_s = 10.0
        environ = environ_for(
            slack,
            twilio,
            database_url=database_url,
            HOST="127.0.0.1",
            PORT=str(keeping.enter_context(kept_port())),
            HOOKFLASH_OPERATORS=",".join(CROWD),
        )
        slack.request_url = f"http://127.0.0.1:{environ['PORT']}/slack/events"
        yield World(slack=slack, twilio=twilio, moods=moods, log=log, environ=environ)
