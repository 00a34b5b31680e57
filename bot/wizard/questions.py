"""The questions of the wizard: what is asked, where each value is found, and when it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Answers = Mapping[str, str]


def _always(_answers: Answers) -> bool:
    return True


def _over_http(answers: Answers) -> bool:
    return bool(answers.get("HOOKFLASH_PUBLIC_URL"))


def _over_socket_mode(answers: Answers) -> bool:
    return not _over_http(answers)


def _with_api_key(answers: Answers) -> bool:
    return bool(answers.get("TWILIO_API_KEY"))


def _with_auth_token(answers: Answers) -> bool:
    return not _with_api_key(answers)


@dataclass(frozen=True, slots=True)
class Question:
    """One setting to ask for. Those that the answers before rule out are not asked and not kept."""

    variable: str
    where: str
    is_secret: bool = False
    is_optional: bool = False
    is_asked: Callable[[Answers], bool] = _always


ADDRESS = (
    Question(
        "HOOKFLASH_PUBLIC_URL",
        "The https address at which Slack reaches this server. Without one, Hookflash calls Slack "
        "instead (Socket Mode), which needs no address.",
        is_optional=True,
    ),
)
SLACK = (
    Question(
        "SLACK_BOT_TOKEN",
        "On the app's page OAuth & Permissions, after Install to Workspace: Bot User OAuth Token.",
        is_secret=True,
    ),
    Question(
        "SLACK_SIGNING_SECRET",
        "On the app's page Basic Information, under App Credentials: Signing Secret.",
        is_secret=True,
        is_asked=_over_http,
    ),
    Question(
        "SLACK_APP_TOKEN",
        "On the app's page Basic Information, under App-Level Tokens: Generate one with the scope "
        "connections:write.",
        is_secret=True,
        is_asked=_over_socket_mode,
    ),
)
TWILIO = (
    Question(
        "TWILIO_ACCOUNT_SID",
        "On the first page of Twilio's console (https://console.twilio.com), under Account Info.",
    ),
    Question(
        "TWILIO_API_KEY",
        "In Twilio's console under API keys & tokens: make a key, and copy its SID. Without one, "
        "the account's auth token is used, which may do more.",
        is_optional=True,
    ),
    Question(
        "TWILIO_API_SECRET",
        "Twilio shows it once, when the key is made.",
        is_secret=True,
        is_asked=_with_api_key,
    ),
    Question(
        "TWILIO_AUTH_TOKEN",
        "On the first page of Twilio's console, under Account Info.",
        is_secret=True,
        is_asked=_with_auth_token,
    ),
)
PEOPLE = (
    Question(
        "HOOKFLASH_ADMINS",
        "Member ids of those who may do everything, with commas; begin with your own. In Slack: "
        "your profile, the three dots, Copy member ID.",
    ),
    Question(
        "HOOKFLASH_OPERATORS",
        "Member ids of those who may redirect and hang up calls. Everybody else may look.",
        is_optional=True,
    ),
)
QUESTIONS = (*ADDRESS, *SLACK, *TWILIO, *PEOPLE)
