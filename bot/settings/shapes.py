"""The forms that values must have: each function gives the value parsed or says what is wrong.

They raise ValueError with a predicate (`is not set`, `has 31 characters`): the name of the variable
is put before it. No message repeats the value, since it may be a secret in the wrong place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path, PurePosixPath
from urllib.parse import SplitResult, parse_qs, urlsplit

from bot.domain.people import EVERY_FULL_MEMBER
from bot.domain.retention import parse_age
from bot.domain.sids import is_account_sid
from bot.domain.signing_keys import PRIVATE, key_bytes

ANY = "*"
REGION = re.compile(r"[a-z]{2,4}[0-9]{1,2}", re.ASCII)

_USER_ID = re.compile(r"[UW][0-9A-Z]{2,30}", re.ASCII)
_HOST_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_HOST_PATTERN = re.compile(rf"(?:\*\.)?(?:{_HOST_LABEL}\.)+(?!\d+$){_HOST_LABEL}", re.ASCII)
_DIAL_PREFIX = re.compile(r"\+[1-9][0-9]{0,14}", re.ASCII)
_SLACK_FORM = r"x[a-z]{3}-[0-9A-Za-z-]{8,}"
_CUT_OFF = "begins like one, but is cut off, or holds something else than letters, digits and -"
_SLACK_TOKEN_KINDS = {
    "xoxp-": "is a user token (xoxp-)",
    "xapp-": "is an app-level token (xapp-)",
    "xoxe": "is a token that rotates, which Hookflash cannot renew",
}
# A key of ours in any spelling, one as PEM, and 32 bytes in base64 or hex; no path looks so.
_LOOKS_LIKE_A_KEY = re.compile(
    r"(?s:.*ed25519[a-z-]*:.*|.*-----BEGIN .*)"
    r"|[0-9a-z+/]{43}=|[0-9a-z+][0-9a-z+/]{42}|[0-9a-f]{64}",
    re.ASCII | re.IGNORECASE,
)
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_LOG_FORMATS = ("console", "json")
_LEAST_POLL_S = 1.0
_MOST_POLL_S = 300.0
_HIGHEST_PORT = 65535


def bot_token(value: str) -> str:
    """A Slack bot token (`xoxb-…`)."""
    if value.startswith("xoxb-"):
        return _matching(_SLACK_FORM, value, _CUT_OFF)
    for prefix, kind in _SLACK_TOKEN_KINDS.items():
        if value.startswith(prefix):
            raise ValueError(f"{kind}; the bot token, which begins with xoxb-, is needed")
    raise ValueError("is no Slack bot token; those begin with xoxb-")


def secret(value: str) -> str:
    """A secret of Slack's or Twilio's: letters and digits only."""
    return _matching(r"[0-9A-Za-z]{16,64}", value, "must be 16 to 64 letters and digits")


def app_token(value: str) -> str:
    """A Slack app-level token (`xapp-…`)."""
    if value.startswith("xoxb-"):
        raise ValueError(
            "is a bot token (xoxb-); the app-level one, which begins with xapp-, is needed"
        )
    if value.startswith("xapp-"):
        return _matching(_SLACK_FORM, value, _CUT_OFF)
    raise ValueError("is no app-level token of Slack's; those begin with xapp-")


def account_sid(value: str) -> str:
    """A Twilio account SID."""
    if is_account_sid(value):
        return value
    if value.startswith("SK"):
        raise ValueError("is the SID of an API key; the account's begins with AC")
    raise ValueError("is no account SID, which is AC and 32 of 0-9 and a-f")


def api_key_sid(value: str) -> str:
    """The SID of a Twilio API key."""
    problem = "is no SID of an API key, which is SK and 32 of 0-9 and a-f"
    return _matching(r"SK[0-9a-fA-F]{32}", value, problem)


def twilio_region(value: str) -> str:
    """A Twilio Region, such as `ie1`."""
    return _matching(REGION.pattern, value, "is no Twilio Region, such as ie1")


def twilio_edge(value: str) -> str:
    """A Twilio edge location, such as `dublin`."""
    return _matching(r"[a-z]+(?:-[a-z]+)*", value, "is no Twilio edge, such as dublin")


def web_url(value: str) -> str:
    """An address without a closing slash: https, or http to this machine only."""
    parts = _split_url(value)
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("may be plain http to this machine only (127.0.0.1); use https")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is no address that begins with https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user or a password")
    if parts.query or parts.fragment:
        raise ValueError("must not hold ? or #")
    return value.rstrip("/")


def slack_api_url(value: str) -> str:
    """The same with a closing slash, which Slack's client needs."""
    return web_url(value) + "/"


def database_url(value: str) -> str:
    """A `sqlite:///` or `postgresql://` address, as given."""
    parts = _split_url(value, hint="; in a password / is written %2F, # %23 and ? %3F")
    if parts.scheme == "sqlite":
        return _sqlite_url(value, parts)
    if parts.scheme in {"postgres", "postgresql"}:
        if len(parts.path) < len("/d"):
            raise ValueError("names no database after the host")
        if parts.netloc.endswith(":"):
            raise ValueError("names no port after the colon")
        return value
    if parts.scheme.startswith(("sqlite+", "postgresql+", "postgres+")):
        raise ValueError("must not name a driver: take away the + and what follows it")
    raise ValueError("must begin with sqlite:/// or postgresql://")


def bind_host(value: str) -> str:
    """The address or name to listen on."""
    problem = "is no address to listen on, such as 127.0.0.1"
    return _matching(r"[0-9A-Za-z.:_-]{1,253}", value, problem)


def port(value: str) -> int:
    """A TCP port."""
    if re.fullmatch(r"[0-9]{1,5}", value, re.ASCII) and 1 <= int(value) <= _HIGHEST_PORT:
        return int(value)
    raise ValueError(f"is no whole number from 1 to {_HIGHEST_PORT}")


def log_level(value: str) -> str:
    """The name of a log level, in capitals."""
    return _one_of(_LOG_LEVELS, value.upper())


def log_format(value: str) -> str:
    """`console` or `json`."""
    return _one_of(_LOG_FORMATS, value.lower())


def user_ids(value: str) -> frozenset[str]:
    """Slack user ids, of which `*` stands for every full member."""
    return _listed(value, _user_id)


def redirect_hosts(value: str) -> frozenset[str]:
    """Hosts, `*.example.com` for all below one, `*` for any public one; in lower case."""
    return _listed(value, _redirect_host)


def dial_prefixes(value: str) -> frozenset[str]:
    """Beginnings of numbers in E.164, `*` for any."""
    return _listed(value, _dial_prefix)


def command_name(value: str) -> str:
    """The name of a slash command, with its slash."""
    problem = "must be a slash and 1 to 31 of a-z, 0-9, - and _"
    return _matching(r"/[a-z0-9_-]{1,31}", value, problem)


def audit_key(value: str) -> str:
    """A private key that signs checkpoints, or the file that holds one."""
    if _LOOKS_LIKE_A_KEY.fullmatch(value):
        # What is taken for a file is named where it cannot be read.
        key_bytes(PRIVATE, value)
    return value


def audit_channel(value: str) -> str:
    """The id of a Slack channel."""
    if value.startswith("#"):
        raise ValueError("names a channel; use its id (in Slack: the channel's name, at the end)")
    return _matching(r"[CG][0-9A-Z]{2,30}", value, "is no id of a channel, which begins with C")


def audit_file(value: str) -> Path:
    """A file to append to."""
    if value.endswith("/"):
        raise ValueError("names a folder; name a file in it")
    return Path(value)


def poll_interval_s(value: str) -> float:
    """Seconds between two looks at Twilio."""
    problem = f"is no number of seconds from {_LEAST_POLL_S:g} to {_MOST_POLL_S:g}"
    try:
        seconds = float(value)
    except ValueError:
        raise ValueError(problem) from None
    if not math.isfinite(seconds) or not _LEAST_POLL_S <= seconds <= _MOST_POLL_S:
        raise ValueError(problem)
    return seconds


def age(value: str) -> timedelta:
    """An age in whole days."""
    return parse_age(value)


def bearer_token(value: str) -> str:
    """A token that goes into an Authorization header."""
    return _matching(
        r"[0-9A-Za-z._~+/=-]{16,}", value, "must be 16 or more letters, digits and ._~+/=-"
    )


def _matching(pattern: str, value: str, problem: str) -> str:
    if re.fullmatch(pattern, value, re.ASCII) is None:
        raise ValueError(problem)
    return value


def _one_of(known: Iterable[str], value: str) -> str:
    if value in known:
        return value
    close = get_close_matches(value, list(known), n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    raise ValueError(f"must be one of {', '.join(known)}{hint}")


def _listed(value: str, parse: Callable[[str], str]) -> frozenset[str]:
    entries = [entry.strip() for entry in value.split(",")]
    parsed = set[str]()
    for position, entry in enumerate(entries, start=1):
        if not entry:
            continue
        try:
            parsed.add(parse(entry))
        except ValueError as error:
            raise ValueError(f"{error} (entry {position} of {len(entries)})") from None
    if not parsed:
        raise ValueError("holds commas only")
    return frozenset(parsed)


def _user_id(entry: str) -> str:
    if entry == EVERY_FULL_MEMBER or _USER_ID.fullmatch(entry):
        return entry
    if entry.startswith("@"):
        raise ValueError(
            "names a person by @name; use the member id, which begins with U or W (in Slack:"
            " profile, three dots, Copy member ID)"
        )
    raise ValueError("must list Slack member ids, which begin with U or W, or be *")


def _redirect_host(entry: str) -> str:
    host = entry.lower()
    if host == ANY or _HOST_PATTERN.fullmatch(host):
        return host
    if "/" in host or ":" in host:
        raise ValueError("must list hosts alone, without https://, port or path")
    raise ValueError("must list host names with a dot, such as voice.example.com, or *.example.com")


def _dial_prefix(entry: str) -> str:
    if entry == ANY or _DIAL_PREFIX.fullmatch(entry):
        return entry
    raise ValueError("must list beginnings of numbers that start with +, such as +1415, or be *")


def _split_url(value: str, *, hint: str = "") -> SplitResult:
    """Its parts, after the port was looked at (which is parsed only when it is asked for)."""
    if re.search(r"[\s\x00-\x1f\x7f]", value):
        raise ValueError("must not hold white space")
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ValueError(f"is no address: its host or port cannot be read{hint}") from None
    return parts


def _is_loopback(hostname: str | None) -> bool:
    if hostname == "localhost":
        return True
    try:
        return ip_address(hostname or "").is_loopback
    except ValueError:
        return False


def _sqlite_url(value: str, parts: SplitResult) -> str:
    if parts.netloc or not parts.path.startswith("/"):
        raise ValueError("needs three slashes before a file's name, four before a whole path")
    if PurePosixPath(parts.path).name in {"", ":memory:"} or "mode" in parse_qs(parts.query):
        raise ValueError("names no file; a log that is kept in memory is no log")
    return value
