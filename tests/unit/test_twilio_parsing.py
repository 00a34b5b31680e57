"""Twilio's JSON: times in every spelling, and rows of every shape."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.sids import is_call_sid
from bot.twilio.parsing import parse_call, parse_number, parse_time

ACCOUNT_SID = "AC" + "0a" * 16
CALL_SID = "CA" + "4e" * 16
PROPERTIES = ["sid", "account_sid", "status", "from", "to", "direction", "duration", "price"]
PROPERTIES += ["date_created", "date_updated", "start_time", "end_time", "parent_call_sid"]
JSON = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just([{}]))


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("Tue, 31 Aug 2010 20:36:28 +0000", datetime(2010, 8, 31, 20, 36, 28, tzinfo=UTC)),
        ("Tue, 31 Aug 2010 22:36:28 +0200", datetime(2010, 8, 31, 20, 36, 28, tzinfo=UTC)),
        ("Tue, 31 Aug 2010 20:36:28 GMT", datetime(2010, 8, 31, 20, 36, 28, tzinfo=UTC)),
        ("Tue, 31 Aug 2010 20:36:28 -0000", datetime(2010, 8, 31, 20, 36, 28, tzinfo=UTC)),
        ("31 Aug 2010 20:36:28 +0000", datetime(2010, 8, 31, 20, 36, 28, tzinfo=UTC)),
        ("Tue, 31 Xyz 2010 20:36:28 +0000", None),
        ("Tue, 32 Aug 2010 20:36:28 +0000", None),
        ("Tue, 31 Aug 2010 25:36:28 +0000", None),
        ("Fri, 31 Dec 9999 23:59:59 -0100", None),
        ("2010-08-31T20:36:28Z", None),
        ("", None),
        ("None", None),
    ],
)
def test_time_is_read_in_utc_or_not_at_all(text: str, time: datetime | None) -> None:
    assert parse_time(text) == time


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9999, 1, 1)))  # noqa: DTZ001 - made aware below
def test_time_as_twilio_writes_it_reads_back(naive: datetime) -> None:
    time = naive.replace(microsecond=0, tzinfo=UTC)

    assert parse_time(f"{time:%a, %d %b} {time.year:04} {time:%H:%M:%S} +0000") == time


@given(st.text())
def test_no_text_is_too_odd_a_time(text: str) -> None:
    time = parse_time(text)

    assert time is None or time.tzinfo is UTC


@given(st.dictionaries(st.sampled_from(PROPERTIES), JSON))
def test_row_of_any_shape_is_a_call_or_none(row: dict[str, object]) -> None:
    assert parse_call(row, account_sid=ACCOUNT_SID) is None

    call = parse_call(row | {"sid": CALL_SID}, account_sid=ACCOUNT_SID)

    assert call is not None
    assert call.status
    assert call.account_sid
    assert call.parent_call_sid is None or is_call_sid(call.parent_call_sid)


@given(st.dictionaries(st.sampled_from(["phone_number", "voice_url", "friendly_name"]), JSON))
def test_row_of_any_shape_is_a_number_or_none(row: dict[str, object]) -> None:
    number = parse_number(row)

    assert number is None or number.phone_number
