"""Trying the answers: Slack and Twilio are really asked."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import ClientSession, ClientTimeout
from slack_sdk.web.async_client import AsyncWebClient

from bot.doctor.examination import check_account
from bot.doctor.findings import Finding, is_well
from bot.doctor.people_checks import check_people
from bot.doctor.slack_checks import check_app_token, check_bot_token
from bot.settings import load_settings, variables
from bot.settings.shapes import slack_api_url, user_ids
from bot.slack.app import SLACK_TIMEOUT_S, build_web_client


async def nothing_to_try(_environ: Mapping[str, str]) -> list[Finding]:
    """No finding."""
    return []


async def try_slack(environ: Mapping[str, str]) -> list[Finding]:
    """Whether Slack takes the tokens."""
    app_token = environ.get("SLACK_APP_TOKEN", "")
    async with _session() as session:
        client = _client(environ, session)
        findings = await check_bot_token(client)
        if app_token and is_well(findings):
            findings += await check_app_token(client, app_token)
    return findings


async def try_twilio(environ: Mapping[str, str]) -> list[Finding]:
    """Whether Twilio takes the credentials, and what they allow. Slack's answers must be there."""
    return await check_account(load_settings(environ))


async def try_people(environ: Mapping[str, str]) -> list[Finding]:
    """Whether the workspace has the people."""
    admins, operators = (
        user_ids(environ[name]) if environ.get(name) else frozenset[str]()
        for name in ("HOOKFLASH_ADMINS", "HOOKFLASH_OPERATORS")
    )
    async with _session() as session:
        client = _client(environ, session)
        return await check_people(client, admins=admins, operators=operators)


def _session() -> ClientSession:
    return ClientSession(timeout=ClientTimeout(total=SLACK_TIMEOUT_S))


def _client(environ: Mapping[str, str], session: ClientSession) -> AsyncWebClient:
    given = environ.get("SLACK_API_URL", "").strip()
    default: str = variables()["SLACK_API_URL"].get_default()
    api_url = slack_api_url(given) if given else default
    return build_web_client(token=environ["SLACK_BOT_TOKEN"], api_url=api_url, session=session)
