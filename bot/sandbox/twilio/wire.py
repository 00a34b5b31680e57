"""Reading what came over the wire, where everything is text."""

import re

WHOLE_NUMBER = re.compile(r"[0-9]{1,18}")


def whole_number(text: str) -> int | None:
    """The number that the text writes in digits; None when it is no such number."""
    return int(text) if WHOLE_NUMBER.fullmatch(text) else None
