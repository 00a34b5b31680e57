"""Questions about the log that need no search: entries in their order, and by their names."""

from __future__ import annotations

from sqlalchemy import Connection, select

from bot.database.audit_stories import SealedEntry, read_sealed
from bot.database.tables import audit_entries

ENTRIES_AT_ONCE = 500
LONGEST_SEQ = 18

_entries = audit_entries.c


def read_chunk(connection: Connection, chain_id: str, after_seq: int) -> list[SealedEntry]:
    """The next entries in the order of the chain."""
    statement = select(audit_entries).where(_entries.chain_id == chain_id, _entries.seq > after_seq)
    return read_sealed(connection, statement.limit(ENTRIES_AT_ONCE))


def read_matching(connection: Connection, chain_id: str, reference: str) -> list[SealedEntry]:
    """The entries whose number, request id or call SID is *reference*, in the chain's order."""
    is_seq = reference.isascii() and reference.isdigit() and len(reference) <= LONGEST_SEQ
    named = (
        _entries.seq == int(reference)
        if is_seq
        else (_entries.request_id == reference) | (_entries.call_sid == reference)
    )
    return read_sealed(
        connection, select(audit_entries).where(_entries.chain_id == chain_id, named)
    )
