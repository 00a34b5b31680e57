"""What the buttons carry: ids, versions, pages, sealed filters; written and read back here.

A value comes back in a signed payload, perhaps weeks later and perhaps made up by a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.domain.errors import OutdatedButtonError
from bot.domain.sids import is_call_sid

MAX_VALUE = 2000
MAX_PAGE = 10_000
_FORMAT = "v1"
_CARD_VERSION = re.compile(r"[0-9a-f.\-]{0,64}", re.ASCII)
_COUNT = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CallValue:
    """A call, and the version of what the card showed of it.

    `list_state` is the encoded page on which the button stands, empty where it is no list.
    """

    call_sid: str
    card_version: str = ""
    list_state: str = ""

    def encode(self) -> str:
        """The button's value."""
        return f"{_FORMAT}|{self.call_sid}|{self.card_version}|{self.list_state}"


@dataclass(frozen=True, slots=True)
class PageValue:
    """A page of a list, from 1, and the list's filters, sealed."""

    page: int
    sealed_filters: str = ""

    def encode(self) -> str:
        """The button's value."""
        return f"{_FORMAT}|{self.page}|{self.sealed_filters}"


@dataclass(frozen=True, slots=True)
class LogPageValue:
    """The log's rows before an entry (None: the newest), and the filters, sealed."""

    before_seq: int | None
    sealed_filters: str = ""

    def encode(self) -> str:
        """The button's value."""
        return f"{_FORMAT}|{self.before_seq or ''}|{self.sealed_filters}"


def parse_call_value(value: str) -> CallValue:
    """What the button of a call carries.

    Raises:
        OutdatedButtonError: no button of ours carries this.
    """
    call_sid, rest = _parts(value)
    card_version, _, list_state = rest.partition("|")
    if not is_call_sid(call_sid) or not _CARD_VERSION.fullmatch(card_version):
        raise _not_ours()
    return CallValue(call_sid, card_version, list_state)


def parse_page_value(value: str) -> PageValue:
    """What the paging button of a list carries; the filters are still sealed.

    Raises:
        OutdatedButtonError: no button of ours carries this.
    """
    page, filters = _parts(value)
    if not _COUNT.fullmatch(page) or int(page) > MAX_PAGE:
        raise _not_ours()
    return PageValue(int(page), filters)


def parse_log_page_value(value: str) -> LogPageValue:
    """What the paging button of the log carries; the filters are still sealed.

    Raises:
        OutdatedButtonError: no button of ours carries this.
    """
    before_seq, filters = _parts(value)
    if not before_seq:
        return LogPageValue(None, filters)
    if not _COUNT.fullmatch(before_seq):
        raise _not_ours()
    return LogPageValue(int(before_seq), filters)


def _parts(value: str) -> tuple[str, str]:
    found = value.split("|", 2) if len(value) <= MAX_VALUE else []
    if len(found) != len(("format", "subject", "rest")) or found[0] != _FORMAT:
        raise _not_ours()
    return found[1], found[2]


def _not_ours() -> OutdatedButtonError:
    return OutdatedButtonError("value")
