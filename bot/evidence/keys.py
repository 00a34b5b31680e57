"""Ed25519: making keys, signing checkpoints, and telling who signed one."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bot.domain.checkpoints import Checkpoint, signed_bytes
from bot.domain.signing_keys import PRIVATE, PUBLIC, UnusableKeyError, key_bytes, key_text

_OWNER_ONLY = 0o600


class Ed25519Signer:
    """Signs with one private key."""

    def __init__(self, private_key: str) -> None:
        """Take the key as text.

        Raises:
            UnusableKeyError: it is none.
        """
        self._key = Ed25519PrivateKey.from_private_bytes(key_bytes(PRIVATE, private_key))

    @property
    def public_key(self) -> str:
        """The other half, as text."""
        return key_text(PUBLIC, self._key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> str:
        """The signature, in base64."""
        return base64.b64encode(self._key.sign(message)).decode()


def new_private_key() -> str:
    """A fresh private key, as text."""
    return key_text(PRIVATE, Ed25519PrivateKey.generate().private_bytes_raw())


def write_private_key(path: Path, private_key: str) -> None:
    """Keep the key in a new file that only its owner may read.

    Raises:
        UnusableKeyError: there is such a file already, or it cannot be made.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except FileExistsError as error:
        raise UnusableKeyError(f"{path} is there already; a key is never overwritten.") from error
    except OSError as error:
        raise UnusableKeyError(f"{path} cannot be written: {error.strerror}.") from error
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{private_key}\n")
        file.flush()
        os.fsync(file.fileno())


def read_signer(setting: str) -> Ed25519Signer:
    """The signer of a private key, or of the file that holds one.

    Raises:
        UnusableKeyError: there is no key in it.
    """
    named, text = _text_of(PRIVATE, setting)
    try:
        return Ed25519Signer(text)
    except UnusableKeyError as error:
        raise UnusableKeyError(f"What {named} holds {error}.") from error


def read_public_key(given: str) -> str:
    """The public key that is given, or that the file holds.

    Raises:
        UnusableKeyError: there is no key in it.
    """
    named, text = _text_of(PUBLIC, given)
    try:
        return key_text(PUBLIC, key_bytes(PUBLIC, text))
    except UnusableKeyError as error:
        raise UnusableKeyError(f"What {named} holds {error}.") from error


def is_signed(checkpoint: Checkpoint) -> bool:
    """Whether the owner of its key signed all that the checkpoint says."""
    try:
        key = Ed25519PublicKey.from_public_bytes(key_bytes(PUBLIC, checkpoint.public_key))
        signature = base64.b64decode(checkpoint.signature, validate=True)
        key.verify(signature, signed_bytes(checkpoint))
    except (InvalidSignature, UnusableKeyError, binascii.Error, ValueError):
        return False
    return True


def _text_of(prefix: str, given: str) -> tuple[str, str]:
    """What to call it, and the key's text: as given, or the file's."""
    if given.startswith((PRIVATE, PUBLIC)):
        return "the setting" if prefix == PRIVATE else "the option", given
    try:
        return given, Path(given).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UnusableKeyError(f"The key in {given} cannot be read: {reason}.") from error
