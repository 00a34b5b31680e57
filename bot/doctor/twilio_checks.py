"""Twilio: whether it takes the credentials, what they allow, and what nobody can see."""

from __future__ import annotations

import asyncio

from bot.doctor.findings import Finding, fault, ok, warning
from bot.domain.errors import (
    TwilioAuthenticationError,
    TwilioError,
    TwilioPermissionError,
)
from bot.domain.url_policy import starts_studio_flow
from bot.twilio.gateway import TwilioGateway
from bot.twilio.rights import LIST_CALLS, RIGHTS, UPDATE_CALLS, Right

TIMEOUT_S = 8.0
DEFAULT_REGION = "us1"
_ACCOUNT, _RIGHTS, _REGION, _NUMBERS = "Twilio account", "Twilio rights", "Twilio Region", "Numbers"
_ACTIVE = "active"
_NOT_ACTIVE_CODE = 20005
_ADD_PERMISSION = "Add the permission to the API key, in Twilio's console under API keys & tokens."


async def check_twilio(gateway: TwilioGateway, *, is_api_key: bool) -> list[Finding]:
    """Whether Twilio takes the credentials, and then the account, each right and the numbers."""
    try:
        await gateway.try_right(LIST_CALLS)
    except TwilioPermissionError:
        pass  # Told below, with what the other rights came to.
    except TwilioError as error:
        return [_no_way_in(error)]
    findings = await asyncio.gather(
        _check_account(gateway),
        _check_numbers(gateway),
        *(_check_right(gateway, right) for right in RIGHTS),
    )
    return [*findings, _explain_update(is_api_key=is_api_key)]


def explain_region(region: str | None) -> Finding:
    """What the lists can never show."""
    return ok(
        _REGION,
        f"Region {region or DEFAULT_REGION}. Never seen: calls of other Regions and accounts "
        "(subaccounts too), and calls of Elastic SIP trunks before they have ended.",
    )


def _no_way_in(error: TwilioError) -> Finding:
    if error.code == _NOT_ACTIVE_CODE:
        return fault(
            _ACCOUNT, "The account is not active.", "See in Twilio's console why it was suspended."
        )
    if isinstance(error, TwilioAuthenticationError):
        return fault(
            _ACCOUNT,
            "Twilio does not accept the credentials.",
            "Copy TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or TWILIO_API_KEY and its secret, "
            "again. Credentials of one Region do not open another.",
        )
    return fault(
        _ACCOUNT,
        f"{error}.",
        "Check the network, DNS and the firewall, TWILIO_REGION and TWILIO_EDGE, and "
        "https://status.twilio.com.",
    )


async def _check_account(gateway: TwilioGateway) -> Finding:
    try:
        account = await gateway.look_at_account()
    except TwilioError as error:
        return _no_way_in(error)
    if not account.status:
        return ok(_ACCOUNT, "Twilio accepts the API key, which may not read the account itself.")
    if account.status != _ACTIVE:
        return fault(
            _ACCOUNT,
            f"The account {account.friendly_name} is {account.status}.",
            "See in Twilio's console why.",
        )
    return ok(_ACCOUNT, f"Twilio accepts the credentials of {account.friendly_name}.")


async def _check_right(gateway: TwilioGateway, right: Right) -> Finding:
    try:
        await gateway.try_right(right)
    except TwilioPermissionError as error:
        tell = fault if right.is_vital else warning
        text = f"The key may not {right.purpose}: {right.without_it} ({error})."
        return tell(_RIGHTS, text, _ADD_PERMISSION)
    except TwilioError as error:
        return fault(_RIGHTS, f"To {right.purpose} failed: {error}.", "Try again in a minute.")
    return ok(_RIGHTS, f"The credentials may {right.purpose}.")


def _explain_update(*, is_api_key: bool) -> Finding:
    if not is_api_key:
        return ok(_RIGHTS, "The auth token may redirect and hang up calls, as it may do all.")
    return ok(
        _RIGHTS,
        "Whether the key may redirect and hang up shows only with a call. If it is a restricted "
        f"key it needs {UPDATE_CALLS}; without it Twilio answers 70051 and nothing is changed.",
    )


async def _check_numbers(gateway: TwilioGateway) -> Finding:
    try:
        numbers = await gateway.list_numbers()
    except TwilioPermissionError:
        return ok(_NUMBERS, "Not looked at, since the key may not.")
    except TwilioError as error:
        return fault(_NUMBERS, f"They could not be listed: {error}.", "Try again in a minute.")
    if not numbers:
        return ok(_NUMBERS, "The account has none of its own.")
    without = sum(
        not number.voice_url or starts_studio_flow(number.voice_url) for number in numbers
    )
    if not without:
        return ok(_NUMBERS, f"The account has {len(numbers)}, each with a voice URL of its own.")
    return warning(
        _NUMBERS,
        f"The account has {len(numbers)}; {without} without a voice URL of their own (some belong "
        "to an application or a trunk), or with a Studio flow, which takes no call that is up. The "
        "target own-flow leads nowhere for their calls.",
        "Give them a voice URL in Twilio's console, if you want to use own-flow.",
    )
