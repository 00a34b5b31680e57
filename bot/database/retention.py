"""Finding personal values that are old enough to go, and deleting them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from sqlalchemy import Connection, Row, and_, delete, select, update

from bot.database.tables import (
    IS_OPEN,
    IS_TURN_OF_FREEZE,
    audit_entries,
    audit_personal,
    call_changes,
)
from bot.domain.audit import Action, Event, Surface
from bot.domain.changes import ChangeState
from bot.domain.retention import OldValues

_entries = audit_entries.c
_personal = audit_personal.c
_ValueRow = Row[int, str, datetime, str]
# What a closed change needs for nothing any more; the log tells the same of whoever may know it.
_EMPTIED = {"actor_name": "", "reason": "", "origin": '{"kind": "command"}'}


def read_old_values(
    connection: Connection, chain_id: str, *, older_than: datetime, after_seq: int, limit: int
) -> OldValues:
    """The first run of entries after *after_seq* whose values may go; *limit* are looked at.

    An entry keeps its values while it is younger, while its change is open, and while it is what
    all changes are frozen by. The run ends before such an entry. It goes by the clock that wrote
    the entry; what comes after the newest old entry by that clock is not looked at.
    """
    until_seq = connection.scalar(
        select(_entries.seq)
        .where(_entries.chain_id == chain_id, _entries.recorded_at < older_than)
        .order_by(_entries.recorded_at.desc(), _entries.seq.desc())
        .limit(1)
    )
    if until_seq is None:
        return OldValues()
    seqs = connection.scalars(
        select(_personal.seq)
        .where(_personal.chain_id == chain_id, _personal.seq.between(after_seq + 1, until_seq))
        .distinct()
        .order_by(_personal.seq)
        .limit(limit)
    ).all()
    if not seqs:
        return OldValues()
    rows = _values_between(connection, chain_id, seqs[0], seqs[-1])
    return _first_run(
        rows,
        older_than=older_than,
        needed=_needed_requests(connection, chain_id),
        searched_to=seqs[-1] if len(seqs) == limit else None,
    )


def delete_values(connection: Connection, chain_id: str, old: OldValues) -> None:
    """Delete what the newest entry redacts; a trigger refuses all else."""
    requests = select(_entries.request_id).where(
        _entries.chain_id == chain_id, _entries.seq.between(old.first_seq, old.last_seq)
    )
    connection.execute(
        update(call_changes)
        .where(
            call_changes.c.chain_id == chain_id,
            call_changes.c.request_id.in_(requests),
            call_changes.c.state == ChangeState.CLOSED.value,
        )
        .values(_EMPTIED)
    )
    connection.execute(
        delete(audit_personal).where(
            _personal.chain_id == chain_id,
            _personal.seq.between(old.first_seq, old.last_seq),
        )
    )


def read_last_redaction(connection: Connection, chain_id: str) -> datetime | None:
    """When the machine last redacted by itself."""
    found: datetime | None = connection.scalar(
        select(_entries.recorded_at)
        .where(
            _entries.chain_id == chain_id,
            _entries.event == Event.REDACTED.value,
            _entries.surface == Surface.MACHINE.value,
        )
        .order_by(_entries.seq.desc())
        .limit(1)
    )
    return found


def _values_between(
    connection: Connection, chain_id: str, first_seq: int, last_seq: int
) -> Sequence[_ValueRow]:
    of_entry = and_(_entries.chain_id == _personal.chain_id, _entries.seq == _personal.seq)
    return connection.execute(
        select(_personal.seq, _personal.field, _entries.recorded_at, _entries.request_id)
        .join_from(audit_personal, audit_entries, of_entry)
        .where(_personal.chain_id == chain_id, _personal.seq.between(first_seq, last_seq))
        .order_by(_personal.seq)
    ).all()


def _needed_requests(connection: Connection, chain_id: str) -> frozenset[str]:
    """The requests whose names and reasons are still shown: open changes, the freeze in force."""
    of_changes = connection.scalars(
        select(call_changes.c.request_id).where(call_changes.c.chain_id == chain_id, IS_OPEN)
    )
    last_turn = connection.execute(
        select(_entries.action, _entries.request_id)
        .where(_entries.chain_id == chain_id, IS_TURN_OF_FREEZE)
        .order_by(_entries.seq.desc())
        .limit(1)
    ).all()
    of_freeze = (turn.request_id for turn in last_turn if turn.action == Action.FREEZE)
    return frozenset([*of_changes, *of_freeze])


def _first_run(
    rows: Sequence[_ValueRow],
    *,
    older_than: datetime,
    needed: frozenset[str],
    searched_to: int | None,
) -> OldValues:
    """The first entries in a row that need their values no longer."""
    fields: set[str] = set()
    seqs: list[int] = []
    values = 0
    for seq, of_entry in _by_entry(rows):
        is_kept = of_entry[0].recorded_at >= older_than or of_entry[0].request_id in needed
        if is_kept and seqs:
            searched_to = seq
            break
        if not is_kept:
            seqs.append(seq)
            values += len(of_entry)
            fields.update(row.field for row in of_entry)
    if not seqs:
        return OldValues(searched_to=searched_to)
    return OldValues(
        first_seq=seqs[0],
        last_seq=seqs[-1],
        entries=len(seqs),
        values=values,
        fields=frozenset(fields),
        searched_to=searched_to,
    )


def _by_entry(
    rows: Sequence[_ValueRow],
) -> Iterator[tuple[int, list[_ValueRow]]]:
    for seq, of_entry in groupby(rows, key=attrgetter("seq")):
        yield seq, list(of_entry)
