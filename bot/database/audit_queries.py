"""Questions about the log: pages of requests, runs of entries, a check of the whole chain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, select

from bot.database.queries import read_head
from bot.database.rows import entry_of, personal_of
from bot.database.tables import IS_NUMBER, SEARCH_KEY_LENGTH, audit_entries, audit_personal
from bot.domain.audit import EMPTY_HEAD, AuditEntry, Event, Head, PersonalValue
from bot.domain.audit_chain import ChainVerifier, Verdict
from bot.domain.audit_log import AuditPage, AuditQuery, AuditRow

SealedEntry = tuple[AuditEntry, Sequence[PersonalValue]]


@dataclass(frozen=True, slots=True)
class ToldEntry:
    """An entry with its own personal values, and those of all entries of its request by name."""

    entry: AuditEntry
    personal: Sequence[PersonalValue]
    told: Mapping[str, str]


ENTRIES_AT_ONCE = 500
# Where a check begins: entries numbered below the first were put in by somebody.
LOWEST_SEQ = -(2**63)
LONGEST_SEQ = 18
# Entries stand in the order of the chain, `since` goes by the clocks of the replicas: they may be
# this far apart before an entry is missed.
CLOCK_SKEW = timedelta(days=1)
# From here on a number counts as frequent; so many rows of an index are read in a few milliseconds.
FREQUENT = 5000
_LAST_CHARACTER = "\U0010ffff"

_entries = audit_entries.c
_newer = audit_entries.alias("newer")
_other = audit_entries.alias("other")
_of_same_entry = and_(
    audit_personal.c.chain_id == _other.c.chain_id, audit_personal.c.seq == _other.c.seq
)
_tells_newest_of_request = and_(
    _entries.event != Event.NOTED.value,
    ~exists().where(
        _newer.c.chain_id == _entries.chain_id,
        _newer.c.request_id == _entries.request_id,
        _newer.c.seq > _entries.seq,
        _newer.c.event != Event.NOTED.value,
    ),
)


@dataclass(slots=True)
class _Story:
    """What all entries of one request tell together."""

    requested_at: datetime
    personal: dict[str, str] = field(default_factory=dict)
    note: str = ""


def read_page(connection: Connection, chain_id: str, query: AuditQuery) -> AuditPage:
    """The requests that fit, each by its newest entry that is not only a note; newest first."""
    statement = (
        _fitting(connection, chain_id, query)
        .where(_tells_newest_of_request)
        .order_by(_entries.seq.desc())
        .limit(query.limit + 1)
    )
    if query.before_seq is not None:
        statement = statement.where(_entries.seq < query.before_seq)
    found = [entry_of(row) for row in connection.execute(statement)]
    shown = found[: query.limit]
    stories = _stories(connection, chain_id, shown)
    return AuditPage(
        rows=tuple(_row(entry, stories[entry.request_id]) for entry in shown),
        next_before_seq=shown[-1].seq if len(found) > len(shown) else None,
    )


def read_chunk(
    connection: Connection, chain_id: str, after_seq: int, query: AuditQuery
) -> list[SealedEntry]:
    """The next entries that fit, in the order of the chain."""
    statement = _fitting(connection, chain_id, query).where(_entries.seq > after_seq)
    return _sealed(connection, chain_id, statement.limit(ENTRIES_AT_ONCE))


def read_told_chunk(
    connection: Connection, chain_id: str, after_seq: int, query: AuditQuery
) -> list[ToldEntry]:
    """The next entries that fit, each with what all entries of its request tell in clear."""
    chunk = read_chunk(connection, chain_id, after_seq, query)
    stories = _stories(connection, chain_id, [entry for entry, _personal in chunk])
    return [
        ToldEntry(entry, personal, stories[entry.request_id].personal) for entry, personal in chunk
    ]


def read_matching(connection: Connection, chain_id: str, reference: str) -> list[SealedEntry]:
    """The entries whose number, request id or call SID is *reference*, in the chain's order."""
    is_seq = reference.isascii() and reference.isdigit() and len(reference) <= LONGEST_SEQ
    named = (
        _entries.seq == int(reference)
        if is_seq
        else (_entries.request_id == reference) | (_entries.call_sid == reference)
    )
    return _sealed(connection, chain_id, select(audit_entries).where(_of(chain_id), named))


def verify_chain(connection: Connection, chain_id: str) -> Verdict:
    """Whether every entry up to the head is as it was recorded, in one look at the database."""
    return _verify_after(connection, chain_id, EMPTY_HEAD, after_seq=LOWEST_SEQ)


def verify_end(connection: Connection, chain_id: str, *, entries: int) -> Verdict:
    """The same of the last *entries*; that the one before them is right is taken as given."""
    seq_before = read_head(connection, chain_id).seq - entries
    before = connection.execute(
        select(_entries.seq, _entries.hash).where(_of(chain_id), _entries.seq == seq_before)
    ).one_or_none()
    if before is None:
        return verify_chain(connection, chain_id)
    return _verify_after(connection, chain_id, Head(*before), after_seq=before.seq)


def _verify_after(connection: Connection, chain_id: str, after: Head, *, after_seq: int) -> Verdict:
    redactions = connection.execute(
        select(audit_entries).where(_of(chain_id), _entries.event == Event.REDACTED.value)
    )
    verifier = ChainVerifier(chain_id, map(entry_of, redactions), after=after)
    while chunk := read_chunk(connection, chain_id, after_seq, AuditQuery()):
        for entry, personal in chunk:
            fault = verifier.feed(entry, personal)
            if fault is not None:
                return Verdict(verifier.end, fault)
        after_seq = verifier.end.seq
    return Verdict(verifier.end, verifier.finish(read_head(connection, chain_id)))


def _of(chain_id: str) -> ColumnElement[bool]:
    return _entries.chain_id == chain_id


def _fitting(
    connection: Connection, chain_id: str, query: AuditQuery
) -> Select[tuple[object, ...]]:
    """The entries that fit all filters, in no order yet."""
    equal = {
        _entries.actor_user_id: query.by_user_id,
        _entries.call_sid: query.call_sid,
        _entries.action: query.action,
        _entries.event: query.outcome,
    }
    statement = select(audit_entries).where(
        _of(chain_id), *(column == str(value) for column, value in equal.items() if value)
    )
    for name, pattern in (("from", query.from_number), ("to", query.to_number)):
        if pattern:
            has_number = _has_number(chain_id, name, pattern)
            statement = statement.where(_is_of_request_with(connection, has_number))
    if query.since is not None:
        statement = statement.where(
            _entries.recorded_at >= query.since,
            _entries.seq >= _first_seq_since(chain_id, query.since - CLOCK_SKEW),
        )
    return statement


def _has_number(chain_id: str, name: str, pattern: str) -> ColumnElement[bool]:
    """Whether a personal value is this number; `*` at the end means a prefix."""
    personal = audit_personal.c
    prefix = pattern.removesuffix("*")
    start = prefix[:SEARCH_KEY_LENGTH]
    is_number = and_(personal.chain_id == chain_id, IS_NUMBER, personal.field == name)
    if pattern.endswith("*"):
        return and_(
            is_number,
            personal.search_key.between(start, start + _LAST_CHARACTER),
            func.substr(personal.value, 1, len(prefix)) == prefix,
        )
    return and_(is_number, personal.search_key == start, personal.value == prefix)


def _is_of_request_with(
    connection: Connection, has_number: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Whether any entry of the same request has the number.

    A rare number is best looked up first. With a frequent one that would read much of the log,
    while going through the entries from the newest on soon meets enough that have it.
    """
    some = select(audit_personal.c.seq).where(has_number).limit(FREQUENT).subquery()
    count = connection.scalar(select(func.count()).select_from(some)) or 0
    requests = (
        select(_other.c.request_id)
        .join_from(_other, audit_personal, _of_same_entry)
        .where(has_number)
    )
    if count < FREQUENT:
        return _entries.request_id.in_(requests)
    return requests.where(
        _other.c.chain_id == _entries.chain_id, _other.c.request_id == _entries.request_id
    ).exists()


def _first_seq_since(chain_id: str, moment: datetime) -> ColumnElement[int]:
    """Where in the chain to begin; without it a filter that nothing fits would read all of it."""
    return (
        select(_other.c.seq)
        .where(_other.c.chain_id == chain_id, _other.c.recorded_at >= moment)
        .order_by(_other.c.recorded_at, _other.c.seq)
        .limit(1)
        .scalar_subquery()
    )


def _sealed(
    connection: Connection, chain_id: str, statement: Select[tuple[object, ...]]
) -> list[SealedEntry]:
    """The entries of the statement in the order of the chain, with their personal values."""
    rows = connection.execute(statement.order_by(_entries.seq))
    entries = [entry_of(row) for row in rows]
    personal: Mapping[int, list[PersonalValue]] = defaultdict(list)
    values = select(audit_personal).where(
        audit_personal.c.chain_id == chain_id,
        audit_personal.c.seq.in_([entry.seq for entry in entries]),
    )
    for row in connection.execute(values.order_by(audit_personal.c.seq, audit_personal.c.field)):
        personal[row.seq].append(personal_of(row))
    return [(entry, personal[entry.seq]) for entry in entries]


def _stories(
    connection: Connection, chain_id: str, entries: Sequence[AuditEntry]
) -> dict[str, _Story]:
    """The story of each request that the entries belong to, by its id."""
    requests = _entries.request_id.in_({entry.request_id for entry in entries})
    stories: dict[str, _Story] = {}
    statement = select(audit_entries).where(_of(chain_id), requests)
    for entry, personal in _sealed(connection, chain_id, statement):
        story = stories.setdefault(entry.request_id, _Story(requested_at=entry.recorded_at))
        story.personal.update({value.field: value.value for value in personal})
        story.note = str(entry.details.get("note", story.note))
    return stories


def _row(entry: AuditEntry, story: _Story) -> AuditRow:
    return AuditRow(
        entry=entry,
        requested_at=story.requested_at,
        personal=story.personal,
        note=story.note,
    )
