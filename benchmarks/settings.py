"""The settings under which the bot is measured, and the names that the stand-ins share with it."""

from __future__ import annotations

ACCOUNT_SID = "AC" + "a1" * 16
AUTH_TOKEN = "b2" * 16
BOT_TOKEN = "xoxb-1-2-benchmark"  # noqa: S105 - only the stand-ins know it
SIGNING_SECRET = "c3" * 16
TEAM_ID = "T0SANDBOX"
OPERATOR = "U0ANA"
CHANNEL = "C0SUPPORT"


def environment(
    *, port: int, database_url: str, slack_api_url: str, twilio_url: str
) -> dict[str, str]:
    """What the bot is started with; all else is as it comes."""
    return {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DATABASE_URL": database_url,
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "SLACK_API_URL": slack_api_url,
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_API_URL": twilio_url,
        "HOOKFLASH_OPERATORS": OPERATOR,
        "LOG_FORMAT": "json",
    }
