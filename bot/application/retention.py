"""Deleting personal values that have become too old, with entries that say so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import repeat
from time import monotonic
from uuid import uuid4

from bot.application.ports import AuditReader, Clock, Ledger, LedgerTransaction
from bot.domain.audit import EntryDraft, Surface
from bot.domain.errors import LogUnavailableError
from bot.domain.people import MACHINE, Actor
from bot.domain.retention import OldValues, redaction_entry

_log = logging.getLogger(__name__)

# A transaction of so many entries takes some tens of milliseconds, in which nobody else can write.
ENTRIES_AT_ONCE = 200
MOST_OF_ONE_REQUEST = 100
LEAST_PAUSE_S = 0.02
LOOK_EVERY_S = 3600.0
ONE_DAY = timedelta(days=1)

Check = Callable[[LedgerTransaction], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Redacted:
    """How much a run deletes."""

    entries: int = 0
    values: int = 0

    def and_also(self, old: OldValues) -> Redacted:
        """With what one more transaction deletes."""
        return Redacted(self.entries + old.entries, self.values + old.values)


async def _always(_tx: LedgerTransaction) -> bool:
    return True


class Retention:
    """Deletes old personal values in short transactions, between which others can write."""

    def __init__(self, ledger: Ledger, *, entries_at_once: int = ENTRIES_AT_ONCE) -> None:
        self._ledger = ledger
        self._entries_at_once = entries_at_once

    async def redact(
        self, *, older_than: datetime, by: Actor, surface: Surface, is_due: Check = _always
    ) -> Redacted:
        """Delete what is older, and say how much that was; nothing where it is not due.

        Each transaction appends one `redacted` entry and deletes what that names, so a run that is
        cut off anywhere leaves a log that holds. *is_due* is asked in the first of them.

        Raises:
            LogUnavailableError: the database failed; what was deleted until then stays deleted.
        """
        request_ids = _request_ids()
        done = Redacted()
        after_seq: int | None = 0
        while after_seq is not None:
            began = monotonic()
            entry_of = partial(
                redaction_entry, request_id=next(request_ids), by=by, surface=surface
            )
            old = await self._ledger.write(
                partial(
                    self._redact_next,
                    older_than=older_than,
                    after_seq=after_seq,
                    entry_of=entry_of,
                    is_due=is_due,
                )
            )
            done, after_seq, is_due = done.and_also(old), old.searched_to, _always
            # Half of the time belongs to everybody else.
            await asyncio.sleep(max(LEAST_PAUSE_S, monotonic() - began))
        return done

    async def _redact_next(
        self,
        tx: LedgerTransaction,
        *,
        older_than: datetime,
        after_seq: int,
        entry_of: Callable[[OldValues], EntryDraft],
        is_due: Check,
    ) -> OldValues:
        if not await is_due(tx):
            return OldValues()
        old = await tx.old_values(
            older_than=older_than, after_seq=after_seq, limit=self._entries_at_once
        )
        if old.entries:
            await tx.append(entry_of(old))
            await tx.delete_values(old)
        return old


def _request_ids() -> Iterator[str]:
    """One for each transaction of a run: the same for many, but not for all of a long one.

    Whoever reads an entry of a request reads all that the request left.
    """
    while True:
        yield from repeat(f"redact-{uuid4().hex}", MOST_OF_ONE_REQUEST)


async def count_old_values(log: AuditReader, *, older_than: datetime) -> Redacted:
    """How much there is to delete now.

    Raises:
        LogUnavailableError: the database does not answer.
    """
    found = Redacted()
    after_seq: int | None = 0
    while after_seq is not None:
        old = await log.old_values(
            older_than=older_than, after_seq=after_seq, limit=ENTRIES_AT_ONCE
        )
        found, after_seq = found.and_also(old), old.searched_to
    return found


class DailyRedaction:
    """Redacts once a day what is older than *keep_for*: the log tells which replica was first."""

    def __init__(self, retention: Retention, *, keep_for: timedelta, clock: Clock) -> None:
        self._retention = retention
        self._keep_for = keep_for
        self._clock = clock

    async def run(self) -> None:
        """Look every hour whether a day has passed, for ever."""
        while True:
            try:
                await self.redact_if_due()
            except LogUnavailableError as error:
                _log.warning("old personal values could not be deleted", extra={"why": str(error)})
            await asyncio.sleep(LOOK_EVERY_S)

    async def redact_if_due(self) -> Redacted:
        """Redact, unless a replica has done so within the last day."""
        done = await self._retention.redact(
            older_than=self._clock() - self._keep_for,
            by=MACHINE,
            surface=Surface.MACHINE,
            is_due=self._is_due,
        )
        if done.entries:
            _log.info(
                "old personal values were deleted",
                extra={"entries": done.entries, "values": done.values},
            )
        return done

    async def _is_due(self, tx: LedgerTransaction) -> bool:
        last_at = await tx.last_redaction_at()
        # A last one that lies ahead was written by a clock that has been set back since.
        return last_at is None or abs(self._clock() - last_at) >= ONE_DAY
