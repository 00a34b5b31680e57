"""Clocks that stand until a test moves them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@dataclass
class Clocks:
    """The time of day, which can be set, and the uptime, which only passes."""

    at: datetime = NOON
    up_s: float = 1000.0

    def now(self) -> datetime:
        """The time of day."""
        return self.at

    def elapsed(self) -> float:
        """The uptime in seconds."""
        return self.up_s

    def passes(self, seconds: float) -> None:
        """Let time pass for both."""
        self.at += timedelta(seconds=seconds)
        self.up_s += seconds

    def set_by(self, seconds: float) -> None:
        """Set the time of day alone."""
        self.at += timedelta(seconds=seconds)
