"""Which URLs Twilio may be sent to: their form, for everybody, and the hosts on the list."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

from bot.domain.errors import InvalidTargetError, TargetNotAllowedError

MAX_URL_LENGTH = 2000
ANY_HOST = "*"
_EXAMPLE = "https://voice.example.com/hold"
_SHOWN_LENGTH = 80

# What RFC 3986 allows, without the fragment's `#` and without the brackets of IPv6.
_URL_CHARACTERS = re.compile(r"(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*")
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*)://(?P<authority>[^/?#]*).*", re.DOTALL)
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_HTTPS_PORT = 443
_FIRST_UNPRIVILEGED_PORT = 1024
_LAST_PORT = 65535

_MAX_HOST_LENGTH = 253
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?")
# Every top-level domain is letters or Punycode. Asking for that refuses IPv4 in each of its
# spellings at once: 127.0.0.1, 127.1, 2130706433, 0x7f000001, 0177.0.0.1.
_TOP_LEVEL_DOMAIN = re.compile(r"[a-z]{2,63}|xn--[a-z0-9\-]{1,59}")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")

# Names that lead into somebody's own network. Source: RFC 6761, 6762, 7686, 8375 and 9476, ICANN's
# reservation of .internal, and the metadata and cluster names of the cloud vendors.
_PRIVATE_TOP_LEVEL_DOMAINS = frozenset(
    {"alt", "arpa", "corp", "home", "internal", "intranet", "invalid", "lan", "local"}
    | {"localdomain", "localhost", "onion", "private", "svc", "test"}
)
# Public names that answer with the private address that is written in them, or with loopback.
_PRIVATE_DOMAINS = (
    "lvh.me",
    "localtest.me",
    "metadata.goog",
    "metadata.tencentyun.com",
    "nip.io",
    "sslip.io",
    "xip.io",
)


def check_redirect_url(url: str, *, allowed_hosts: Iterable[str], is_admin: bool) -> None:
    """Return only where Twilio may be sent to the URL; the lists do not bind an admin.

    Args:
        allowed_hosts: patterns as `normalise_host_pattern` returns them.

    Raises:
        InvalidTargetError: no form of URL that anybody may use.
        TargetNotAllowedError: its host is not on the list.
    """
    host = _host_of(_authority_of(url))
    fault = _fault_of_host(host)
    if fault:
        raise InvalidTargetError(_shortened(host or url), fault, _EXAMPLE)
    if starts_studio_flow(url):
        raise _malformed(
            url, "Twilio sends no call that is up into a Studio flow, except with FlowEvent=return."
        )
    if not is_admin and not _is_on_list(host, allowed_hosts):
        raise TargetNotAllowedError(
            _shortened(host), "Calls may not be redirected to this host; it is not on the list."
        )


def starts_studio_flow(url: str) -> bool:
    """Whether this begins a flow of Twilio Studio, where a call that is up would be cut off."""
    return bool(_STUDIO_FLOW.fullmatch(url)) and not _RETURN_TO_STUDIO.search(url)


def normalise_host_pattern(text: str) -> str:
    """The pattern of an allow-list in its one spelling: a host, `*.` and a host, or `*`.

    `*.example.com` stands for the names below example.com, not for itself; `*` for any public host.

    Raises:
        ValueError: it is none of them; the message is a sentence.
    """
    pattern = text.strip().lower()
    if pattern != ANY_HOST:
        fault = _fault_of_host(pattern.removeprefix("*."))
        if fault:
            raise ValueError(f"{fault} Example: voice.example.com or *.example.com")
    return pattern


def _authority_of(url: str) -> str:
    if len(url) > MAX_URL_LENGTH:
        raise _malformed(url, f"A URL may have at most {MAX_URL_LENGTH:,} characters.")
    if not url.isascii():
        raise _malformed(
            url, "Only ASCII is understood: write the host as xn--… and percent-encode the rest."
        )
    match = _URL.fullmatch(url)
    if match is None or match["scheme"].lower() != "https":
        raise _malformed(url, "A URL to redirect to starts with https://.")
    if "#" in url:
        raise _malformed(
            url, "A URL to redirect to has no # part: Twilio reads connection settings there."
        )
    authority = match["authority"]
    if "[" not in authority and not _URL_CHARACTERS.fullmatch(url):
        raise _malformed(url, "It has a character that is no part of a URL; percent-encode it.")
    return authority


def _host_of(authority: str) -> str:
    if "@" in authority:
        raise InvalidTargetError(
            "the part before @", "A URL to redirect to holds no user name or password.", _EXAMPLE
        )
    if authority.startswith("["):
        return authority
    host, colon, port = authority.partition(":")
    if colon and not _is_sane_port(port):
        raise _malformed(f":{port}", "The port must be 443 or one of 1024 to 65535.")
    return host.lower()


def _is_sane_port(port: str) -> bool:
    if not _PORT.fullmatch(port):
        return False
    return int(port) == _HTTPS_PORT or _FIRST_UNPRIVILEGED_PORT <= int(port) <= _LAST_PORT


def _top_level_of(host: str) -> str:
    return host.rpartition(".")[2]


def _is_address(host: str) -> bool:
    return host.startswith("[") or bool(_NUMERIC_LABEL.fullmatch(_top_level_of(host)))


def _has_wrong_label(host: str) -> bool:
    return len(host) > _MAX_HOST_LENGTH or not all(map(_is_label, host.split(".")))


def _is_label(label: str) -> bool:
    return bool(_LABEL.fullmatch(label)) and (
        not label.startswith("xn--") or _is_honest_punycode(label)
    )


def _is_honest_punycode(label: str) -> bool:
    """Whether it decodes to what only Punycode can write, so that no reader sees another name."""
    try:
        decoded = label.removeprefix("xn--").encode().decode("punycode")
    except UnicodeError:
        return False
    is_plain = decoded.isprintable() and unicodedata.normalize("NFKC", decoded) == decoded
    return is_plain and not decoded.isascii()


def _is_private(host: str) -> bool:
    return (
        "." not in host
        or _top_level_of(host) in _PRIVATE_TOP_LEVEL_DOMAINS
        or any(f".{host}".endswith(f".{domain}") for domain in _PRIVATE_DOMAINS)
    )


# A Studio flow takes a call only while it rings; one that waits for a call's return can be named.
# Source: https://help.twilio.com/articles/46617831475995 and
# https://www.twilio.com/docs/studio/widget-library/twiml-redirect
_STUDIO_FLOW = re.compile(
    r"https://webhooks(?:\.[a-z0-9\-]+)*\.twilio\.com(?::443)?/+v1/+Accounts/+[^/?]+/+Flows/.*",
    re.IGNORECASE,
)
_RETURN_TO_STUDIO = re.compile(r"[?&]FlowEvent=return(?:&|$)")

# The first that holds is told. Source for the underscore: Twilio's parameter StatusCallback,
# https://www.twilio.com/docs/voice/api/call-resource#statuscallback.
_HOST_FAULTS: tuple[tuple[Callable[[str], bool], str], ...] = (
    (lambda host: not host, "The host is missing."),
    (_is_address, "An IP address is no host to redirect to, in any spelling; give a name."),
    (lambda host: "_" in host, "Twilio calls no host with an underscore in its name."),
    (lambda host: host.endswith("."), "The host may not end in a dot."),
    (_has_wrong_label, "This is not a host name."),
    (_is_private, "This host is not on the public Internet, so Twilio cannot reach it."),
    (
        lambda host: not _TOP_LEVEL_DOMAIN.fullmatch(_top_level_of(host)),
        "The host does not end in a top-level domain.",
    ),
)


def _fault_of_host(host: str) -> str:
    return next((sentence for is_wrong, sentence in _HOST_FAULTS if is_wrong(host)), "")


def _is_on_list(host: str, patterns: Iterable[str]) -> bool:
    return any(
        pattern in (ANY_HOST, host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))
        for pattern in patterns
    )


def _malformed(part: str, problem: str) -> InvalidTargetError:
    return InvalidTargetError(_shortened(part), problem, _EXAMPLE)


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"
