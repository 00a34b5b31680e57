"""Whether the log can be used now."""

from __future__ import annotations

import asyncio

from bot.application.deadlines import database_deadline
from bot.application.ports import AuditReader, Ledger, LedgerTransaction
from bot.domain.errors import LogUnavailableError


class LogHealth:
    """Tries both sides of the log: one that can be read but not written permits no change."""

    def __init__(self, ledger: Ledger, reader: AuditReader) -> None:
        self._ledger = ledger
        self._reader = reader

    async def is_answering(self) -> bool:
        """Whether an entry could be recorded and read at this moment; takes 2 s at most."""
        sides = await asyncio.gather(self._reader.is_answering(), self._takes_entries())
        return all(sides)

    async def _takes_entries(self) -> bool:
        try:
            async with database_deadline():
                await self._ledger.write(_nothing)
        except LogUnavailableError:
            return False
        return True


async def _nothing(_tx: LedgerTransaction) -> None:
    """A unit of work that leaves no trace."""
