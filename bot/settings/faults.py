"""What is wrong with the environment, as sentences that show a right example and never a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.errors import HookflashError


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to mend: the *problem* continues the sentence that the *variable* begins.

    The value never stands in it, since a token may have been put into the wrong variable.
    """

    variable: str
    problem: str
    example: str = ""
    is_missing: bool = False

    def __str__(self) -> str:
        """The sentence, and how it would be right."""
        sentence = f"{self.variable} {self.problem}."
        if not self.example:
            return sentence
        return f"{sentence} Example: {self.variable}={self.example}"


class SettingsError(HookflashError):
    """The environment cannot be used; *faults* holds all that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)
