"""Making other people's text harmless and short enough for Slack.

Text from the phone network is an attacker's. It must not mention, link or break a line, and what is
invisible in it must not be able to turn the text around it.
"""

from __future__ import annotations

import re
import unicodedata

ELLIPSIS = "…"
NOTHING = "-"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Slack knows no escape for its marks. Those for bold and the like can style words and no more; a
# backtick would swallow what follows, so one that looks alike stands for it.
_HARMLESS = _ENTITIES | {"`": "\N{MODIFIER LETTER GRAVE ACCENT}"}
_HALF = re.compile(r"(?:&[a-z]*|<[^<>]*)\Z")
# Ids as Slack makes them; `#C3PO` and `@USA` are words that somebody typed.
_TYPED_MENTION = re.compile(r"(?<![\w&<])(@[UW][A-Z0-9]{4,20}|#[CG][A-Z0-9]{6,20})(?!\w)", re.ASCII)
_JOINERS = "\u200c\u200d"
_REPLACEMENT = "\ufffd"
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"


def clean(text: str) -> str:
    """One line without control characters (shown as U+FFFD) and invisible ones (left out)."""
    return " ".join("".join(_clean(character) for character in text).split())


def _clean(character: str) -> str:
    category = unicodedata.category(character)
    if character in _JOINERS or category not in ("Cc", "Cf", "Cs", "Zl", "Zp", "Zs"):
        return character
    if category.startswith("Z") or character in "\t\n\v\f\r\x85":
        return " "
    return "" if category == "Cf" else _REPLACEMENT


def clip(text: str, limit: int) -> str:
    """The text, or its beginning and an ellipsis, at most *limit* characters in all."""
    return text if len(text) <= limit else text[: limit - len(ELLIPSIS)].rstrip() + ELLIPSIS


def clip_marked_up(text: str, limit: int) -> str:
    """Like `clip`, without leaving half an entity, mention or date at the end."""
    if len(text) <= limit:
        return text
    return _HALF.sub("", text[: limit - len(ELLIPSIS)]).rstrip() + ELLIPSIS


def plain(text: str, limit: int) -> str:
    """The text for a plain_text object; a dash where nothing is left of it."""
    return clip(clean(text), limit) or NOTHING


def with_mentions(marked_up: str) -> str:
    """Marked-up: people and channels that were typed as `@U…` and `#C…` are shown by their names.

    Slack sends the names in a command as ids; each reader sees what that reader may see.
    """
    return _TYPED_MENTION.sub(r"<\1>", marked_up)


def escape(text: str, limit: int) -> str:
    """The text for mrkdwn, at most *limit* characters with Slack's entities; a dash for nothing.

    Text that runs from right to left is isolated, so that it cannot reorder its neighbours.
    """
    cleaned = clean(text) or NOTHING
    escaped = clip_marked_up("".join(_HARMLESS.get(mark, mark) for mark in cleaned), limit)
    if any(unicodedata.bidirectional(character) in ("R", "AL") for character in escaped):
        return f"{_ISOLATE}{escaped}{_END_ISOLATE}"
    return escaped
