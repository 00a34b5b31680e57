"""How a call is named in a command, and where its name ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import InvalidCallReferenceError
from bot.domain.sids import (
    FullSid,
    LiveNumber,
    SidEnd,
    is_call_sid,
    parse_call_reference,
    split_call_reference,
)

SID = "CA0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        (SID, FullSid(SID)),
        (SID.upper(), FullSid(SID)),
        ("89abcdef", SidEnd("89abcdef")),
        ("ABCDEF", SidEnd("abcdef")),
        ("123456", SidEnd("123456")),
        ("+14155550123", LiveNumber("+14155550123")),
        ("+1 (415) 555-0123", LiveNumber("+14155550123")),
        ("1 (415) 555-0123", LiveNumber("+14155550123")),
        ("+44 (0)20 7946 0000", LiveNumber("+442079460000")),
        ("+39 (0)6 1234 5678", LiveNumber("+390612345678")),
    ],
)
def test_a_call_is_named_by_its_sid_the_end_of_it_or_a_number(text: str, reference: object) -> None:
    assert parse_call_reference(text) == reference


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Which call?"),
        ("abc", "too short"),
        (SID + "0", "this has 35 characters"),
        ("CAxyz", "this has 5 characters"),
        ("CA../../Accounts?x=1", "A call SID is"),
        ("everybody", "neither"),
        ("020", "a phone number with + and its country code"),
        ("020 7946 0000", "A phone number begins with + and its country code"),
        ("0044 20 7946 0000", "A phone number begins with + and its country code"),
        ("(415) 555-0123", "A phone number begins with + and its country code"),
        ("415-555-0123", "A phone number begins with + and its country code"),
    ],
)
def test_what_is_no_name_is_refused_with_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(InvalidCallReferenceError, match=r".") as refusal:
        parse_call_reference(text)

    assert problem in refusal.value.problem
    assert SID in refusal.value.example


@pytest.mark.parametrize(
    ("text", "reference", "rest"),
    [
        (f"{SID} caller asked", FullSid(SID), "caller asked"),
        (f"{SID}", FullSid(SID), ""),
        ("+14155550123 5 minutes late", LiveNumber("+14155550123"), "5 minutes late"),
        ("+1 415-555-0123 5 minutes late", LiveNumber("+14155550123"), "5 minutes late"),
        ("+44 20 7946 0000", LiveNumber("+442079460000"), ""),
        ("+44 (0)20 7946 0000 toll fraud", LiveNumber("+442079460000"), "toll fraud"),
        ("+44(0)2079460000 hold-music", LiveNumber("+442079460000"), "hold-music"),
        ("+44 20 7946 0000 hold-music", LiveNumber("+442079460000"), "hold-music"),
        (f"`{SID}` caller asked", FullSid(SID), "caller asked"),
        ('"+1 (415) 555-0123" say "bye"', LiveNumber("+14155550123"), 'say "bye"'),
    ],
)
def test_a_number_may_be_written_as_it_is_shown(text: str, reference: object, rest: str) -> None:
    assert split_call_reference(text) == (reference, rest)


@given(st.text(max_size=60))
def test_no_text_is_ever_anything_but_a_reference_or_a_refusal(text: str) -> None:
    try:
        reference, rest = split_call_reference(text)
    except InvalidCallReferenceError:
        return

    assert len(rest) <= len(text)
    assert not isinstance(reference, FullSid) or is_call_sid(reference.call_sid)
