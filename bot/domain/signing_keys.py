"""Ed25519 keys as people hand them around: one line of text that says which half it is."""

from __future__ import annotations

import base64
import binascii

from bot.domain.errors import HookflashError

PRIVATE = "ed25519-private:"
PUBLIC = "ed25519-public:"
KEY_BYTES = 32


class UnusableKeyError(HookflashError, ValueError):
    """A key that cannot be used; the message is a sentence and never repeats the key."""


def key_text(prefix: str, raw: bytes) -> str:
    """The line for the 32 bytes of a key."""
    return prefix + base64.b64encode(raw).decode()


def key_bytes(prefix: str, text: str) -> bytes:
    """The 32 bytes of a key of this half.

    Raises:
        UnusableKeyError: it is the other half, or no key.
    """
    wanted, other = ("private", PUBLIC) if prefix == PRIVATE else ("public", PRIVATE)
    if text.startswith(other):
        raise UnusableKeyError(f"is the other half of the key; the {wanted} one is needed")
    try:
        raw = base64.b64decode(text.removeprefix(prefix), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not text.startswith(prefix) or len(raw) != KEY_BYTES:
        raise UnusableKeyError(f"is no {wanted} key, which is {prefix} and 44 characters of base64")
    return raw
