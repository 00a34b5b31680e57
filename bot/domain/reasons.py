"""Reasons that people give for what they do."""

from __future__ import annotations

from bot.domain.errors import InvalidInputError

LONGEST_REASON = 500
EXAMPLE = "caller asked for it, ticket 4711"


def parse_reason(text: str) -> str:
    """The reason, which may be empty.

    Raises:
        InvalidInputError: it is too long.
    """
    reason = text.strip()
    if len(reason) > LONGEST_REASON:
        problem = f"A reason has at most {LONGEST_REASON} characters; this has {len(reason)}."
        raise InvalidInputError(f"{reason[:40]}…", problem, EXAMPLE)
    return reason
