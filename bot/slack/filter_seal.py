"""The filters of a list, as its buttons carry them: to be read by nobody but the bot.

What people filter by is a number or words of a reason, and what stands in a button is read by
whoever reads the message by program: other apps, another company in a shared channel. So the button
has an opaque id of the filters that is the filters themselves, enciphered.

A table of filters would have to be written for each list that is looked at, also while the database
does not answer, and cleaned of numbers later. What Slack keeps for a message comes back only from
those that a channel sees (the message itself, its metadata), or gets lost once the message was
updated (the state of an input: https://github.com/slackapi/bolt-js/issues/1258). This needs nothing
kept, and any process that has the bot's token reads it, after a restart and weeks later.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.domain.errors import OutdatedButtonError

_PURPOSE = b"hookflash: filters in buttons"
_KEY_BYTES = 64


class FilterSeal:
    """Seals filters and opens them again.

    The same filters are sealed alike, so that a list which has not changed is the same message.
    """

    def __init__(self, bot_token: str) -> None:
        derived = HKDF(SHA256(), _KEY_BYTES, salt=None, info=_PURPOSE).derive(bot_token.encode())
        self._cipher = AESSIV(derived)

    def seal(self, filters: str) -> str:
        """What a button carries; nothing for no filters."""
        if not filters:
            return ""
        return urlsafe_b64encode(self._cipher.encrypt(filters.encode(), None)).decode()

    def open(self, sealed: str) -> str:
        """The filters that were sealed.

        Raises:
            OutdatedButtonError: this bot has not sealed it; its token may have changed since.
        """
        if not sealed:
            return ""
        try:
            return self._cipher.decrypt(urlsafe_b64decode(sealed), None).decode()
        except (ValueError, InvalidTag) as error:
            raise OutdatedButtonError("filters") from error
