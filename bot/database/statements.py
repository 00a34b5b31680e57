"""What the writer says to the database: the statements, each compiled once."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, text, update

from bot.database.prepared import Prepared, prepared_insert
from bot.database.queries import SELECT_HEAD
from bot.database.tables import IS_OPEN, audit_entries, audit_heads, audit_personal, call_changes
from bot.domain.audit import GENESIS_HASH, Head
from bot.domain.changes import ChangeState
from bot.domain.errors import LogUnavailableError

_LOCK_HEAD = Prepared(SELECT_HEAD.with_for_update())
_MAKE_HEAD = text(
    "INSERT INTO audit_heads (chain_id, seq, hash) VALUES (:chain_id, 0, :hash) "
    "ON CONFLICT DO NOTHING"
)
MOVE_HEAD = Prepared(
    update(audit_heads)
    .where(audit_heads.c.chain_id == bindparam("of_chain"))
    .values(seq=bindparam("new_seq"), hash=bindparam("new_hash"))
)
INSERT_ENTRY = prepared_insert(audit_entries)
INSERT_PERSONAL = prepared_insert(audit_personal)
INSERT_CHANGE = prepared_insert(call_changes)
_OWN_CHANGE = (
    call_changes.c.change_id == bindparam("of_change"),
    call_changes.c.owner == bindparam("by_owner"),
)
MARK_SENT = Prepared(
    update(call_changes)
    .where(
        *_OWN_CHANGE,
        call_changes.c.state == bindparam("from_state"),
        call_changes.c.lease_until > bindparam("now"),
    )
    .values(
        state=ChangeState.SENT.value,
        deadline_at=bindparam("new_deadline_at"),
        lease_until=bindparam("new_lease_until"),
        attempts=call_changes.c.attempts + 1,
    )
)
CLOSE = Prepared(
    update(call_changes)
    .where(*_OWN_CHANGE, IS_OPEN)
    .values(
        state=ChangeState.CLOSED.value,
        outcome=bindparam("new_outcome"),
        closed_at=bindparam("new_closed_at"),
        target="",
        untold_since=bindparam("new_closed_at"),
    )
)
TOLD = Prepared(
    update(call_changes)
    .where(call_changes.c.change_id == bindparam("of_change"))
    .values(untold_since=None)
)


def lock_head(connection: Connection, chain_id: str) -> Head:
    """The end of the chain, which nobody else moves before this transaction has ended.

    All that write to a chain begin with this, on every replica, so what one of them checks (a
    freeze, a free slot) still holds when it commits. On SQLite BEGIN IMMEDIATE does it already.

    Raises:
        LogUnavailableError: the database does not answer, or somebody put in what is no end.
    """
    row = _LOCK_HEAD.first(connection, {"chain_id": chain_id})
    if row is None:
        connection.execute(_MAKE_HEAD, {"chain_id": chain_id, "hash": GENESIS_HASH})
        row = _LOCK_HEAD.first(connection, {"chain_id": chain_id})
    seq, hash_ = row
    if not isinstance(seq, int) or not isinstance(hash_, str):
        raise LogUnavailableError("The head of the log was edited: see hookflash audit verify")
    return Head(seq, hash_)
