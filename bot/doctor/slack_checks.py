"""Slack: whether it takes the tokens, which scopes they have, and what answers at the address."""

from __future__ import annotations

from aiohttp import ClientError, ClientSession, ClientTimeout
from slack_sdk.web.async_client import AsyncWebClient

from bot.doctor.findings import Finding, fault, ok, warning
from bot.slack.access import (
    BotIdentity,
    SlackUnavailableError,
    TokenRefusedError,
    identify_bot,
    try_app_token,
)
from bot.slack.manifest import SCOPES

TIMEOUT_S = 8.0
CHECK_THE_NETWORK = "Check the network, DNS and the firewall, and https://slack-status.com."
_TOKEN, _SCOPES, _ADDRESS, _SOCKET_MODE = "Slack token", "Slack scopes", "Address", "Socket Mode"
_ALIVE = {"alive": True}
# Source: https://docs.slack.dev/apis/web-api/rate-limits
_RATE_LIMITED = "ratelimited"


async def check_bot_token(client: AsyncWebClient) -> list[Finding]:
    """Whether Slack takes the bot token, and whether its scopes are those of the manifest."""
    try:
        identity = await identify_bot(client, timeout_s=TIMEOUT_S)
    except TokenRefusedError as error:
        return [fault(_TOKEN, "Slack does not accept the bot token.", str(error))]
    except SlackUnavailableError as error:
        return [fault(_TOKEN, str(error), CHECK_THE_NETWORK)]
    whose = f"@{identity.user_name} ({identity.user_id})"
    workspace = f"{identity.team_name} ({identity.team_id})"
    return [ok(_TOKEN, f"The bot is {whose} in the workspace {workspace}."), *_scopes(identity)]


async def check_app_token(client: AsyncWebClient, app_token: str) -> list[Finding]:
    """Whether Slack gives connections of Socket Mode for the app-level token."""
    # Retry handlers would wait out a limit of Slack's for longer than anybody waits here.
    impatient = AsyncWebClient(base_url=client.base_url, session=client.session, retry_handlers=[])
    try:
        await try_app_token(impatient, app_token=app_token, timeout_s=TIMEOUT_S)
    except TokenRefusedError as error:
        return [fault(_SOCKET_MODE, "Slack does not accept the app-level token.", str(error))]
    except SlackUnavailableError as error:
        if error.code == _RATE_LIMITED:
            text = f"Slack gives no connection for {error.retry_after_s:.0f} s, so none was tried."
            return [warning(_SOCKET_MODE, text, "Wait so long, then run hookflash doctor.")]
        return [fault(_SOCKET_MODE, str(error), CHECK_THE_NETWORK)]
    return [ok(_SOCKET_MODE, "Slack gives connections for the app-level token.")]


async def check_address(session: ClientSession, public_url: str | None) -> list[Finding]:
    """Whether a Hookflash answers where Slack is to reach it, as far as that shows from here."""
    if public_url is None:
        return [
            warning(
                _ADDRESS,
                "HOOKFLASH_PUBLIC_URL is not set, so nobody can try the address from here.",
                "Set it to the https address at which Slack reaches this server.",
            )
        ]
    try:
        async with session.get(
            f"{public_url}/healthz", timeout=ClientTimeout(total=TIMEOUT_S), allow_redirects=False
        ) as answer:
            is_alive = await answer.json(content_type=None) == _ALIVE
    except (ClientError, TimeoutError, ValueError):
        is_alive = False
    if is_alive:
        return [ok(_ADDRESS, f"Hookflash answers at {public_url}, seen from this machine.")]
    return [
        warning(
            _ADDRESS,
            f"No Hookflash answers at {public_url}/healthz, seen from this machine.",
            "Start it with hookflash serve, and see that the proxy before it leads there.",
        )
    ]


def _scopes(identity: BotIdentity) -> list[Finding]:
    if identity.scopes is None:
        return [
            warning(
                _SCOPES,
                "Slack did not tell which scopes the token has.",
                f"On the page OAuth & Permissions, see that it has {', '.join(SCOPES)}.",
            )
        ]
    findings = [
        fault(
            _SCOPES,
            f"{scope} is missing; it is needed for {SCOPES[scope]}.",
            "Add it on the page OAuth & Permissions, or paste the output of hookflash manifest on "
            "the page App Manifest; then install the app again.",
        )
        for scope in SCOPES
        if scope not in identity.scopes
    ]
    superfluous = sorted(identity.scopes - SCOPES.keys())
    if superfluous:
        text = f"The token may do more than Hookflash needs: {', '.join(superfluous)}."
        findings.append(warning(_SCOPES, text, "Take these away on the page OAuth & Permissions."))
    return findings or [ok(_SCOPES, f"The token has what is needed: {', '.join(SCOPES)}.")]
