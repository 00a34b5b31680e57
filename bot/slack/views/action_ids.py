"""The ids of our buttons, as they come back with a click."""

from __future__ import annotations

from enum import StrEnum


class ActionId(StrEnum):
    """What a button does. Buttons of calls carry a CallValue, the others a page."""

    DETAILS = "call.details"
    REDIRECT = "call.redirect"
    HANG_UP = "call.hang_up"
    HISTORY = "call.history"
    REFRESH_CARD = "call.refresh"
    POST = "call.post"

    REFRESH_LIST = "list.refresh"
    NEXT = "list.next"
    PREVIOUS = "list.previous"

    REFRESH_RECENT = "recent.refresh"
    NEXT_RECENT = "recent.next"
    PREVIOUS_RECENT = "recent.previous"

    OLDER_ENTRIES = "audit.older"
    NEWEST_ENTRIES = "audit.newest"
