"""What stands in the database, read past the bot and without its code."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, Row, TextClause, create_engine, text
from sqlalchemy.pool import NullPool

from bot.database.url import driver_url

_CLAIMS = text(
    "SELECT change.*, entry.seq FROM call_changes AS change "
    "LEFT JOIN audit_entries AS entry "
    "ON entry.request_id = change.request_id AND entry.event = 'requested' "
    "WHERE change.call_sid = :call_sid ORDER BY change.state = 'closed', position DESC"
)
_FREEZE = text(
    "SELECT action FROM audit_entries WHERE action IN ('freeze', 'unfreeze') "
    "AND event = 'succeeded' ORDER BY seq DESC LIMIT 1"
)
_CHANGES = text("SELECT * FROM call_changes ORDER BY position")
_ENTRIES = text("SELECT * FROM audit_entries ORDER BY seq")


@dataclass(frozen=True, slots=True)
class Claim:
    """The change for which Twilio was asked, as the database had it then."""

    request_id: str
    state: str
    is_requested: bool
    """Whether its intent is in the log."""
    was_sent: bool
    """Whether it was ever marked as sent."""
    way: str
    deadline_at: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change as the database has it."""

    request_id: str
    action: str
    call_sid: str
    user_id: str
    state: str
    outcome: str
    mark: str
    """The reason that was given, which is a word of its own for each redirect."""
    origin: Mapping[str, Any]

    def __str__(self) -> str:
        """Which one it is, in few words."""
        where = self.origin["kind"]
        return f"{self.action} of {self.call_sid} by {self.user_id}, {where}, {self.request_id}"

    @property
    def way(self) -> str:
        """The response URL through which the person is answered; empty for the Home tab."""
        return _way(self.origin)


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry as the database has it."""

    seq: int
    recorded_at: datetime
    request_id: str
    event: str
    action: str
    call_sid: str
    reason: str
    status_after: str


class LogReader:
    """Looks into the database as it is committed at that moment.

    It keeps no connection: SQLite's file is left alone with the bot, as it is in life.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim_on(self, call_sid: str, *, mark: str) -> Claim | None:
        """The redirect with this mark, or else the hang-up: the open one, or the last."""
        for row in self._ask(_CLAIMS, call_sid=call_sid):
            if row.reason == mark and (mark or row.action == "hang_up"):
                return Claim(
                    request_id=row.request_id,
                    state=row.state,
                    is_requested=row.seq is not None,
                    was_sent=row.deadline_at is not None,
                    way=_way(json.loads(row.origin)),
                    deadline_at=str(row.deadline_at),
                )
        return None

    def is_frozen(self) -> bool:
        """Whether a freeze is the last that the log says of freezing."""
        rows = self._ask(_FREEZE)
        return bool(rows) and rows[0].action == "freeze"

    def changes(self) -> Sequence[ChangeRow]:
        """All changes, oldest first."""
        return [
            ChangeRow(
                request_id=row.request_id,
                action=row.action,
                call_sid=row.call_sid,
                user_id=row.actor_user_id,
                state=row.state,
                outcome=row.outcome or "",
                mark=row.reason,
                origin=json.loads(row.origin),
            )
            for row in self._ask(_CHANGES)
        ]

    def entries(self) -> Sequence[EntryRow]:
        """All entries in the order of the chain."""
        return [_entry(row) for row in self._ask(_ENTRIES)]

    def _ask(self, question: TextClause, **parameters: str) -> Sequence[Row[Any]]:
        with self._engine.connect() as connection:
            return connection.execute(question, parameters).all()


def _entry(row: Any) -> EntryRow:
    details = json.loads(row.details)
    return EntryRow(
        seq=row.seq,
        recorded_at=_moment(row.recorded_at),
        request_id=row.request_id,
        event=row.event,
        action=row.action,
        call_sid=row.call_sid,
        reason=details.get("reason", ""),
        status_after=details.get("status_after", ""),
    )


def _way(origin: Mapping[str, Any]) -> str:
    """The end of the response URL through which the person is answered."""
    return str(origin["response_url"]).rsplit("/", 1)[-1]


def _moment(value: datetime | str) -> datetime:
    """The time, which SQLite keeps as text, in UTC."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def log_reader(database_url: str) -> LogReader:
    """A reader, which connects anew for every look."""
    return LogReader(create_engine(driver_url(database_url), poolclass=NullPool))
