"""Where a call can be redirected to: how people write it, how it is kept, who may."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from bot.domain.errors import InvalidTargetError, TargetNotAllowedError
from bot.domain.phone_numbers import split_written_number
from bot.domain.twiml_policy import check_twiml
from bot.domain.url_policy import check_redirect_url

EXAMPLE_TARGET = "hold-music, https://voice.example.com/hold or <Response><Hangup/></Response>"


@dataclass(frozen=True, slots=True)
class UrlTarget:
    """TwiML that Twilio fetches from a URL."""

    url: str


@dataclass(frozen=True, slots=True)
class TwimlTarget:
    """TwiML that the person wrote."""

    twiml: str


@dataclass(frozen=True, slots=True)
class NamedTarget:
    """A target that Hookflash knows by its key."""

    key: str


Target = UrlTarget | TwimlTarget | NamedTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltInTarget:
    """A target that everybody who may redirect may use; *twiml* is empty for the own flow."""

    key: str
    title: str
    description: str
    twiml: str = ""


# Callers wait in a queue, which brings Twilio's own music and needs no host of ours. Where the
# queue is full they fall through to a tune of Twilio's, over and over, rather than be dropped.
# Source: https://www.twilio.com/docs/voice/twiml/enqueue
HOLD_MUSIC = BuiltInTarget(
    key="hold-music",
    title="Hold music",
    description="The caller waits and hears music until the call is redirected again.",
    twiml=(
        "<Response><Enqueue>hookflash-hold</Enqueue>"
        '<Play loop="0">https://api.twilio.com/cowbell.mp3</Play></Response>'
    ),
)
SORRY = BuiltInTarget(
    key="sorry",
    title="Say sorry and hang up",
    description="The caller hears an apology, then the call ends.",
    twiml=(
        "<Response><Say>We are sorry, but we cannot go on with this call. Please try again later."
        " Goodbye.</Say><Hangup/></Response>"
    ),
)
OWN_FLOW = BuiltInTarget(
    key="own-flow",
    title="Back to the number's own flow",
    description="The call starts again as if it had just come in on your Twilio number.",
)
BUILT_IN_TARGETS = (HOLD_MUSIC, SORRY, OWN_FLOW)
NAMES = f"The names are {', '.join(target.key for target in BUILT_IN_TARGETS)}."
_BY_KEY = {target.key: target for target in BUILT_IN_TARGETS}

_URL_START = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://\S*")
_TWIML = re.compile(
    r"(?:<\?xml[^>]*\?>\s*)?<Response\b(?:[^>]*/>|.*?</Response\s*>)", re.DOTALL | re.ASCII
)
_QUOTED = re.compile(r"([\"'])(?P<name>.*?)\1(?=\s|$)", re.DOTALL)
_WORD = re.compile(r"[^\s\-]+")
_BETWEEN_NAME_AND_REASON = " \t\r\n,;:"
_LIKENESS = 0.5


def find_built_in(key: str) -> BuiltInTarget:
    """The built-in target with this key.

    Raises:
        InvalidTargetError: there is none.
    """
    target = _BY_KEY.get(key)
    if target is None:
        raise _unknown_name(key)
    return target


def parse_target(text: str) -> tuple[Target, str]:
    """The target that the text begins with, and the rest of it: the reason.

    A URL ends at white space, TwiML with `</Response>`. A name is the key or the title of a
    built-in target in any case, with spaces or hyphens, in quotes or without.

    Raises:
        InvalidTargetError: it begins with none of them.
    """
    text = text.strip()
    if text.startswith("<"):
        return _parse_twiml(text)
    url = _URL_START.match(text)
    if url:
        return UrlTarget(url[0]), text[url.end() :].strip()
    return _parse_name(text)


def write_target(target: Target) -> str:
    """The target as a person would type it; `parse_target` reads it back."""
    match target:
        case UrlTarget(url):
            return url
        case TwimlTarget(twiml):
            return twiml
        case NamedTarget(key):
            return key


def serialise_target(target: Target) -> str:
    """The target as a text to keep; `deserialise_target` reads it back."""
    match target:
        case UrlTarget(url):
            return f"url:{url}"
        case TwimlTarget(twiml):
            return f"twiml:{twiml}"
        case NamedTarget(key):
            return f"name:{key}"


def deserialise_target(text: str) -> Target:
    """The target that `serialise_target` wrote.

    Raises:
        InvalidTargetError: it wrote no such text.
    """
    kind, _, value = text.partition(":")
    match kind:
        case "url":
            return UrlTarget(value)
        case "twiml":
            return TwimlTarget(value)
        case "name":
            return NamedTarget(value)
        case _:
            raise InvalidTargetError(kind, "This is no kind of target.", EXAMPLE_TARGET)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectPolicy:
    """Which targets operators may use; admins pass the lists but not the form.

    Args:
        hosts: patterns as `bot.domain.url_policy.normalise_host_pattern` returns them.
        dial_prefixes: beginnings of E.164 numbers (`+44`), or `*`.
        ask: user ids of those who can help a person whom the lists refuse.
    """

    hosts: frozenset[str] = frozenset()
    dial_prefixes: frozenset[str] = frozenset()
    ask: tuple[str, ...] = ()

    def check(self, target: Target, *, is_admin: bool) -> None:
        """Return only where this person may redirect a call there.

        Raises:
            InvalidTargetError: its form is wrong, for everybody.
            TargetNotAllowedError: the lists do not have it.
        """
        try:
            self._check(target, is_admin=is_admin)
        except TargetNotAllowedError as error:
            raise TargetNotAllowedError(error.part, error.problem, ask=self.ask) from error

    def _check(self, target: Target, *, is_admin: bool) -> None:
        match target:
            case UrlTarget(url):
                check_redirect_url(url, allowed_hosts=self.hosts, is_admin=is_admin)
            case TwimlTarget(twiml):
                check_twiml(
                    twiml,
                    allowed_hosts=self.hosts,
                    dial_prefixes=self.dial_prefixes,
                    is_admin=is_admin,
                )
            case NamedTarget(key):
                find_built_in(key)


def _parse_twiml(text: str) -> tuple[Target, str]:
    match = _TWIML.match(text)
    if match is None:
        raise InvalidTargetError(
            "TwiML", "It must run from <Response> to </Response>.", EXAMPLE_TARGET
        )
    return TwimlTarget(match[0]), text[match.end() :].strip()


def _parse_name(text: str) -> tuple[Target, str]:
    quoted = _QUOTED.match(text)
    if quoted:
        for target in BUILT_IN_TARGETS:
            if _words(quoted["name"]) in _spellings(target):
                return NamedTarget(target.key), _reason(text[quoted.end() :])
        raise _unknown_name(quoted["name"])
    for words, target in _longest_spelling_first():
        end = _end_of_words(text, words)
        if end:
            return NamedTarget(target.key), _reason(text[end:])
    raise _unknown_name(text)


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.casefold()))


def _spellings(target: BuiltInTarget) -> tuple[tuple[str, ...], ...]:
    return (_words(target.key), _words(target.title))


def _longest_spelling_first() -> list[tuple[tuple[str, ...], BuiltInTarget]]:
    spellings = [(words, target) for target in BUILT_IN_TARGETS for words in _spellings(target)]
    return sorted(spellings, key=lambda pair: len(pair[0]), reverse=True)


def _end_of_words(text: str, words: tuple[str, ...]) -> int | None:
    """Where these words end, None where the text does not begin with them."""
    pattern = r"[\s\-]+".join(map(re.escape, words))
    match = re.match(pattern + r"(?=[\s,;:]|$)", text, re.IGNORECASE)
    return match.end() if match else None


def _reason(text: str) -> str:
    return text.strip(_BETWEEN_NAME_AND_REASON)


def _unknown_name(text: str) -> InvalidTargetError:
    words = _words(text)
    if not words:
        return InvalidTargetError("", "Where to? Name a target.", EXAMPLE_TARGET)
    number = split_written_number(text)
    if number:
        example = f"<Response><Dial>{number[0]}</Dial></Response>"
        return InvalidTargetError(number[0], "TwiML sends a call to a number.", example)
    if words[0] == "to":
        words = words[1:]
    meant = [target for target in BUILT_IN_TARGETS if _is_close(words, target)]
    hint = f"Did you mean {' or '.join(target.key for target in meant)}?" if meant else NAMES
    shown = " ".join(text.split()[:5])[:80]
    return InvalidTargetError(
        shown, f"This is no URL, no TwiML and no known target. {hint}", EXAMPLE_TARGET
    )


def _is_close(words: tuple[str, ...], target: BuiltInTarget) -> bool:
    return any(
        difflib.get_close_matches(
            " ".join(words[: len(spelling)]), [" ".join(spelling)], cutoff=_LIKENESS
        )
        for spelling in _spellings(target)
    )
