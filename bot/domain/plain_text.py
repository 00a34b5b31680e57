"""Other people's text made harmless for terminals and spreadsheets."""

from __future__ import annotations

import unicodedata

# Source: https://owasp.org/www-community/attacks/CSV_Injection
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: str) -> str:
    """The text with what could steer a terminal or turn text around shown as an escape."""
    return "".join(
        character.encode("unicode_escape").decode()
        if unicodedata.category(character) in _INVISIBLE
        else character
        for character in text
    )


def spreadsheet_cell(text: str) -> str:
    """The text as one line that no spreadsheet takes for a formula: an apostrophe goes before."""
    shown = printable(text)
    return f"'{shown}" if text.startswith(_STARTS_A_FORMULA) else shown
