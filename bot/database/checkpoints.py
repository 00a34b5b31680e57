"""The checkpoints that are kept beside the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, exists, insert, select
from sqlalchemy.exc import IntegrityError

from bot.database.engine import Database
from bot.database.faults import as_log_unavailable
from bot.database.rows import whole_number
from bot.database.statements import lock_head
from bot.database.tables import audit_checkpoints
from bot.domain.checkpoints import Checkpoint

_kept = audit_checkpoints.c
_NAMES = Checkpoint.__slots__
_of_chain = exists().where(_kept.chain_id == bindparam("chain_id", type_=_kept.chain_id.type))
_reaches_as_far = _of_chain.where(
    _kept.seq >= bindparam("seq", type_=_kept.seq.type),
    _kept.next_public_key == bindparam("next_public_key", type_=_kept.next_public_key.type),
)
# Nothing is farther than NULL.
_reaches_past_known = _of_chain.where(_kept.seq > bindparam("known_seq", type_=_kept.seq.type))
# On SQLite ON CONFLICT would meet the trigger that refuses every insert over a row.
_ADD = (
    insert(audit_checkpoints)
    .from_select(
        _NAMES,
        select(*(bindparam(name, type_=_kept[name].type) for name in _NAMES)).where(
            ~_reaches_as_far, ~_reaches_past_known
        ),
    )
    .execution_options(preserve_rowcount=True)
)


class SqlCheckpointStore:
    """The checkpoints of one chain. Every method raises LogUnavailableError."""

    def __init__(self, database: Database, *, chain_id: str) -> None:
        self._database = database
        self._chain_id = chain_id

    async def newest(self) -> Checkpoint | None:
        """The one that reaches farthest."""
        return await self._database.reader.run(self._first)

    async def succession_to(self, public_key: str) -> Checkpoint | None:
        """The one that names this key as the next."""
        return await self._database.reader.run(self._first, _kept.next_public_key == public_key)

    async def all(self) -> Sequence[Checkpoint]:
        """Every one, in the order of the chain."""
        return await self._database.reader.run(self._all)

    async def add(self, checkpoint: Checkpoint, *, known_seq: int | None = None) -> bool:
        """Keep it; False where one that reaches as far is there already.

        A succession counts only against another that names the same key. With *known_seq* any that
        reaches past that counts too: who wanted to write did not know of it.
        """
        return await self._database.writer.run(self._add, checkpoint, known_seq)

    def _first(self, *conditions: ColumnElement[bool]) -> Checkpoint | None:
        """The one that reaches farthest of those that meet the conditions."""
        statement = (
            select(audit_checkpoints)
            .where(_kept.chain_id == self._chain_id, *conditions)
            .order_by(_kept.seq.desc())
            .limit(1)
        )
        with as_log_unavailable(), self._database.reader.engine.connect() as connection:
            row = connection.execute(statement).one_or_none()
        return _checkpoint(row) if row else None

    def _all(self) -> Sequence[Checkpoint]:
        with as_log_unavailable(), self._database.reader.engine.connect() as connection:
            return read_checkpoints(connection, self._chain_id)

    def _add(self, checkpoint: Checkpoint, known_seq: int | None) -> bool:
        values = asdict(checkpoint) | {"known_seq": known_seq}
        with as_log_unavailable(), self._database.writer.engine.connect() as connection:
            connection.begin()
            lock_head(connection, self._chain_id)  # so that no other comes between look and insert
            try:
                added = connection.execute(_ADD, values).rowcount == 1
            except IntegrityError:
                return False  # another replica was first
            connection.commit()
            return added


def read_checkpoints(connection: Connection, chain_id: str) -> list[Checkpoint]:
    """Every checkpoint of the chain, in its order."""
    statement = select(audit_checkpoints).where(_kept.chain_id == chain_id)
    rows = connection.execute(statement.order_by(_kept.seq, _kept.next_public_key))
    return [_checkpoint(row) for row in rows]


def _checkpoint(row: Row[Any]) -> Checkpoint:
    """The checkpoint of a row, also of one that somebody has edited: its signature tells."""
    texts = ("chain_id", "hash", "public_key", "next_public_key", "signature")
    return Checkpoint(
        seq=whole_number(row.seq),
        signed_at=row.signed_at,
        **{name: str(getattr(row, name)) for name in texts},
    )
