"""Entries that are tried until they stand: a commit that was not confirmed may have taken them."""

from __future__ import annotations

from bot.application.ports import LedgerTransaction
from bot.domain.audit import EntryDraft


async def append_once(tx: LedgerTransaction, draft: EntryDraft) -> None:
    """Append the draft, whose request has no other entry, unless an earlier try has done so.

    Raises:
        LogUnavailableError: the log does not take it.
    """
    if not await tx.is_recorded(draft.request_id):
        await tx.append(draft)
