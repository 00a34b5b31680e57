"""Phone numbers as people see them: in full, masked, and never able to upset a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.phone_numbers import (
    MAX_SHOWN_LENGTH,
    country_of,
    format_number,
    is_e164,
    mask_number,
    normalise_e164,
)


@pytest.mark.parametrize(
    ("raw", "shown", "masked", "country"),
    [
        ("+442079460000", "+44 20 7946 0000", "+44 ••••••••00", "GB"),
        ("+14155550123", "+1 415-555-0123", "+1 ••••••••23", "US"),
        ("+4930123456", "+49 30 123456", "+49 ••••••56", "DE"),
        ("+80012345678", "+800 1234 5678", "+800 ••••••78", ""),
        ("+99999999999", "+99999999999", "•••", ""),
        ("sip:ana@pbx.example.com", "sip:ana@pbx.example.com", "sip:•••", ""),
        ("client:ana", "client:ana", "client:•••", ""),
        ("02079460000", "02079460000", "•••", ""),
        ("Anonymous", "Anonymous", "•••", ""),
        ("+266696687", "number withheld (+266696687)", "number withheld", ""),
        ("+8656696", "number withheld (+8656696)", "number withheld", ""),
        ("", "", "•••", ""),
    ],
)
def test_number_is_shown_masked_and_placed(raw: str, shown: str, masked: str, country: str) -> None:
    assert format_number(raw) == shown
    assert mask_number(raw) == masked
    assert country_of(raw) == country


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+14155550123", "+14155550123"),
        (" +1 (415) 555-0123 ", "+14155550123"),
        ("+44.20.7946.0000", "+442079460000"),
        ("+44\u00a020 7946 0000", "+442079460000"),
        ("14155550123", None),
        ("+0123456789", None),
        ("+12", None),
        ("+1234567890123456", None),
        ("+1415555012٣", None),
        ("+1415555x123", None),
        ("+1415+5550123", None),
        ("", None),
    ],
)
def test_only_whole_international_numbers_are_numbers(written: str, number: str | None) -> None:
    assert normalise_e164(written) == number


def test_what_cannot_be_seen_is_taken_out() -> None:
    assert format_number("sip:\u202eana\x07@b\u200b.example\n") == "sip:ana@b.example"


@given(st.text())
def test_no_text_is_too_odd_to_show(raw: str) -> None:
    shown = format_number(raw)

    assert len(shown) <= MAX_SHOWN_LENGTH
    assert not any(character in shown for character in "\n\r\t\x1b\u202e\u2066")


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_mask_hides_all_but_country_and_last_two_digits(raw: str) -> None:
    masked = mask_number(raw)

    assert is_e164(raw)
    assert sum(character.isdigit() for character in masked) <= 3 + 2
    assert raw[-5:] not in masked
