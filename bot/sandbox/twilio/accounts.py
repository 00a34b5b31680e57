"""The account, its keys, and who may ask for what."""

import binascii
import hmac
from base64 import b64decode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.sandbox.twilio.answers import UNAUTHORIZED, ApiError


@dataclass(kw_only=True)
class Account:
    """A Twilio account with its token and API keys."""

    sid: str
    auth_token: str
    api_keys: dict[str, str]
    created_at: datetime
    friendly_name: str = "Sandbox"
    status: str = "active"
    _granted: dict[str, frozenset[str]] = field(default_factory=dict)

    def suspend(self) -> None:
        """From now on every request is refused with 20005."""
        self.status = "suspended"

    def activate(self) -> None:
        """Takes a suspension back."""
        self.status = "active"

    def restrict(self, key_sid: str, permissions: Collection[str]) -> None:
        """Makes an API key a restricted one.

        A permission is the end of Twilio's own name for it: `list` grants every listing,
        `calls/list` that of calls, `/twilio/voice/calls/list` the same.
        """
        self._granted[key_sid] = frozenset(permissions)

    def authenticate(self, authorization: str | None) -> str:
        """The user (account SID or key SID) that the header proves.

        Raises:
            ApiError: The credentials are missing or wrong, or the account is suspended.
        """
        user, password = basic_credentials(authorization)
        expected = self._secrets().get(user)
        if expected is None or not hmac.compare_digest(expected.encode(), password.encode()):
            detail = "Your AccountSid or AuthToken was incorrect."
            raise ApiError(UNAUTHORIZED, 20003, "Authenticate", detail)
        if self.status != "active":
            raise ApiError(UNAUTHORIZED, 20005, "Account is not active")
        return user

    def authorise(self, user: str, permission: str) -> None:
        """Lets the user pass.

        Raises:
            ApiError: The user is a restricted key that lacks the permission.
        """
        granted = self._granted.get(user)
        if granted is None or any(f"/{permission}".endswith(f"/{end}") for end in granted):
            return
        message = f"Authorization Error: the API key lacks the permission {permission}"
        raise ApiError(UNAUTHORIZED, 70051, message)

    def _secrets(self) -> Mapping[str, str]:
        return {self.sid: self.auth_token, **self.api_keys}


def basic_credentials(authorization: str | None) -> tuple[str, str]:
    """The user name and the password of a Basic header; two empty strings when it is none."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password
