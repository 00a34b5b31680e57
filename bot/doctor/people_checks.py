"""The people in the settings: whether the workspace has them, and whether anybody may act."""

from __future__ import annotations

from collections.abc import Collection

from slack_sdk.web.async_client import AsyncWebClient

from bot.doctor.findings import Finding, fault, ok, warning
from bot.domain.people import EVERY_FULL_MEMBER
from bot.slack.access import SlackUnavailableError, name_of_member

TIMEOUT_S = 8.0
MOST_LOOKED_UP = 20
_PEOPLE = "People"


async def check_people(
    client: AsyncWebClient, *, admins: Collection[str], operators: Collection[str]
) -> list[Finding]:
    """The name of each admin and operator, one after the other, since Slack limits the rate."""
    listed = [*sorted(admins), *sorted(set(operators) - set(admins))]
    if not listed:
        return [
            warning(
                _PEOPLE,
                "There are no admins and no operators: nobody may redirect or hang up.",
                "Put Slack member ids into HOOKFLASH_ADMINS and HOOKFLASH_OPERATORS.",
            )
        ]
    user_ids = [user_id for user_id in listed if user_id != EVERY_FULL_MEMBER]
    roles = {user_id: "an admin" if user_id in admins else "an operator" for user_id in user_ids}
    return [
        await _check_person(client, user_id, role=roles[user_id])
        for user_id in user_ids[:MOST_LOOKED_UP]
    ]


async def _check_person(client: AsyncWebClient, user_id: str, *, role: str) -> Finding:
    try:
        name = await name_of_member(client, user_id, timeout_s=TIMEOUT_S)
    except SlackUnavailableError as error:
        return warning(_PEOPLE, f"{user_id} could not be looked up: {error}", "Try again later.")
    if name is None:
        return fault(
            _PEOPLE,
            f"The workspace has nobody with the member id {user_id}, who would be {role}.",
            "In Slack: the person's profile, the three dots, Copy member ID.",
        )
    return ok(_PEOPLE, f"{name} ({user_id}) is {role}.")
