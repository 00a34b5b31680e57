"""What one check came to: a value with a level, a sentence, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: a fault keeps Hookflash from its work, a warning from some of it."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's: the *subject*, how it is, and what to do where that is not well."""

    level: Level
    subject: str
    text: str
    advice: str = ""


def ok(subject: str, text: str) -> Finding:
    """All is well there."""
    return Finding(Level.OK, subject, text)


def warning(subject: str, text: str, advice: str) -> Finding:
    """Some of what Hookflash does will not work, or nobody can tell from here."""
    return Finding(Level.WARNING, subject, text, advice)


def fault(subject: str, text: str, advice: str) -> Finding:
    """Hookflash cannot do its work."""
    return Finding(Level.FAULT, subject, text, advice)


def is_well(findings: Iterable[Finding]) -> bool:
    """Whether there is no fault."""
    return all(finding.level is not Level.FAULT for finding in findings)
