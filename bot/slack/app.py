"""The Bolt app: verified requests in, listeners run, the ack last."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from aiohttp import ClientSession
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.audit import Surface
from bot.slack.desk import Desk
from bot.slack.error_handler import error_handler
from bot.slack.features import Feature
from bot.slack.installation import Installation
from bot.slack.router import register

# For one request; the SDK applies it to no session but its own, so the session must carry it.
SLACK_TIMEOUT_S = 5.0


def build_web_client(*, token: str, api_url: str, session: ClientSession) -> AsyncWebClient:
    """A client of Slack's Web API on the one shared session, which honours Retry-After."""
    return AsyncWebClient(
        token=token,
        base_url=api_url,
        session=session,
        retry_handlers=[
            AsyncConnectionErrorRetryHandler(),
            AsyncRateLimitErrorRetryHandler(max_retry_count=2),
        ],
    )


def build_slack_app(
    *,
    client: AsyncWebClient,
    signing_secret: str | None,
    installation: Installation,
    features: Sequence[Feature],
    desk: Desk,
    on_received: Callable[[Surface], object],
) -> AsyncApp:
    """The app with every feature registered; it asks nobody anything before an ack.

    *on_received* is told the kind of each request that came from Slack.
    Without a *signing_secret* it can take envelopes of Socket Mode only.
    """

    async def authorize() -> AuthorizeResult:
        return installation.authorized()

    logger = logging.getLogger("hookflash.bolt")
    logger.setLevel(logging.ERROR)  # it warns that `authorize` goes before the token: it should
    app = AsyncApp(
        name="hookflash",
        client=client,
        signing_secret=signing_secret,
        authorize=authorize,
        # With the ack last this avoids Bolt's 10 ms poll, and its lost ack when a listener raises.
        process_before_response=True,
        logger=logger,
    )
    logger.setLevel(logging.WARNING)
    app.error(error_handler(desk))
    register(app, features, desk, on_received=on_received)
    return app
