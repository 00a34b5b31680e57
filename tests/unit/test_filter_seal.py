"""Filters in buttons: the bot reads them again, nobody else does, and made-up ones are survived."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import OutdatedButtonError
from bot.slack.filter_seal import FilterSeal

SEAL = FilterSeal("xoxb-1-2-test")
FILTERS = "from:+442079460000 status:ringing"


@given(st.text(max_size=300))
def test_what_was_sealed_comes_back_in_every_process_with_the_same_token(filters: str) -> None:
    assert FilterSeal("xoxb-1-2-test").open(SEAL.seal(filters)) == filters


def test_a_seal_tells_nothing_and_is_the_same_each_time() -> None:
    sealed = SEAL.seal(FILTERS)

    assert "4420" not in sealed
    assert sealed == SEAL.seal(FILTERS)
    assert sealed != SEAL.seal("from:+442079460001 status:ringing")


def test_no_filters_need_no_seal() -> None:
    assert not SEAL.seal("")


def test_the_filters_of_another_token_are_not_read() -> None:
    sealed = FilterSeal("xoxb-1-2-another").seal(FILTERS)

    with pytest.raises(OutdatedButtonError):
        SEAL.open(sealed)


@pytest.mark.parametrize("made_up", ["x", "é", "AAAA", "A" * 80, "====", FILTERS])
def test_what_was_never_sealed_is_refused(made_up: str) -> None:
    with pytest.raises(OutdatedButtonError):
        SEAL.open(made_up)


@given(st.text())
def test_any_value_is_opened_or_refused(value: str) -> None:
    with suppress(OutdatedButtonError):
        assert SEAL.open(value) is not None
