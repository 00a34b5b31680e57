"""Whether the log can be used now."""

from __future__ import annotations

import asyncio

from bot.application.log_watch import LogWatch
from bot.application.ports import AuditReader


class LogHealth:
    """Tries both sides of the log: one that can be read but not written permits no change."""

    def __init__(self, watch: LogWatch, reader: AuditReader) -> None:
        self._watch = watch
        self._reader = reader

    async def is_answering(self) -> bool:
        """Whether an entry could be recorded and read at this moment; takes 2 s at most."""
        sides = await asyncio.gather(self._reader.is_answering(), self._watch.takes_entries())
        return all(sides)
