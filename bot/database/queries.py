"""What is asked of the tables both inside the writer's transaction and by readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, exists, false, func, or_, select

from bot.database.prepared import Prepared
from bot.database.rows import as_text, entry_of, whole_number
from bot.database.tables import (
    IS_OPEN,
    IS_TURN_OF_FREEZE,
    audit_entries,
    audit_heads,
    audit_personal,
    call_changes,
)
from bot.domain.audit import EMPTY_HEAD, Action, AuditEntry, Event, Head, Surface
from bot.domain.calls import FINAL_STATUSES
from bot.domain.changes import CallEnding, Change, Freeze, LastChange, LastChanges
from bot.domain.people import Actor

_CHAIN = audit_entries.c.chain_id == bindparam("chain_id")

SELECT_HEAD = select(audit_heads.c.seq, audit_heads.c.hash).where(
    audit_heads.c.chain_id == bindparam("chain_id")
)

_LAST_CHANGES = select(call_changes).where(
    call_changes.c.position.in_(
        select(func.max(call_changes.c.position))
        .where(
            call_changes.c.account_sid == bindparam("account_sid"),
            call_changes.c.call_sid.in_(bindparam("call_sids", expanding=True)),
        )
        .group_by(call_changes.c.call_sid)
    )
)

_LAST_TURN_OF_FREEZE = (
    select(audit_entries)
    .where(_CHAIN, IS_TURN_OF_FREEZE)
    .order_by(audit_entries.c.seq.desc())
    .limit(1)
)

_TELLING_EVENTS = (Event.SUCCEEDED, Event.FAILED, Event.NOTED)
# Only entries that tell what Twilio said of the call can tell of its end.
_TOLD_OF_CALL = (
    select(audit_entries)
    .where(
        _CHAIN,
        audit_entries.c.call_sid == bindparam("call_sid"),
        audit_entries.c.account_sid == bindparam("account_sid"),
        or_(*(audit_entries.c.event == one.value for one in _TELLING_EVENTS)),
    )
    .order_by(audit_entries.c.seq.desc())
)

# No index knows surfaces, so the question is for a run of entries at the end.
_LAST_OF_SURFACES = select(audit_entries.c.surface, audit_entries.c.recorded_at).where(
    _CHAIN,
    audit_entries.c.seq.in_(
        select(func.max(audit_entries.c.seq))
        .where(_CHAIN, audit_entries.c.seq > bindparam("after_seq"))
        .group_by(audit_entries.c.surface)
    ),
)

_IN_SLOT = (
    call_changes.c.account_sid == bindparam("account_sid"),
    call_changes.c.call_sid == bindparam("call_sid"),
    IS_OPEN,
)
_OF_REQUEST = (
    call_changes.c.chain_id == bindparam("chain_id"),
    call_changes.c.request_id == bindparam("request_id"),
)
CHANGE_IN_SLOT = select(call_changes).where(*_IN_SLOT)
CHANGE_OF_REQUEST = select(call_changes).where(*_OF_REQUEST)

_ENTRY_OF_REQUEST = select(
    exists().where(_CHAIN, audit_entries.c.request_id == bindparam("request_id"))
)

# One statement where nearly always there is nothing to be found.
IS_HINDERED = Prepared(
    select(
        or_(
            exists().where(*_OF_REQUEST),
            exists().where(*_IN_SLOT),
            exists(_TOLD_OF_CALL.order_by(None)),
            func.coalesce(
                _LAST_TURN_OF_FREEZE.with_only_columns(audit_entries.c.action).scalar_subquery()
                == Action.FREEZE.value,
                false(),
            ),
        )
    )
)

_OUTCOME = (
    select(audit_entries)
    .where(
        _CHAIN,
        audit_entries.c.request_id == bindparam("request_id"),
        audit_entries.c.event == bindparam("event"),
    )
    .order_by(audit_entries.c.seq)
    .limit(1)
)

_PERSONAL_OF_REQUEST = (
    select(audit_personal.c.field, audit_personal.c.value)
    .join_from(
        audit_entries,
        audit_personal,
        and_(
            audit_personal.c.chain_id == audit_entries.c.chain_id,
            audit_personal.c.seq == audit_entries.c.seq,
        ),
    )
    .where(_CHAIN, audit_entries.c.request_id == bindparam("request_id"))
    .order_by(audit_entries.c.seq)
)


def read_head(connection: Connection, chain_id: str) -> Head:
    """The end of the chain, as kept beside it."""
    row = connection.execute(SELECT_HEAD, {"chain_id": chain_id}).one_or_none()
    return Head(whole_number(row.seq), as_text(row.hash)) if row else EMPTY_HEAD


def has_entry(connection: Connection, chain_id: str, request_id: str) -> bool:
    """Whether the log has an entry of this request."""
    asked = {"chain_id": chain_id, "request_id": request_id}
    return bool(connection.scalar(_ENTRY_OF_REQUEST, asked))


def read_last_of_surfaces(
    connection: Connection, chain_id: str, *, after_seq: int
) -> Mapping[Surface, datetime]:
    """When the newest entry of each surface that comes after *after_seq* was recorded."""
    rows = connection.execute(_LAST_OF_SURFACES, {"chain_id": chain_id, "after_seq": after_seq})
    # A surface that is none was put there by hand.
    return {Surface(row.surface): row.recorded_at for row in rows if row.surface in {*Surface}}


def read_last_changes(
    connection: Connection, account_sid: str, call_sids: Sequence[str]
) -> LastChanges:
    """The newest change of each of the calls that has any, by the call's SID."""
    rows = connection.execute(
        _LAST_CHANGES, {"account_sid": account_sid, "call_sids": list(call_sids)}
    )
    return {
        row.call_sid: LastChange(
            change_id=row.change_id,
            action=Action(row.action),
            by=Actor(row.actor_team_id, row.actor_user_id, row.actor_name),
            at=row.requested_at,
        )
        for row in rows
    }


def read_freeze(connection: Connection, chain_id: str) -> Freeze | None:
    """The freeze in force: the newest entry that froze, where none after it unfroze."""
    row = connection.execute(_LAST_TURN_OF_FREEZE, {"chain_id": chain_id}).one_or_none()
    if row is None or row.action == Action.UNFREEZE.value:
        return None
    personal = _personal_of_request(connection, chain_id, row.request_id)
    return Freeze(
        by=Actor(row.actor_team_id, row.actor_user_id, personal.get("actor_name", "")),
        since=row.recorded_at,
        reason=personal.get("reason", ""),
    )


def read_ending(
    connection: Connection, chain_id: str, account_sid: str, call_sid: str
) -> CallEnding | None:
    """What the log knows of the call's end; by whom, only where a hang-up of ours ended it."""
    rows = connection.execute(
        _TOLD_OF_CALL,
        {"chain_id": chain_id, "account_sid": account_sid, "call_sid": call_sid},
    )
    for entry in map(entry_of, rows):
        status = entry.details.get("status_after", "")
        if status in FINAL_STATUSES:
            by = _who_hung_up(connection, entry)
            return CallEnding(status=status, at=entry.recorded_at, by=by)
    return None


def read_outcome(
    connection: Connection, chain_id: str, change: Change
) -> tuple[AuditEntry, Mapping[str, str]] | None:
    """The entry with the change's outcome, and the personal values of its request."""
    asked = {"chain_id": chain_id, "request_id": change.request.request_id, "event": change.outcome}
    row = connection.execute(_OUTCOME, asked).one_or_none()
    if row is None:
        return None
    return entry_of(row), _personal_of_request(connection, chain_id, change.request.request_id)


def _who_hung_up(connection: Connection, entry: AuditEntry) -> Actor | None:
    if (entry.action, entry.event) != (Action.HANG_UP, Event.SUCCEEDED):
        return None
    personal = _personal_of_request(connection, entry.chain_id, entry.request_id)
    return Actor(entry.actor_team_id, entry.actor_user_id, personal.get("actor_name", ""))


def _personal_of_request(connection: Connection, chain_id: str, request_id: str) -> dict[str, str]:
    """The personal values of all entries of a request; the newest of each."""
    rows = connection.execute(
        _PERSONAL_OF_REQUEST, {"chain_id": chain_id, "request_id": request_id}
    )
    return {row.field: row.value for row in rows}
