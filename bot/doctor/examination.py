"""The whole examination: every check, side by side where they do not need each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from aiohttp import ClientSession, ClientTimeout
from slack_sdk.web.async_client import AsyncWebClient

from bot.clients import build_slack_client, build_twilio_gateway
from bot.doctor.arrival_checks import check_arrivals
from bot.doctor.database_checks import check_database
from bot.doctor.evidence_checks import check_evidence
from bot.doctor.findings import Finding, fault, is_well, ok
from bot.doctor.machine_checks import check_clock, check_proxies
from bot.doctor.people_checks import check_people
from bot.doctor.slack_checks import (
    check_address,
    check_app_token,
    check_bot_token,
)
from bot.doctor.twilio_checks import TIMEOUT_S as TWILIO_TIMEOUT_S
from bot.doctor.twilio_checks import check_twilio, explain_region
from bot.settings import Settings, SettingsError, load_settings, read_database_url
from bot.slack.app import SLACK_TIMEOUT_S

TWILIO_URL = "https://api.twilio.com"
_SETTINGS = "Settings"
_MEND_IT = "Mend it in the environment or in the file."
_SET_IT = "hookflash init asks for it, or set it in the environment."


async def examine(read_environ: Callable[[], Mapping[str, str]]) -> list[Finding]:
    """What each check came to. Where settings are wrong, only what can do without them is seen.

    Args:
        read_environ: gives what the settings are made from, or raises SettingsError.
    """
    try:
        environ = read_environ()
    except SettingsError as error:
        return _wrong_settings(error)
    try:
        settings = load_settings(environ)
    except SettingsError as error:
        alone = await _check_database_alone(environ)
        return [*_wrong_settings(error), *alone, check_proxies(environ)]
    async with ClientSession(timeout=ClientTimeout(total=SLACK_TIMEOUT_S)) as session:
        of_slack, of_account, of_database, of_clocks = await asyncio.gather(
            check_slack(settings, session),
            check_account(settings),
            check_database(settings.database_url.get_secret_value()),
            _check_clocks(settings, session),
        )
        is_log_well = is_well(of_database)
        of_arrivals, of_evidence = await asyncio.gather(
            check_arrivals(settings, session, is_log_well=is_log_well),
            check_evidence(settings, is_log_well=is_log_well),
        )
    return [
        ok(_SETTINGS, "Every variable has the right form."),
        *of_slack,
        *of_arrivals,
        *of_account,
        *of_database,
        *of_clocks,
        *of_evidence,
        check_proxies(environ),
    ]


def _wrong_settings(error: SettingsError) -> list[Finding]:
    return [
        fault(_SETTINGS, str(one), _SET_IT if one.is_missing else _MEND_IT) for one in error.faults
    ]


async def check_slack(settings: Settings, session: ClientSession) -> list[Finding]:
    """All about Slack, over Socket Mode or HTTP."""
    client = build_slack_client(settings, session)
    if settings.slack_app_token is not None:
        app_token = settings.slack_app_token.get_secret_value()
        of_bot, of_app = await asyncio.gather(
            _check_bot(client, settings), check_app_token(client, app_token)
        )
        return [*of_bot, *of_app]
    of_bot, of_address = await asyncio.gather(
        _check_bot(client, settings), check_address(session, settings.public_url)
    )
    return [*of_bot, *of_address]


async def _check_bot(client: AsyncWebClient, settings: Settings) -> list[Finding]:
    of_token = await check_bot_token(client)
    if not is_well(of_token):
        return of_token
    of_people = await check_people(client, admins=settings.admins, operators=settings.operators)
    return [*of_token, *of_people]


async def check_account(settings: Settings) -> list[Finding]:
    """All about Twilio."""
    gateway = build_twilio_gateway(
        settings, clock=lambda: datetime.now(UTC), timeout_s=TWILIO_TIMEOUT_S
    )
    try:
        findings = await check_twilio(gateway, is_api_key=bool(settings.twilio_api_key))
    finally:
        await gateway.close()
    return [*findings, explain_region(settings.twilio_region)]


async def _check_clocks(settings: Settings, session: ClientSession) -> list[Finding]:
    clocks = (("Slack", f"{settings.slack_api_url}api.test"), ("Twilio", _twilio_url(settings)))
    return await asyncio.gather(*(check_clock(session, name=name, url=url) for name, url in clocks))


def _twilio_url(settings: Settings) -> str:
    return settings.twilio_api_url or TWILIO_URL


async def _check_database_alone(environ: Mapping[str, str]) -> list[Finding]:
    try:
        database_url = read_database_url(environ)
    except SettingsError:
        return []  # It stands among the faults already.
    return await check_database(database_url)
