"""What one unit of work can do to changes and to the log, inside the writer's transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, or_, select, update
from sqlalchemy.engine.interfaces import DBAPICursor

from bot.application.ports import Clock
from bot.database.faults import as_log_unavailable
from bot.database.prepared import Prepared, Step, Values, run_together
from bot.database.queries import (
    CHANGE_IN_SLOT,
    CHANGE_OF_REQUEST,
    IS_HINDERED,
    has_entry,
    read_ending,
    read_freeze,
    read_last_changes,
    read_outcome,
)
from bot.database.retention import delete_values, read_last_redaction, read_old_values
from bot.database.rows import change_of, change_values, entry_values, personal_values
from bot.database.statements import (
    CLOSE,
    INSERT_CHANGE,
    INSERT_ENTRY,
    INSERT_PERSONAL,
    MARK_SENT,
    MOVE_HEAD,
    TOLD,
)
from bot.database.tables import IS_OPEN, IS_UNTOLD, call_changes
from bot.domain.audit import AuditEntry, EntryDraft, Head, clean_text, seal
from bot.domain.changes import CallEnding, Change, ChangeState, Freeze, LastChanges, Outcome
from bot.domain.retention import OldValues

# Two clocks that lease changes of one database may be this far apart.
CLOCKS_DIFFER_BY = timedelta(minutes=1)


def _finds_nothing(cursor: DBAPICursor) -> bool:
    return cursor.fetchone() == (False,)


def _changes_one(cursor: DBAPICursor) -> bool:
    return cursor.rowcount == 1


@dataclass(frozen=True, slots=True)
class Place:
    """How far a transaction has come: the end of the chain, its writes, and how many steps wait."""

    head: Head
    writes: int
    waiting: int


class SqlLedgerTransaction:
    """A transaction that holds its chain's head; the ledger begins it, moves the head and ends it.

    `head` is the end of the chain as this transaction sees it, `writes` counts the statements that
    may have changed something. What is inserted waits until something is asked, so that it goes to
    the database together. One that `is_trusting` lets questions wait too that nearly always have
    the same answer: it gives that one at once, and raises UnexpectedAnswerError once it is another.
    Every method raises LogUnavailableError where the database does not do what it asks.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        chain_id: str,
        head: Head,
        clock: Clock,
        salt_source: Callable[[int], bytes],
        is_trusting: bool,
    ) -> None:
        self._own_connection = connection
        self._is_trusting = is_trusting
        self._waiting: list[Step] = []
        self._chain_id = chain_id
        self._clock = clock
        self._salt_source = salt_source
        self._kept_head = head
        self.head = head
        self.writes = 0

    async def append(self, draft: EntryDraft) -> AuditEntry:
        """Seal the draft as the next entry of the chain."""
        entry, personal = seal(
            draft,
            chain_id=self._chain_id,
            seq=self.head.seq + 1,
            recorded_at=self._clock(),
            prev_hash=self.head.hash,
            salt_source=self._salt_source,
        )
        self._write(INSERT_ENTRY, entry_values(entry))
        for value in personal:
            self._write(INSERT_PERSONAL, personal_values(value))
        self.head = Head(entry.seq, entry.hash)
        return entry

    async def rehearse(self, draft: EntryDraft) -> None:
        """Do all that appending the draft needs, and undo it; the commit still goes to the disk.

        On SQLite the pages that were touched are written as they were; on PostgreSQL the table has
        grown where it must, and the commit of the head's lock is written.
        """
        with as_log_unavailable():
            savepoint, head = self._connection.begin_nested(), self.head
            await self.append(draft)
            self.flush()
            savepoint.rollback()
            self.head = head

    def finish(self) -> None:
        """Bring everything to the database, and keep the end of the chain beside it."""
        if self.head != self._kept_head:
            self._write(
                MOVE_HEAD,
                {"of_chain": self._chain_id, "new_seq": self.head.seq, "new_hash": self.head.hash},
            )
        self.flush()

    async def is_hindered(self, request_id: str, account_sid: str, call_sid: str) -> bool:
        """Whether a new change of the call may meet anything that the other methods tell."""
        asked = {
            "chain_id": self._chain_id,
            "request_id": clean_text(request_id),
            "account_sid": account_sid,
            "call_sid": call_sid,
        }
        if self._is_trusting:
            self._waiting.append(Step(IS_HINDERED, asked, _finds_nothing))
            return False
        (found,) = IS_HINDERED.first(self._connection, asked)
        return bool(found)

    async def is_recorded(self, request_id: str) -> bool:
        """Whether the log has an entry of this request."""
        with as_log_unavailable():
            return has_entry(self._connection, self._chain_id, clean_text(request_id))

    async def current_freeze(self) -> Freeze | None:
        """The freeze in force, as the log tells it."""
        with as_log_unavailable():
            return read_freeze(self._connection, self._chain_id)

    async def ending_of(self, account_sid: str, call_sid: str) -> CallEnding | None:
        """What the log knows of the call's end."""
        with as_log_unavailable():
            return read_ending(self._connection, self._chain_id, account_sid, call_sid)

    async def find_change(self, request_id: str) -> Change | None:
        """The change that this request made, open or closed."""
        return self._change(
            CHANGE_OF_REQUEST,
            {"chain_id": self._chain_id, "request_id": clean_text(request_id)},
        )

    async def open_change(self, account_sid: str, call_sid: str) -> Change | None:
        """The change that holds the call's slot, of whichever chain."""
        return self._change(CHANGE_IN_SLOT, {"account_sid": account_sid, "call_sid": call_sid})

    async def last_changes(self, account_sid: str, call_sids: Sequence[str]) -> LastChanges:
        """The newest change of each of the calls that has any, by the call's SID."""
        with as_log_unavailable():
            return read_last_changes(self._connection, account_sid, call_sids)

    async def insert_change(self, change: Change) -> None:
        """Keep a new change; its slot must be free and its request new."""
        self._write(INSERT_CHANGE, change_values(change, self._chain_id))

    async def mark_sent(
        self, change: Change, *, deadline_at: datetime, lease_until: datetime, now: datetime
    ) -> Change | None:
        """The change in state SENT; None where `change.owner` no longer holds its lease."""
        parameters = {
            "of_change": change.change_id,
            "by_owner": change.owner,
            "from_state": change.state.value,
            "now": now,
            "new_deadline_at": deadline_at,
            "new_lease_until": lease_until,
        }
        if self._update(MARK_SENT, parameters) != 1:
            return None
        return replace(
            change,
            state=ChangeState.SENT,
            deadline_at=deadline_at,
            lease_until=lease_until,
            attempts=change.attempts + 1,
        )

    async def close_change(self, change: Change, outcome: Outcome) -> bool:
        """Close it and free the slot; False where another owner has it or it is closed already.

        Its outcome is to be told from now on.
        The target (a URL or TwiML) is emptied: from here on only the log knows it.
        """
        parameters = {
            "of_change": change.change_id,
            "by_owner": change.owner,
            "new_outcome": outcome.event.value,
            "new_closed_at": outcome.at,
        }
        if self._is_trusting:
            self._write(CLOSE, parameters, is_expected=_changes_one)
            return True
        return self._update(CLOSE, parameters) == 1

    async def claim_abandoned(
        self, *, owner: str, now: datetime, lease_until: datetime, limit: int
    ) -> Sequence[Change]:
        """Take over open changes whose lease and Twilio deadline have run out, oldest first.

        One that ends long after any that is given now was given by a clock that was ahead.
        """
        unbelievable = lease_until + CLOCKS_DIFFER_BY
        ends, deadline = call_changes.c.lease_until, call_changes.c.deadline_at
        abandoned = (
            select(call_changes)
            .where(
                call_changes.c.chain_id == self._chain_id,
                IS_OPEN,
                or_(ends < now, ends > unbelievable),
                or_(deadline.is_(None), deadline < now, deadline > unbelievable),
            )
            .order_by(call_changes.c.position)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        found = self._claim(abandoned, owner=owner, lease_until=lease_until)
        return [replace(change, owner=owner, lease_until=lease_until) for change in found]

    async def mark_told(self, change: Change) -> None:
        """The outcome has been told."""
        self._write(TOLD, {"of_change": change.change_id})

    async def claim_untold(
        self, *, before: datetime, now: datetime, limit: int
    ) -> Sequence[Change]:
        """Closed changes whose outcome was to be told before then; they wait anew from now on."""
        untold = (
            select(call_changes)
            .where(
                call_changes.c.chain_id == self._chain_id,
                IS_UNTOLD,
                call_changes.c.untold_since < before,
            )
            .order_by(call_changes.c.position)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return self._claim(untold, untold_since=now)

    async def told_entry(self, change: Change) -> tuple[AuditEntry, Mapping[str, str]] | None:
        """The entry that tells the outcome of a closed change, and its personal values."""
        with as_log_unavailable():
            return read_outcome(self._connection, self._chain_id, change)

    async def old_values(self, *, older_than: datetime, after_seq: int, limit: int) -> OldValues:
        """The first run of entries after *after_seq* whose personal values may be deleted."""
        with as_log_unavailable():
            return read_old_values(
                self._connection,
                self._chain_id,
                older_than=older_than,
                after_seq=after_seq,
                limit=limit,
            )

    async def delete_values(self, old: OldValues) -> None:
        """Delete them; the newest entry of the chain must be the one that redacts them."""
        self.writes += 1
        with as_log_unavailable():
            delete_values(self._connection, self._chain_id, old)

    async def last_redaction_at(self) -> datetime | None:
        """When the machine last redacted by itself."""
        with as_log_unavailable():
            return read_last_redaction(self._connection, self._chain_id)

    def _claim(self, wanted: Select[tuple[object, ...]], **values: object) -> list[Change]:
        """The changes that are wanted, each with these values from now on."""
        with as_log_unavailable():
            found = [change_of(row) for row in self._connection.execute(wanted)]
            if found:
                self.writes += 1
                taken = call_changes.c.change_id.in_([change.change_id for change in found])
                self._connection.execute(update(call_changes).where(taken).values(**values))
        return found

    @property
    def place(self) -> Place:
        """How far it has come."""
        return Place(self.head, self.writes, len(self._waiting))

    def go_back_to(self, place: Place) -> None:
        """Forget what was to be written since then; what was asked is still looked at."""
        self.head = place.head
        self._waiting[place.waiting :] = [
            step for step in self._waiting[place.waiting :] if step.statement is IS_HINDERED
        ]

    def flush(self) -> None:
        """Bring to the database what waits, and look at the answers."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            run_together(self._own_connection, waiting)

    @property
    def _connection(self) -> Connection:
        """The connection, on which all that came before can be seen."""
        self.flush()
        return self._own_connection

    def _write(
        self,
        statement: Prepared,
        values: Values,
        *,
        is_expected: Callable[[DBAPICursor], bool] | None = None,
    ) -> None:
        self.writes += 1
        self._waiting.append(Step(statement, values, is_expected))

    def _update(self, statement: Prepared, values: Values) -> int:
        """How many rows it changed."""
        self.writes += 1
        return statement.run(self._connection, values)

    def _change(
        self, statement: Select[tuple[object, ...]], parameters: dict[str, str]
    ) -> Change | None:
        with as_log_unavailable():
            row = self._connection.execute(statement, parameters).one_or_none()
        return change_of(row) if row else None
