"""The checkpoints that are kept beside the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, exists, insert, or_, select
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
_known_seq = bindparam("known_seq", type_=_kept.seq.type)
_known_next = bindparam("known_next", type_=_kept.next_public_key.type)
_is_succession = _kept.next_public_key != ""
_comes_after_known = _of_chain.where(
    or_(
        _kept.seq > _known_seq,
        and_(
            _kept.seq == _known_seq,
            _is_succession,
            or_(
                _known_next == "",
                _kept.signed_at > bindparam("known_signed_at", type_=_kept.signed_at.type),
            ),
        ),
    )
)
# On SQLite ON CONFLICT would meet the trigger that refuses every insert over a row.
_ADD = (
    insert(audit_checkpoints)
    .from_select(
        _NAMES,
        select(*(bindparam(name, type_=_kept[name].type) for name in _NAMES)).where(
            ~_reaches_as_far, ~_comes_after_known
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
        """The one that reaches farthest; of one entry, the succession that was signed last."""
        return await self._database.reader.run(self._newest)

    async def successions(self) -> Sequence[Checkpoint]:
        """Those that name a next key, in the order of the chain."""
        return await self._database.reader.run(self._all, _is_succession)

    async def all(self) -> Sequence[Checkpoint]:
        """Every one, in the order of the chain."""
        return await self._database.reader.run(self._all)

    async def add(self, checkpoint: Checkpoint, *, after: Checkpoint | None) -> bool:
        """Keep it; False where *after* is not the newest any more, or one reaches as far as it.

        A succession may stand beside the one that it comes after. Without *after* there must be
        none.
        """
        return await self._database.writer.run(self._add, checkpoint, after)

    def _newest(self) -> Checkpoint | None:
        statement = (
            select(audit_checkpoints)
            .where(_kept.chain_id == self._chain_id)
            .order_by(_kept.seq.desc(), _is_succession.desc(), _kept.signed_at.desc())
            .limit(1)
        )
        with as_log_unavailable(), self._database.reader.engine.connect() as connection:
            row = connection.execute(statement).one_or_none()
        return _checkpoint(row) if row else None

    def _all(self, *conditions: ColumnElement[bool]) -> Sequence[Checkpoint]:
        with as_log_unavailable(), self._database.reader.engine.connect() as connection:
            return read_checkpoints(connection, self._chain_id, *conditions)

    def _add(self, checkpoint: Checkpoint, after: Checkpoint | None) -> bool:
        values = asdict(checkpoint) | {
            "known_seq": after.seq if after else -1,
            "known_next": after.next_public_key if after else "",
            "known_signed_at": after.signed_at if after else checkpoint.signed_at,
        }
        with as_log_unavailable(), self._database.writer.engine.connect() as connection:
            connection.begin()
            lock_head(connection, self._chain_id)  # so that no other comes between look and insert
            try:
                added = connection.execute(_ADD, values).rowcount == 1
            except IntegrityError:
                return False  # another replica was first
            connection.commit()
            return added


def read_checkpoints(
    connection: Connection, chain_id: str, *conditions: ColumnElement[bool]
) -> list[Checkpoint]:
    """Every checkpoint of the chain that meets the conditions, in its order."""
    statement = select(audit_checkpoints).where(_kept.chain_id == chain_id, *conditions)
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
