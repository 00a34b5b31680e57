"""What can be typed, as the hints below the message field tell it."""

from dataclasses import dataclass

COMMAND = "/calls"


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
