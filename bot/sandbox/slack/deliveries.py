"""How Slack brings something to the app: signed, and given up after three seconds."""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Literal

import aiohttp

from bot.sandbox.slack.records import Json

ACK_TIMEOUT_S = 3.0
MOST_RETRIES = 3
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
KEPT = 2_000
"""How many deliveries, and how many calls of the Web API, are remembered."""
_RETRY_REASONS = {"timeout": "http_timeout", "refused": "connection_failed"}

DeliveryKind = Literal["command", "block_actions", "view_submission", "view_closed", "event"]


@dataclass(slots=True)
class Delivery:
    """One thing that a person did, as it was sent to the app, and what came back."""

    kind: DeliveryKind
    user_id: str
    payload: Json
    sent_body: bytes
    content_type: str
    sent_at: datetime
    headers: dict[str, str] = field(default_factory=dict)
    status: int | None = None
    body: str = ""
    took_s: float | None = None
    outcome: str = "waiting"
    """"ok", "timeout", "refused" (no connection), or "http_500" and the like."""
    shown_error: str | None = None
    """What Slack tells the person when the app's answer is no use."""
    retry_attempt: int = 0
    """How often Slack had brought the same thing before."""
    envelope: Json | None = None
    """What it was sent in through a socket; None where it went to the request URL."""

    @property
    def is_ok(self) -> bool:
        """Whether the app answered 200 in time."""
        return self.outcome == "ok"

    @property
    def last_attempt(self) -> int:
        """The number of the attempt after which Slack gives up: only events come again."""
        return self.retry_attempt + (MOST_RETRIES if self.kind == "event" else 0)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The value of X-Slack-Signature.

    Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
    """
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class AppAnswer:
    """What the app answers to a request of Slack's."""

    status: int
    text: str
    headers: Mapping[str, str]


class Deliverer:
    """Signs and posts to the app's request URL."""

    def __init__(self, signing_secret: str, clock: Callable[[], datetime]) -> None:
        self.signing_secret = signing_secret
        self.request_url: str | None = None
        self.ack_timeout_s = ACK_TIMEOUT_S
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Makes ready to send."""
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None), auto_decompress=True
        )

    async def close(self) -> None:
        """Ends every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def signed_headers(
        self, body: bytes, content_type: str, timestamp: str | None = None
    ) -> dict[str, str]:
        """The headers under which Slack sends this body; `timestamp` is now unless given."""
        timestamp = timestamp or str(int(self._clock().timestamp()))
        return {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self.signing_secret, timestamp, body),
        }

    async def post(self, body: bytes, headers: Mapping[str, str]) -> AppAnswer:
        """What the app answers.

        Raises:
            TimeoutError: the app took too long.
            aiohttp.ClientError: the connection failed.
        """
        if self._session is None or self.request_url is None:
            raise RuntimeError("start the stand-in and set its request_url first")
        timeout = aiohttp.ClientTimeout(total=self.ack_timeout_s)
        async with self._session.post(
            self.request_url, data=body, headers=headers, timeout=timeout, allow_redirects=False
        ) as response:
            text = await response.text(errors="replace")
            return AppAnswer(response.status, text, response.headers)

    async def send(self, delivery: Delivery) -> None:
        """Posts the delivery and writes down what came of it.

        An event that fails comes again at once, up to three times, unless the app's answer forbids
        it; Slack itself waits a minute and five before the later ones.
        """
        started = time.monotonic()
        last_attempt, reason = delivery.last_attempt, "http_timeout"
        while True:
            may_retry = await self._try(delivery, reason)
            if delivery.is_ok or not may_retry or delivery.retry_attempt == last_attempt:
                break
            reason = _RETRY_REASONS.get(delivery.outcome, "http_error")
            delivery.retry_attempt += 1
        delivery.took_s = time.monotonic() - started

    async def _try(self, delivery: Delivery, retry_reason: str) -> bool:
        """Posts once; whether the app would let Slack try again."""
        delivery.headers = self.signed_headers(delivery.sent_body, delivery.content_type)
        if delivery.retry_attempt:
            delivery.headers |= {
                "X-Slack-Retry-Num": str(delivery.retry_attempt),
                "X-Slack-Retry-Reason": retry_reason,
            }
        try:
            answer = await self.post(delivery.sent_body, delivery.headers)
        except TimeoutError:
            delivery.outcome = "timeout"
            return True
        except aiohttp.ClientError:
            delivery.outcome = "refused"
            return True
        delivery.status, delivery.body = answer.status, answer.text
        delivery.outcome = "ok" if answer.status == HTTPStatus.OK else f"http_{answer.status}"
        return answer.headers.get("X-Slack-No-Retry") != "1"
