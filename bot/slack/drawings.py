"""What is drawn again and again in one place, such as a list or a Home tab: the newest stays.

Slack may take drawings in another order than they were made in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

# What was drawn for another reason must not take away what a person has not had the time to read.
BANNER_STAYS = timedelta(seconds=15)
MOST_BANNERS = 3
MOST_PLACES = 10_000


@dataclass(slots=True)
class Drawings:
    """What this process has drawn in one place; drawings are numbered as they begin."""

    _showing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _begun: int = 0
    _shown: int = 0
    _banners: list[tuple[datetime, str]] = field(default_factory=list)

    def begin(self, banner: str, now: datetime) -> int:
        """The number of a new drawing; whichever is shown from now on has its banner."""
        self._begun += 1
        recent = [(at, words) for at, words in self._banners if now - at < BANNER_STAYS]
        self._banners = [(now, banner), *recent][:MOST_BANNERS] if banner else recent
        return self._begun

    @property
    def banners(self) -> list[str]:
        """Marked-up texts, the newest first."""
        return [words for _, words in self._banners]

    async def show(self, number: int, show: Callable[[], Awaitable[bool]]) -> bool:
        """Show the drawing of this number, unless one that was begun later stands there already.

        Whether it is there, or a later one with its banner.
        """
        async with self._showing:
            if number < self._shown:
                return True
            is_shown = await show()
            if is_shown:
                self._shown = number
            return is_shown


class Places:
    """The drawings of each place, by what names it. Of too many all are forgotten."""

    def __init__(self) -> None:
        self._places: dict[str, Drawings] = {}

    def at(self, name: str) -> Drawings:
        """What was drawn there."""
        if len(self._places) >= MOST_PLACES:
            self._places.clear()
        return self._places.setdefault(name, Drawings())
