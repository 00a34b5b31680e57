"""Entries with their personal values, and what all entries of a request tell together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, select

from bot.database.rows import entry_of, personal_of
from bot.database.tables import audit_entries, audit_personal
from bot.domain.audit import AuditEntry, Event, PersonalValue
from bot.domain.audit_log import AuditRow

SealedEntry = tuple[AuditEntry, Sequence[PersonalValue]]


@dataclass(frozen=True, slots=True)
class ToldEntry:
    """An entry with its own personal values, and those of its request's entries by name."""

    entry: AuditEntry
    personal: Sequence[PersonalValue]
    told: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Story:
    """The entries of one request, in the order of the chain."""

    sealed: Sequence[SealedEntry]

    def told(self, *, up_to: int) -> dict[str, str]:
        """What the entries numbered *up_to* this tell in clear, the newest of each."""
        return {
            value.field: value.value
            for entry, personal in self.sealed
            if entry.seq <= up_to
            for value in personal
        }

    def row(self) -> AuditRow:
        """The request as it stands now."""
        entries = [entry for entry, _personal in self.sealed]
        outcomes = [entry for entry in entries if entry.event != Event.NOTED] or entries
        notes = [str(entry.details["note"]) for entry in entries if "note" in entry.details]
        return AuditRow(
            entry=outcomes[-1],
            requested_at=entries[0].recorded_at,
            personal=self.told(up_to=entries[-1].seq),
            note=notes[-1] if notes else "",
        )


def read_sealed(connection: Connection, statement: Select[tuple[object, ...]]) -> list[SealedEntry]:
    """The entries of the statement in the order of the chain, with their personal values."""
    rows = connection.execute(statement.order_by(audit_entries.c.seq))
    entries = [entry_of(row) for row in rows]
    personal: Mapping[int, list[PersonalValue]] = defaultdict(list)
    values = select(*(audit_personal.c[name] for name in PersonalValue.__slots__)).where(
        audit_personal.c.chain_id.in_({entry.chain_id for entry in entries}),
        audit_personal.c.seq.in_([entry.seq for entry in entries]),
    )
    ordered = values.order_by(audit_personal.c.seq, audit_personal.c.field)
    for row in connection.execute(ordered):
        value = personal_of(row)
        personal[value.seq].append(value)
    return [(entry, personal[entry.seq]) for entry in entries]


def read_stories(
    connection: Connection, chain_id: str, request_ids: Iterable[str]
) -> dict[str, Story]:
    """What each of the requests left in the log, by its id."""
    statement = select(audit_entries).where(
        audit_entries.c.chain_id == chain_id,
        audit_entries.c.request_id.in_(set(request_ids)),
    )
    found: Mapping[str, list[SealedEntry]] = defaultdict(list)
    for sealed in read_sealed(connection, statement):
        found[sealed[0].request_id].append(sealed)
    return {request_id: Story(entries) for request_id, entries in found.items()}
