"""What buttons carry comes back as it was written, and made-up values are survived."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import OutdatedButtonError
from bot.slack.views.values import (
    CallValue,
    LogPageValue,
    PageValue,
    parse_call_value,
    parse_log_page_value,
    parse_page_value,
)

SIDS = st.text(alphabet="0123456789abcdef", min_size=32, max_size=32).map("CA{}".format)
VERSIONS = st.text(alphabet="0123456789abcdef.-", max_size=64)


@given(SIDS, VERSIONS, st.one_of(st.just(""), st.builds(PageValue, st.integers(1, 99), st.text())))
def test_a_call_comes_back(call_sid: str, version: str, page: PageValue | str) -> None:
    value = CallValue(call_sid, version, page.encode() if isinstance(page, PageValue) else page)

    assert parse_call_value(value.encode()) == value


@given(st.integers(1, 10_000), st.text(max_size=500))
def test_a_page_comes_back(page: int, filters: str) -> None:
    value = PageValue(page, filters)

    assert parse_page_value(value.encode()) == value


@given(st.one_of(st.none(), st.integers(1, 10**12)), st.text(max_size=500))
def test_a_place_in_the_log_comes_back(before_seq: int | None, filters: str) -> None:
    value = LogPageValue(before_seq, filters)

    assert parse_log_page_value(value.encode()) == value


@pytest.mark.parametrize(
    "made_up",
    [
        "",
        "v1",
        "v1|x",
        "v2|1|",
        "v1|0|",
        "v1|-1|",
        "v1|٣|",
        "v1|99999999999|",
        "v1|1|" + "x" * 2000,
    ],
)
def test_a_page_that_makes_no_sense_is_refused(made_up: str) -> None:
    with pytest.raises(OutdatedButtonError):
        parse_page_value(made_up)


@pytest.mark.parametrize(
    "made_up", ["v1|CA1|", "v1|CA" + "0" * 32 + "|../x", "v1|CA" + "g" * 32 + "|"]
)
def test_a_call_that_makes_no_sense_is_refused(made_up: str) -> None:
    with pytest.raises(OutdatedButtonError):
        parse_call_value(made_up)


@given(st.text())
@pytest.mark.parametrize("parse", [parse_call_value, parse_page_value, parse_log_page_value])
def test_any_value_is_read_or_refused(parse: Callable[[str], object], value: str) -> None:
    with suppress(OutdatedButtonError):
        assert parse(value) is not None
