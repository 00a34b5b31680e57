"""Phone numbers for people's eyes: international format, masks for shared channels, countries."""

from __future__ import annotations

import re

import phonenumbers

MAX_SHOWN_LENGTH = 64
_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_NUMBER_WORD = re.compile(r"\+?[0-9().\-]+", re.ASCII)
_WRITTEN_NUMBER = re.compile(r"\+[0-9 ().\-\u00a0]+", re.ASCII)
# What Twilio tells of callers who withhold their number: anonymous, restricted, blocked, unknown,
# unavailable, and one for none at all; the words as they are spelt on the keys of a telephone.
# Source: https://help.twilio.com/articles/223179988
_WITHHELD = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253", "+464"})
_NUMBER_WITHHELD = "number withheld"
_ITALIAN = re.compile(r"\+\s*39")
_ADDRESS_SCHEME = re.compile(r"(?:sips?|client|sim|whatsapp):", re.IGNORECASE)
# Control characters, and those that turn the direction of the text around them or hide in it.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_MASK = "•"
_KEPT_DIGITS = 2


def is_e164(text: str) -> bool:
    """Whether the text is a whole number such as +14155550123."""
    return _E164.fullmatch(text) is not None


def normalise_e164(text: str) -> str | None:
    """The number in E.164, None where a person's text is no whole international number."""
    text = without_trunk_zero(text.strip())
    if not _WRITTEN_NUMBER.fullmatch(text):
        return None
    number = "+" + "".join(re.findall(r"[0-9]", text))
    return number if is_e164(number) else None


def without_trunk_zero(text: str) -> str:
    """The text without the `(0)` of +44 (0)20 7946 0000, which nobody dials from abroad.

    Only in Italy it is a part of the number.
    """
    return text if _ITALIAN.match(text) else text.replace("(0)", "", 1)


def format_number(raw: str) -> str:
    """The number in international format; SIP addresses, client names and the like as they are.

    Characters that cannot be seen are taken out and what is too long is cut, but the text is still
    its sender's: escape it.
    """
    if raw in _WITHHELD:
        return f"{_NUMBER_WITHHELD} ({raw})"
    number = _parsed(raw)
    if number is None:
        return _visible(raw)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def mask_number(raw: str) -> str:
    """The number with only its country code and last two digits, for channels shared with others.

    Of anything but a number only the scheme is kept (`sip:•••`).
    """
    if raw in _WITHHELD:
        return _NUMBER_WITHHELD
    number = _parsed(raw)
    if number is None:
        scheme = _ADDRESS_SCHEME.match(raw)
        return (scheme[0].lower() if scheme else "") + _MASK * 3
    code = f"+{number.country_code}"
    hidden = len(raw) - len(code) - _KEPT_DIGITS
    return f"{code} {_MASK * hidden}{raw[-_KEPT_DIGITS:]}"


def split_written_number(text: str) -> tuple[str, str] | None:
    """The number with spaces that the text begins with, and the rest; None where it has none.

    Of the words that could belong to the number, as many do as make one that can exist.
    """
    words = text.split()
    many = 0
    while many < len(words) and _NUMBER_WORD.fullmatch(words[many]):
        many += 1
    for taken in range(many, 0, -1):
        number = normalise_e164(" ".join(words[:taken]))
        if number and can_exist(number):
            return number, " ".join(words[taken:])
    return None


def can_exist(number: str) -> bool:
    """Whether the number in E.164 has as many digits as numbers of its country do."""
    parsed = _parsed(number)
    if parsed is None:
        return False
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    return reason == phonenumbers.ValidationResult.IS_POSSIBLE


def country_of(raw: str) -> str:
    """The country of the number in ISO 3166 (`GB`), empty where it is not known."""
    number = _parsed(raw)
    region = phonenumbers.region_code_for_number(number) if number else None
    return region if region and region.isalpha() else ""


def _parsed(raw: str) -> phonenumbers.PhoneNumber | None:
    if not is_e164(raw) or raw in _WITHHELD:
        return None
    try:
        return phonenumbers.parse(raw)
    except phonenumbers.NumberParseException:
        return None


def _visible(raw: str) -> str:
    text = _INVISIBLE.sub("", raw).strip()
    return text if len(text) <= MAX_SHOWN_LENGTH else text[: MAX_SHOWN_LENGTH - 1] + "…"
