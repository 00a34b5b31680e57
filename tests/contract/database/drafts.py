"""Entries and changes for the tests of the log, made with as few words as the test needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, text

from bot.application.ports import LedgerTransaction
from bot.database.ledger import SqlLedger
from bot.domain.audit import Action, AuditEntry, EntryDraft, Event, Surface
from bot.domain.changes import (
    Change,
    ChangeRequest,
    ChangeState,
    Origin,
    OriginKind,
    Outcome,
    OutcomeReason,
)
from bot.domain.people import Actor
from tests.fixtures_database import now

ACCOUNT = "AC" + "0" * 32
CALL = "CA" + "1" * 32
OTHER_CALL = "CA" + "2" * 32
ANA = Actor("T1", "U0ANA", "ana")
BEN = Actor("T1", "U0BEN", "ben")


def draft(**given: Any) -> EntryDraft:
    """A request of Ana's to hang up, with what is given in its place."""
    usual: dict[str, Any] = {
        "request_id": uuid4().hex,
        "event": Event.REQUESTED,
        "action": Action.HANG_UP,
        "actor": ANA,
        "surface": Surface.BUTTON,
        "channel_id": "C1",
        "account_sid": ACCOUNT,
        "call_sid": CALL,
    }
    return EntryDraft(**usual | given)


def change(**given: Any) -> Change:
    """A change of Ana's that process `one` has claimed; `request` fields are given by name too."""
    request = ChangeRequest(
        request_id=uuid4().hex,
        action=Action.HANG_UP,
        call_sid=CALL,
        actor=ANA,
        surface=Surface.BUTTON,
        origin=Origin(kind=OriginKind.CARD, channel_id="C1", message_ts="1.2"),
    )
    of_request = {name: given.pop(name) for name in ChangeRequest.__slots__ if name in given}
    at = now()
    usual = Change(
        change_id=uuid4().hex,
        request=replace(request, **of_request),
        account_sid=ACCOUNT,
        state=ChangeState.CLAIMED,
        requested_at=at,
        owner="one",
        lease_until=at + timedelta(seconds=15),
    )
    return replace(usual, **given)


def outcome(event: Event = Event.SUCCEEDED, *, at: datetime | None = None) -> Outcome:
    """What came of a change."""
    return Outcome(event=event, reason=OutcomeReason.CONFIRMED, at=at or now())


async def append(ledger: SqlLedger, *drafts: EntryDraft) -> list[AuditEntry]:
    """The entries, appended in one transaction."""

    async def work(tx: LedgerTransaction) -> list[AuditEntry]:
        return [await tx.append(one) for one in drafts]

    return await ledger.write(work)


def triggers_of(connection: Connection, table: str) -> list[str]:
    """The names of the triggers of a table."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"
        if connection.dialect.name == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE tgrelid = CAST(:table AS regclass)"
    )
    return sorted(connection.scalars(text(query), {"table": table}))


def drop_triggers(connection: Connection, *tables: str) -> None:
    """Take the protection off, as a skilled owner could."""
    for table in tables:
        for name in triggers_of(connection, table):
            on_table = "" if connection.dialect.name == "sqlite" else f" ON {table}"
            connection.execute(text(f"DROP TRIGGER {name}{on_table}"))
