"""The settings of the sandbox's bot: made-up credentials, and the stand-ins for addresses."""

import json
import os
import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bot.sandbox import company

# What a process needs to find its own files and speak the person's language; no secret of theirs.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONPATH")
DATABASE = "hookflash.db"
CHECKPOINTS = "checkpoints.jsonl"
FILE = "credentials.json"
SETTINGS = "hookflash.env"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What the bot proves itself with to the stand-ins; made up, and kept beside its log."""

    bot_token: str
    app_token: str
    signing_secret: str
    account_sid: str
    auth_token: str
    audit_key: str

    @classmethod
    def kept_in(cls, folder: Path) -> "Credentials":
        """Those that were invented for this folder before, else new ones.

        A log speaks of calls by their account, so another account would be another world.

        Raises:
            OSError: The file cannot be read or written.
        """
        file = folder / FILE
        try:
            return cls(**json.loads(file.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            file.unlink(missing_ok=True)
        credentials = cls.invent()
        file.touch(mode=0o600)
        file.write_text(json.dumps(asdict(credentials), indent=2))
        return credentials

    @classmethod
    def invent(cls) -> "Credentials":
        """Credentials that work nowhere but here."""
        return cls(
            bot_token=f"xoxb-sandbox-{secrets.token_hex(12)}",
            app_token=f"xapp-sandbox-{secrets.token_hex(12)}",
            signing_secret=secrets.token_hex(16),
            account_sid="AC" + secrets.token_hex(16),
            auth_token=secrets.token_hex(16),
            audit_key=f"ed25519-private:{b64encode(secrets.token_bytes(32)).decode()}",
        )


def bot_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """All that the bot's process is told; of this machine's own environment next to nothing."""
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "COLUMNS": "160",
        "PYTHONUNBUFFERED": "1",
        **settings,
    }


def write_settings(settings: Mapping[str, str], folder: Path) -> Path:
    """The file in that folder that `hookflash --env-file` takes.

    Raises:
        OSError: The file cannot be written.
    """
    file = folder.resolve() / SETTINGS
    file.touch(mode=0o600)
    file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return file


def bot_settings(
    credentials: Credentials,
    *,
    slack_api_url: str,
    twilio_api_url: str,
    data: Path,
    bot_url: str,
    socket_mode: bool,
) -> dict[str, str]:
    """The settings with which a bot works between the stand-ins."""
    address = urlsplit(bot_url)
    way_in = (
        {"SLACK_APP_TOKEN": credentials.app_token}
        if socket_mode
        else {
            "HOOKFLASH_PUBLIC_URL": bot_url,
            "SLACK_SIGNING_SECRET": credentials.signing_secret,
        }
    )
    return {
        **company.role_settings(),
        **way_in,
        "DATABASE_URL": f"sqlite:///{data.resolve() / DATABASE}",
        "HOOKFLASH_AUDIT_FILE": str(data.resolve() / CHECKPOINTS),
        "HOOKFLASH_AUDIT_KEY": credentials.audit_key,
        "HOST": str(address.hostname),
        "LOG_FORMAT": "console",
        "LOG_LEVEL": "INFO",
        "PORT": str(address.port),
        "SLACK_API_URL": slack_api_url,
        "SLACK_BOT_TOKEN": credentials.bot_token,
        "TWILIO_ACCOUNT_SID": credentials.account_sid,
        "TWILIO_API_URL": twilio_api_url,
        "TWILIO_AUTH_TOKEN": credentials.auth_token,
    }
