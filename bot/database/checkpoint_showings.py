"""Which checkpoints were shown to a witness that cannot tell, and who is about to show one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Update, and_, bindparam, select, text, update

from bot.application.ports import Clock, Turn
from bot.database.engine import Database
from bot.database.faults import as_log_unavailable
from bot.database.tables import checkpoint_showings
from bot.database.transaction import CLOCKS_DIFFER_BY
from bot.domain.checkpoints import Checkpoint

# Longer than a witness may take; who is stopped for longer may show one a second time.
LEASE = timedelta(seconds=30)

_kept = checkpoint_showings.c
_of_this = and_(
    _kept.chain_id == bindparam("of_chain"),
    _kept.witness == bindparam("of_witness"),
    _kept.signature == bindparam("of_signature"),
)
# A turn that ends long after any that is given now was given by a clock that was ahead.
_TAKE = (
    text("""
        INSERT INTO checkpoint_showings (chain_id, witness, signature, holder, held_until)
        VALUES (:of_chain, :of_witness, :of_signature, :by_holder, :until)
        ON CONFLICT (chain_id, witness, signature) DO UPDATE
        SET holder = excluded.holder, held_until = excluded.held_until
        WHERE checkpoint_showings.shown_at IS NULL AND (
            checkpoint_showings.holder = excluded.holder
            OR checkpoint_showings.held_until <= :now
            OR checkpoint_showings.held_until > :unbelievable
        )
    """)
    .bindparams(
        *(bindparam(name, type_=_kept.held_until.type) for name in ("now", "until", "unbelievable"))
    )
    .execution_options(preserve_rowcount=True)
)
_SHOWN_AT = select(_kept.shown_at).where(_of_this)
_NOTE = update(checkpoint_showings).where(_of_this, _kept.shown_at.is_(None))
_GIVE_BACK = update(checkpoint_showings).where(_of_this, _kept.holder == bindparam("by_holder"))


class SqlCheckpointShowings:
    """Fulfils `bot.application.ports.CheckpointShowings`, for the process named *holder*.

    `clock` is the one that leases run by. Every method raises LogUnavailableError.
    """

    def __init__(self, database: Database, *, chain_id: str, holder: str, clock: Clock) -> None:
        self._database = database
        self._chain_id = chain_id
        self._holder = holder
        self._clock = clock

    async def take(self, witness: str, checkpoint: Checkpoint) -> Turn:
        """Whose turn it is to show it there."""
        now = self._clock()
        until = now + LEASE
        times = {"now": now, "until": until, "unbelievable": until + CLOCKS_DIFFER_BY}
        return await self._database.writer.run(self._take, self._of(witness, checkpoint), times)

    async def note(self, witness: str, checkpoint: Checkpoint) -> None:
        """Remember that it was shown there."""
        statement = _NOTE.values(shown_at=self._clock())
        await self._database.writer.run(self._update, statement, self._of(witness, checkpoint))

    async def give_back(self, witness: str, checkpoint: Checkpoint) -> None:
        """Let others show it there."""
        statement = _GIVE_BACK.values(held_until=self._clock())
        await self._database.writer.run(self._update, statement, self._of(witness, checkpoint))

    def _of(self, witness: str, checkpoint: Checkpoint) -> dict[str, str]:
        return {
            "of_chain": self._chain_id,
            "of_witness": witness,
            "of_signature": checkpoint.signature,
            "by_holder": self._holder,
        }

    def _take(self, this: Mapping[str, str], times: Mapping[str, datetime]) -> Turn:
        with as_log_unavailable(), self._database.writer.engine.begin() as connection:
            if connection.execute(_TAKE, {**this, **times}).rowcount == 1:
                return Turn.OURS
            shown_at = connection.scalar(_SHOWN_AT, this)
        return Turn.OTHERS if shown_at is None else Turn.OVER

    def _update(self, statement: Update, this: Mapping[str, str]) -> None:
        with as_log_unavailable(), self._database.writer.engine.begin() as connection:
            connection.execute(statement, this)
