"""Clients of Slack and Twilio, made of the settings."""

from __future__ import annotations

from aiohttp import ClientSession
from slack_sdk.web.async_client import AsyncWebClient

from bot.application.ports import Clock
from bot.settings import Settings
from bot.slack.app import build_web_client
from bot.twilio.gateway import TIMEOUT_S, TwilioGateway
from bot.twilio.http_client import OnAnswer, count_nothing


def build_slack_client(settings: Settings, session: ClientSession) -> AsyncWebClient:
    """Slack's Web API, with the bot token."""
    return build_web_client(
        token=settings.slack_bot_token.get_secret_value(),
        api_url=settings.slack_api_url,
        session=session,
    )


def build_twilio_gateway(
    settings: Settings,
    *,
    clock: Clock,
    timeout_s: float = TIMEOUT_S,
    on_answer: OnAnswer = count_nothing,
) -> TwilioGateway:
    """Twilio, with the credentials of the account or of its API key; the caller closes it."""
    username, password = settings.twilio_credentials
    return TwilioGateway(
        account_sid=settings.twilio_account_sid,
        username=username,
        password=password,
        region=settings.twilio_region or "",
        edge=settings.twilio_edge or "",
        api_url=settings.twilio_api_url or "",
        clock=clock,
        timeout_s=timeout_s,
        on_answer=on_answer,
    )
