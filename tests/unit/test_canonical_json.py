"""The canonical form: what the fast way writes is what RFC 8785 asks for."""

from __future__ import annotations

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.canonical import LARGEST_INT, canonical_json, exact_json

WHOLE = st.integers(-LARGEST_INT, LARGEST_INT)
ASCII = st.text(st.characters(max_codepoint=127))


def json_of(text: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    return st.recursive(
        st.none() | st.booleans() | WHOLE | text,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
        max_leaves=12,
    )


@given(json_of(ASCII))
def test_ascii_has_the_form_of_rfc_8785(value: object) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(json_of(st.text()))
def test_any_text_has_the_form_of_rfc_8785(value: object) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


def test_keys_are_sorted_as_rfc_8785_sorts_them() -> None:
    """By UTF-16 code units, in which an emoji comes before a private-use character."""
    assert canonical_json({"\ue000": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ue000":1}'.encode()


def test_lone_surrogates_have_no_form() -> None:
    with pytest.raises(TypeError, match="not valid UTF-8"):
        canonical_json({"a": "\ud800"})


@given(json_of(st.text()))
def test_what_has_a_form_is_read_back_exactly(value: object) -> None:
    assert exact_json(canonical_json(value).decode()) == value


@pytest.mark.parametrize(
    "text",
    [
        "1.5",
        "1e3",
        "NaN",
        "-Infinity",
        str(2**53),
        "{",
        "",
        "[" * 100_000,
        "[" * 1010 + "]" * 1010,
        "9" * 5000,
    ],
)
def test_numbers_that_could_lose_digits_are_not_read(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the library's words
        exact_json(text)


@given(json_of(st.text()))
def test_the_exact_reading_is_that_of_the_standard_library(value: object) -> None:
    assert exact_json(json.dumps(value)) == json.loads(json.dumps(value))
