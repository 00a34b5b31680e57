"""Twilio's JSON as values of the domain; what is missing, unknown or odd is survived."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from bot.domain.calls import Call, OwnNumber
from bot.domain.sids import is_call_sid

Row = Mapping[str, Any]

UNKNOWN_STATUS = "unknown"
# Not from `calendar`, whose names follow the locale.
_MONTH_NAMES = "JanFebMarAprMayJunJulAugSepOctNovDec"
_MONTHS = {_MONTH_NAMES[3 * month - 3 : 3 * month]: month for month in range(1, 13)}
_RFC_2822_LENGTH = len("Tue, 31 Aug 2010 20:36:28 +0000")


def parse_call(row: Row, *, account_sid: str) -> Call | None:
    """The call that a row of JSON tells of, None where it has no call SID."""
    sid, parent_call_sid = _text(row, "sid"), _text(row, "parent_call_sid")
    if not is_call_sid(sid):
        return None
    return Call(
        sid=sid,
        account_sid=_text(row, "account_sid") or account_sid,
        status=_text(row, "status") or UNKNOWN_STATUS,
        direction=_text(row, "direction"),
        from_number=_text(row, "from"),
        to_number=_text(row, "to"),
        parent_call_sid=parent_call_sid if is_call_sid(parent_call_sid) else None,
        phone_number_sid=_text(row, "phone_number_sid") or None,
        caller_name=_text(row, "caller_name"),
        forwarded_from=_text(row, "forwarded_from"),
        answered_by=_text(row, "answered_by"),
        stir_verstat=_text(row, "stir_verstat"),
        created_at=parse_time(_text(row, "date_created")),
        updated_at=parse_time(_text(row, "date_updated")),
        started_at=parse_time(_text(row, "start_time")),
        ended_at=parse_time(_text(row, "end_time")),
        duration_s=_whole_number(_text(row, "duration")),
        price=_text(row, "price") or None,
        price_unit=_text(row, "price_unit"),
    )


def parse_number(row: Row) -> OwnNumber | None:
    """The account's number that a row of JSON tells of, None where it has none.

    A number that belongs to an application or a trunk does not use its own voice URL, so it gets
    none here. Source: https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
    """
    phone_number = _text(row, "phone_number")
    if not phone_number:
        return None
    is_overruled = _text(row, "voice_application_sid") or _text(row, "trunk_sid")
    return OwnNumber(
        phone_number=phone_number,
        friendly_name=_text(row, "friendly_name"),
        voice_url="" if is_overruled else _text(row, "voice_url"),
        voice_method=_text(row, "voice_method") or "POST",
    )


def parse_time(text: str) -> datetime | None:
    """The instant that an RFC 2822 text names, in UTC; None where it names none."""
    if not text:
        return None
    return _parse_usual_time(text) or _parse_odd_time(text)


def _parse_usual_time(text: str) -> datetime | None:
    """A time as Twilio writes it; by position, since listings hold 20,000 of them."""
    if len(text) != _RFC_2822_LENGTH or not text.endswith(" +0000"):
        return None
    try:
        return datetime(
            int(text[12:16]),
            _MONTHS[text[8:11]],
            int(text[5:7]),
            int(text[17:19]),
            int(text[20:22]),
            int(text[23:25]),
            tzinfo=UTC,
        )
    except (KeyError, ValueError):
        return None


def _parse_odd_time(text: str) -> datetime | None:
    try:
        time = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else _in_utc(time)


def _in_utc(time: datetime) -> datetime | None:
    try:
        return time.astimezone(UTC)
    except OverflowError:
        return None


def _text(row: Row, key: str) -> str:
    value = row.get(key)
    return "" if value is None else str(value)


def _whole_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None
