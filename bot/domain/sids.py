"""Twilio's string identifiers and the ways in which people name a call."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.domain.errors import InvalidCallReferenceError
from bot.domain.phone_numbers import can_exist, split_written_number, without_trunk_zero

# Source: https://www.twilio.com/docs/glossary/what-is-a-sid; the SDK puts SIDs into URLs unescaped.
_CALL_SID = re.compile(r"CA[0-9a-f]{32}", re.IGNORECASE | re.ASCII)
_ACCOUNT_SID = re.compile(r"AC[0-9a-f]{32}", re.IGNORECASE | re.ASCII)
_SID_END = re.compile(r"[0-9a-f]{6,32}", re.IGNORECASE | re.ASCII)
_PHONE_NUMBER = re.compile(r"\+?[0-9][0-9 ().\-]{4,24}", re.ASCII)
_QUOTED = re.compile(r"""(["'`])(.+?)\1(.*)""", re.DOTALL)
_EXAMPLE = "CA0123456789abcdef0123456789abcdef, its last 6 characters, or +14155550123"


@dataclass(frozen=True, slots=True)
class FullSid:
    """A whole call SID: names one call for certain."""

    call_sid: str


@dataclass(frozen=True, slots=True)
class SidEnd:
    """The last characters of a call SID, six or more, in lower case."""

    end: str


@dataclass(frozen=True, slots=True)
class LiveNumber:
    """The number of a party to a live call, in E.164."""

    number: str


CallReference = FullSid | SidEnd | LiveNumber


def is_call_sid(text: str) -> bool:
    """Whether the text is a call SID and safe to put into a URL."""
    return _CALL_SID.fullmatch(text) is not None


def is_account_sid(text: str) -> bool:
    """Whether the text is an account SID."""
    return _ACCOUNT_SID.fullmatch(text) is not None


def normalise_call_sid(text: str) -> str:
    """The call SID as Twilio writes it: `CA` and lower-case digits.

    Raises:
        InvalidCallReferenceError: the text is no call SID.
    """
    if not is_call_sid(text):
        raise InvalidCallReferenceError(text, "This is not a call SID.", _EXAMPLE)
    return "CA" + text[2:].lower()


def parse_call_reference(text: str) -> CallReference:
    """What the person named: a call SID, the end of one, or a number.

    A text that could be both (only digits) is a number when it starts with `+`, else the end of
    a SID. Other numbers may do without the `+`, where their country code makes them possible.

    Raises:
        InvalidCallReferenceError: it is none of them.
    """
    text = text.strip()
    if is_call_sid(text):
        return FullSid(normalise_call_sid(text))
    if _SID_END.fullmatch(text):
        return SidEnd(text.lower())
    number = "+" + "".join(re.findall("[0-9]", without_trunk_zero(text)))
    if _PHONE_NUMBER.fullmatch(text) and (text.startswith("+") or can_exist(number)):
        return LiveNumber(number)
    raise InvalidCallReferenceError(text, _problem_with(text), _EXAMPLE)


def split_call_reference(text: str) -> tuple[CallReference, str]:
    """What the person named first, and the rest; a number may be written with spaces.

    Quotes and backticks may stand around it, as it is copied from elsewhere.

    Raises:
        InvalidCallReferenceError: the text begins with none.
    """
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        return parse_call_reference(quoted[2]), quoted[3].strip()
    if text.startswith("+"):
        written = split_written_number(text)
        if written:
            return LiveNumber(written[0]), written[1]
    named, *rest = text.split(maxsplit=1) or [""]
    return parse_call_reference(named), "".join(rest).strip()


def write_call_reference(reference: CallReference) -> str:
    """The reference as a person would type it."""
    match reference:
        case FullSid(call_sid):
            return call_sid
        case SidEnd(end):
            return end
        case LiveNumber(number):
            return number


def _problem_with(text: str) -> str:
    if not text:
        return "Which call? Name one."
    if text[:2].upper() == "CA":
        return f"A call SID is CA and 32 of 0-9 and a-f; this has {len(text)} characters."
    if re.fullmatch(r"[0-9a-fA-F]{1,5}", text):
        return (
            "That is too short to name one call; give at least 6 characters of its SID, or a phone "
            "number with + and its country code."
        )
    if re.fullmatch(r"[0-9 ().\-]+", text):
        return "A phone number begins with + and its country code."
    return "This is neither a call SID, nor the end of one, nor a phone number."
