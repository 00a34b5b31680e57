"""UpdateCall: what its form asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.sandbox.twilio.answers import BAD_REQUEST, ApiError, invalid
from bot.sandbox.twilio.wire import whole_number

LONGEST_TWIML = 4000
LONGEST_CALL_S = 24 * 60 * 60


@dataclass(frozen=True)
class CallUpdate:
    """The parameters of one update, checked."""

    status: str | None = None
    url: str | None = None
    method: str = "POST"
    twiml: str | None = None
    fallback_url: str | None = None
    time_limit_s: int | None = None

    @classmethod
    def from_form(cls, form: Mapping[str, str]) -> "CallUpdate":
        """The update that the form asks for.

        Raises:
            ApiError: A parameter has a wrong value, or two exclude each other.
        """
        return cls(
            status=_one_of(form, "Status", "canceled", "completed"),
            url=_url(form, "Url"),
            method=_one_of(form, "Method", "GET", "POST") or "POST",
            twiml=_twiml(form),
            fallback_url=_url(form, "FallbackUrl"),
            time_limit_s=_time_limit_s(form),
        )

    @property
    def hangs_up(self) -> bool:
        """Does it ask for the end of the call?"""
        return self.status is not None

    @property
    def redirects(self) -> bool:
        """Does it send the call somewhere else?"""
        return self.url is not None or self.twiml is not None


def _one_of(form: Mapping[str, str], name: str, *allowed: str) -> str | None:
    value = form.get(name)
    if value is not None and value not in allowed:
        raise invalid(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def _twiml(form: Mapping[str, str]) -> str | None:
    twiml = form.get("Twiml")
    if twiml is None:
        return None
    if "Url" in form:
        message = "Twiml and Url are mutually exclusive"
        raise ApiError(BAD_REQUEST, 21205, message)
    if len(twiml) > LONGEST_TWIML:
        raise invalid(f"Twiml has {len(twiml)} characters, the maximum is {LONGEST_TWIML}")
    return twiml


def _url(form: Mapping[str, str], name: str) -> str | None:
    value = form.get(name)
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or parts.scheme not in {"http", "https"} or "_" in host:
        raise ApiError(BAD_REQUEST, 21205, f"{name} is not a valid URL: {value}")
    return value


def _time_limit_s(form: Mapping[str, str]) -> int | None:
    value = form.get("TimeLimit")
    if value is None:
        return None
    limit_s = whole_number(value)
    if limit_s is None or not 0 < limit_s <= LONGEST_CALL_S:
        raise invalid(f"TimeLimit must be 1 to {LONGEST_CALL_S} seconds, not {value!r}")
    return limit_s
