"""What Slack says of the tokens: whether it takes them, whose they are, what they allow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.domain.errors import HookflashError

REFUSALS = ("invalid_auth", "account_inactive", "token_revoked", "token_expired", "not_authed")
# Source: https://docs.slack.dev/apis/web-api/#auth
SCOPES_HEADER = "x-oauth-scopes"


class TokenRefusedError(HookflashError):
    """Slack does not accept a token; the message says what to do."""


class SlackUnavailableError(HookflashError):
    """Slack did not answer, or not with what was asked for.

    `code` is Slack's word for it; `retry_after_s` is how long Slack wants to be left alone.
    """

    def __init__(self, message: str, *, code: str = "", retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class BotIdentity:
    """Who the bot is and what it may do; `scopes` is None where Slack does not tell."""

    team_id: str
    team_name: str
    bot_id: str
    user_id: str
    user_name: str
    scopes: frozenset[str] | None


async def identify_bot(client: AsyncWebClient, *, timeout_s: float) -> BotIdentity:
    """Who the bot is in the workspace that its token belongs to.

    Raises:
        SlackUnavailableError: Slack did not say.
        TokenRefusedError: Slack does not accept the bot token.
    """
    try:
        answer = await _answer_of(client.auth_test(), timeout_s=timeout_s)
    except SlackUnavailableError as error:
        if error.code in REFUSALS:
            raise TokenRefusedError(
                "Slack does not accept SLACK_BOT_TOKEN: install the app again and copy its "
                "bot token from the page OAuth & Permissions."
            ) from error
        raise
    return BotIdentity(
        team_id=answer["team_id"],
        team_name=answer.get("team") or "",
        bot_id=answer.get("bot_id") or "",
        user_id=answer.get("user_id") or "",
        user_name=answer.get("user") or "",
        scopes=_scopes_of(answer),
    )


async def try_app_token(client: AsyncWebClient, *, app_token: str, timeout_s: float) -> None:
    """Ask for a connection of Socket Mode, which nobody then opens.

    Raises:
        SlackUnavailableError: Slack gave none for another reason than the token.
        TokenRefusedError: Slack does not accept the app-level token for it.
    """
    await socket_address(client, app_token=app_token, timeout_s=timeout_s)


async def socket_address(client: AsyncWebClient, *, app_token: str, timeout_s: float) -> str:
    """Where one connection of Socket Mode can be opened, within the next half a minute.

    Raises:
        SlackUnavailableError: Slack gave none for another reason than the token.
        TokenRefusedError: Slack does not accept the app-level token for it.
    """
    try:
        answer = await _answer_of(
            client.apps_connections_open(app_token=app_token), timeout_s=timeout_s
        )
    except SlackUnavailableError as error:
        if error.code in (*REFUSALS, "not_allowed_token_type", "missing_scope"):
            raise TokenRefusedError(
                "Slack does not accept SLACK_APP_TOKEN: make an app-level token with the scope "
                "connections:write on the page Basic Information, and copy it."
            ) from error
        raise
    return str(answer["url"])


async def name_of_member(client: AsyncWebClient, user_id: str, *, timeout_s: float) -> str | None:
    """The name of a person in the workspace; None where there is nobody with this id.

    Raises:
        SlackUnavailableError: Slack did not say.
    """
    try:
        answer = await _answer_of(client.users_info(user=user_id), timeout_s=timeout_s)
    except SlackUnavailableError as error:
        if error.code in ("user_not_found", "user_not_visible"):
            return None
        raise
    user = answer["user"]
    return str(user.get("real_name") or user.get("name") or user_id)


async def _answer_of(
    request: Awaitable[AsyncSlackResponse], *, timeout_s: float
) -> AsyncSlackResponse:
    try:
        async with asyncio.timeout(timeout_s):
            return await request
    except SlackApiError as error:
        raise _refusal(error) from error
    except (ClientError, TimeoutError) as error:
        raise SlackUnavailableError("Slack could not be reached, or did not answer.") from error


def _refusal(error: SlackApiError) -> SlackUnavailableError:
    """What Slack said; a page of a proxy or an outage has no code, and comes as plain text."""
    response = error.response
    data = response.data if isinstance(response, AsyncSlackResponse) else None
    if not isinstance(data, dict) or not data.get("error"):
        return SlackUnavailableError("Slack answered with something that is not of its Web API.")
    code = str(data["error"])
    retry_after = response.headers.get("Retry-After", "")
    return SlackUnavailableError(
        f"Slack answered {code}.",
        code=code,
        retry_after_s=float(retry_after) if retry_after.isdecimal() else 0.0,
    )


def _scopes_of(answer: AsyncSlackResponse) -> frozenset[str] | None:
    for name, value in answer.headers.items():
        if name.lower() == SCOPES_HEADER:
            return frozenset(scope.strip() for scope in value.split(",") if scope.strip())
    return None
