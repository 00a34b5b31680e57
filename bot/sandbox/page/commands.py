"""What can be typed: hints below the message field, and what is offered as one types."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

COMMAND = "/calls"
_WORD = re.compile(r"[a-z][a-z-]*")


@dataclass(frozen=True, slots=True)
class Hint:
    """A command to put into the field, and what it does."""

    text: str
    does: str


COMMANDS = (
    Hint("/calls", "the live calls"),
    Hint("/calls from:+44*", "those that fit a filter"),
    Hint("/calls post", "the same, for all to see"),
    Hint("/calls recent", "calls that have ended"),
    Hint("/calls show ", "one call, by its SID or number"),
    Hint("/calls hangup ", "hang one up"),
    Hint("/calls redirect ", "send one somewhere else"),
    Hint("/calls audit", "who changed which call"),
    Hint("/calls freeze ", "stop all changes (admins)"),
    Hint("/calls help", "what you may do"),
)


def commands_in(manifest: str) -> Sequence[Hint]:
    """The slash commands that the app's own manifest declares, each with the words of its hint."""
    try:
        declared = json.loads(manifest)["features"]["slash_commands"]
        return [
            hint
            for each in declared
            for hint in _with_words(each["command"], each["description"], each["usage_hint"])
        ]
    except (ValueError, KeyError, TypeError):
        return []


def _with_words(command: str, description: str, usage: str) -> Sequence[Hint]:
    known = {hint.text.strip(): hint for hint in COMMANDS}
    texts = [f"{command} {word}" for word in _WORD.findall(usage)]
    return [Hint(command, description), *(known.get(text, Hint(text, "")) for text in texts)]
