"""Text of strangers on terminals and in spreadsheets."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.audit_export import json_line
from bot.domain.plain_text import printable, spreadsheet_cell


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+1 415 555 0123", "+1 415 555 0123"),
        ("Zoë 🎺", "Zoë 🎺"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("a\tb\r\nc", "a\\tb\\r\\nc"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("a\u2028b\u200b", "a\\u2028b\\u200b"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_steers_a_terminal_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_nothing_printed_is_invisible(text: str) -> None:
    categories = {unicodedata.category(character) for character in printable(text)}

    assert not categories & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_line_of_json_is_printable_ascii(text: str) -> None:
    line = json_line({"reason": text})

    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == {"reason": text}


def test_delete_is_escaped_in_a_line_of_json() -> None:
    """The one control character that JSON would let stand."""
    assert json_line({"reason": "a\x7fb"}) == r'{"reason":"a\u007fb"}'


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+14155550123", "'+14155550123"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\\t=1"),
        ("\r=1", "'\\r=1"),
        ("call =1", "call =1"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text: str, cell: str) -> None:
    assert spreadsheet_cell(text) == cell


@given(st.text(st.characters()))
def test_no_cell_starts_like_a_formula_or_breaks_its_line(text: str) -> None:
    cell = spreadsheet_cell(text)

    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert len(cell.splitlines()) <= 1
