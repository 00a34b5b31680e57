"""The people at the other end: how each behaves when the phone rings."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Party:
    """How the person at a number behaves when called; waits are in seconds, None is for ever."""

    outcome: Literal["answers", "busy", "no-answer", "failed"] = "answers"
    rings_after_s: float | None = 0.5
    answers_after_s: float | None = 2.0
    talks_for_s: float | None = None


ANSWERS = Party()
ANSWERS_AT_ONCE = Party(rings_after_s=0, answers_after_s=0)
BUSY = Party("busy")
LETS_IT_RING = Party(rings_after_s=0, answers_after_s=None)
OUT_OF_REACH = Party(rings_after_s=None)
