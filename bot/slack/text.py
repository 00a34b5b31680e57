"""Undoing what Slack and keyboards do to typed text, before anything parses it."""

from __future__ import annotations

import re

# Keyboards of phones and Macs curl quotes; TwiML needs the straight ones.
_STRAIGHT = str.maketrans(
    dict.fromkeys("\u201c\u201d\u201e\u201f", '"') | dict.fromkeys("\u2018\u2019\u201a\u201b", "'")
)
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]")
# Zero-width marks and direction controls ride along when numbers are copied from elsewhere.
_INVISIBLE = re.compile(r"[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")

# Source: https://docs.slack.dev/interactivity/implementing-slash-commands (should_escape), and
# https://docs.slack.dev/messaging/formatting-message-text
_LABEL = r"(?:\|[^<>]*)?>"
_REWRITTEN = (
    (re.compile(rf"<tel:([^<>|]*){_LABEL}"), r"\1"),
    # Slack makes a link of a name such as example.com, too: its label is what was typed.
    (re.compile(r"<http://([^<>|]+)\|\1>"), r"\1"),
    (re.compile(rf"<(https?://[^<>|]*){_LABEL}"), r"\1"),
    (re.compile(rf"<@([A-Z0-9]+){_LABEL}"), r"@\1"),
    (re.compile(rf"<#([A-Z0-9]+){_LABEL}"), r"#\1"),
    (re.compile(rf"<mailto:([^<>|]*){_LABEL}"), r"\1"),
    (re.compile(r"<!subteam\^[A-Z0-9]+\|@?([^<>|]+)>"), r"@\1"),
    (re.compile(rf"<!(?:subteam\^)?([A-Z0-9]+|here|channel|everyone){_LABEL}"), r"@\1"),
)
_ENTITY = re.compile("&(lt|gt|amp);")
_CHARACTERS = {"lt": "<", "gt": ">", "amp": "&"}


def straighten(text: str) -> str:
    """The text with straight quotes and plain spaces, without invisible characters."""
    text = _LINE_ENDS.sub("\n", text.translate(_STRAIGHT))
    return _INVISIBLE.sub("", _SPACES.sub(" ", text))


def undo_rewriting(text: str) -> str:
    """What the person typed, from the text of a command as Slack sends it.

    Links come out as their address, a mention as `@U…`, a group of people by its name, a channel as
    `#C…`. The entities come last and once each, so that an `&amp;` which was typed stays one.
    """
    text = straighten(text)
    for pattern, replacement in _REWRITTEN:
        text = pattern.sub(replacement, text)
    return _ENTITY.sub(lambda match: _CHARACTERS[match[1]], text)
