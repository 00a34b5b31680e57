"""JSON in the one form that is hashed and signed (RFC 8785), and read so that no digit is lost."""

from __future__ import annotations

from typing import Any

import orjson
import rfc8785

LARGEST_INT = 2**53 - 1  # RFC 8785 takes numbers as IEEE 754 doubles

# STRICT_INTEGER refuses what is beyond LARGEST_INT; the others, what is no JSON value by itself.
_CANONICAL = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
)


def canonical_json(value: Any) -> bytes:
    """The RFC 8785 form of JSON without floats and without numbers beyond LARGEST_INT.

    In ASCII orjson writes the same, many times as fast. Elsewhere it may not: RFC 8785 sorts keys
    by UTF-16 code units.

    Raises:
        TypeError: it is no JSON, or has no such form.
    """
    form = orjson.dumps(value, None, _CANONICAL)
    return form if form.isascii() else rfc8785.dumps(value)


def exact_json(text: str | bytes) -> Any:
    """The value of a JSON text that holds no numbers but those that canonical_json takes.

    Raises:
        ValueError: it is no JSON, or holds others; such a text is none of ours.
    """
    value = orjson.loads(text)
    if not is_exact(value):
        raise ValueError("it holds a number that could lose digits")
    return value


def is_exact(value: Any) -> bool:
    """Whether JSON that was read holds no numbers but those that canonical_json takes."""
    try:
        return _is_exact(value)
    except RecursionError:
        return False


def _is_exact(value: Any) -> bool:
    kind = type(value)
    if kind is dict or kind is list:
        for inner in value.values() if kind is dict else value:
            if type(inner) is not str and not _is_exact(inner):
                return False
        return True
    return kind is not float and (kind is not int or abs(value) <= LARGEST_INT)
