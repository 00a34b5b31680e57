"""Finding requests in a log of any length, with a bounded amount of work.

A search goes through the chain in looks. Each takes the next few thousand entries at most from the
filter whose entries reach furthest, and holds only those against all the other filters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select, union, union_all

from bot.database.audit_conditions import Mark, NumberMark, Source, Terms
from bot.database.rows import entry_of
from bot.database.tables import audit_entries
from bot.domain.audit import AuditEntry
from bot.domain.audit_log import AuditQuery

# Entries stand in the order of the chain, times go by the clocks of the replicas: the times of so
# many entries may be in another order before one is missed.
OUT_OF_ORDER = 10_000
LOWEST_SEQ = -(2**63)
HIGHEST_SEQ = 2**63 - 1
# A filter with fewer entries than this is worth following to the other entries of their requests.
RARE = 1000
# The beginning of a number is found by an index that is in no order of time. So many of its rows
# are sorted in a few milliseconds; with more, the entries from the newest on soon have enough.
SORTED_AT_MOST = 20_000

_entries = audit_entries.c


@dataclass(frozen=True, slots=True)
class Stream:
    """Numbers of entries among which all that are looked for are, in order from either end."""

    sources: Sequence[Source]

    def seqs(self, low: int, high: int, *, count: int, newest_first: bool) -> Select[Any]:
        """The next *count* from *low* to *high*."""
        parts: list[Select[Any]] = []
        for source in self.sources:
            # A sum keeps the planner from reading the whole chain, which is in order, instead.
            seq = source.seq if source.is_ordered else source.seq + 0
            part = select(source.seq.label("seq")).where(*source.conditions, seq.between(low, high))
            parts.append(part.order_by(seq.desc() if newest_first else seq).limit(count))
        [first, *others] = parts
        if not others:
            return first
        both = union(*(select(part.subquery().c.seq) for part in parts)).subquery().c.seq
        return select(both).order_by(both.desc() if newest_first else both).limit(count)


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found, and the number after (or before) which the next one goes on."""

    entries: Sequence[AuditEntry]
    reached: int | None


def terms_of(connection: Connection, chain_id: str, query: AuditQuery) -> Terms | None:
    """Where to look for what the query asks; None where its time has no entries."""
    last = known = read_last_seq(connection, chain_id)
    first: int | None = LOWEST_SEQ
    by_time = select(_entries.seq).where(_entries.chain_id == chain_id).limit(OUT_OF_ORDER)
    if query.since:
        after = by_time.where(_entries.recorded_at >= query.since)
        next_ones = after.order_by(_entries.recorded_at, _entries.seq).subquery().c.seq
        first = connection.scalar(select(func.min(next_ones)))
    if query.until:
        before = by_time.where(_entries.recorded_at < query.until)
        last_ones = before.order_by(_entries.recorded_at.desc(), _entries.seq.desc())
        last = connection.scalar(select(func.max(last_ones.subquery().c.seq)))
    if known is None or first is None or last is None:
        return None
    return Terms(chain_id=chain_id, query=query, first=first, last=last, known=known)


def read_last_seq(connection: Connection, chain_id: str) -> int | None:
    """The number of the newest entry; None where there is no entry."""
    # Without a bound SQLite would sort all entries by another index.
    of_chain = (_entries.chain_id == chain_id, _entries.seq <= HIGHEST_SEQ)
    newest = select(_entries.seq).where(*of_chain).order_by(_entries.seq.desc()).limit(1)
    return connection.scalar(newest)


class Search:
    """Looks for entries that meet a condition, from either end of the terms' part of the chain.

    *mark* is one that all these entries have themselves, if there is such a one.
    """

    def __init__(
        self,
        connection: Connection,
        terms: Terms,
        condition: ColumnElement[bool],
        *,
        mark: Mark | None,
        newest_first: bool,
    ) -> None:
        self._connection = connection
        self._terms = terms
        self._condition = condition
        self._mark = mark
        self._newest_first = newest_first
        self._streams = list(self._ready_streams())
        self._has_all_streams = False

    def look(self, low: int, high: int, *, among: int, at_most: int) -> Look:
        """The first *at_most* that fit of the next *among* entries of one stream."""
        stream, reached = self._furthest(low, high, among)
        # Joined by the whole key of the entries, and sorted by the stream: no planner has a reason
        # to find them by another index.
        some = self._seqs(stream, low, high, among).subquery()
        order = some.c.seq.desc() if self._newest_first else some.c.seq
        is_among = and_(_entries.chain_id == self._terms.chain_id, _entries.seq == some.c.seq)
        statement = select(audit_entries).join(some, is_among).where(self._condition)
        rows = self._connection.execute(statement.order_by(order).limit(at_most))
        return Look([entry_of(row) for row in rows], reached)

    def use_all_streams(self) -> None:
        """Also follow filters for which it costs some milliseconds to see whether they are rare."""
        if self._has_all_streams:
            return
        self._has_all_streams = True
        self._streams += self._counted_streams()

    def _furthest(self, low: int, high: int, among: int) -> tuple[Stream, int | None]:
        """The stream whose next entries reach furthest, and how far; None where to the end."""
        reaches: list[tuple[int, int]] = []
        for index, stream in enumerate(self._streams):
            seq = self._seqs(stream, low, high, among).subquery().c.seq
            end = func.min(seq) if self._newest_first else func.max(seq)
            count, reached = self._connection.execute(select(func.count(seq), end)).one()
            if count < among:
                return stream, None
            reaches.append((reached, index))
        reached, index = min(reaches) if self._newest_first else max(reaches)
        return self._streams[index], reached

    def _seqs(self, stream: Stream, low: int, high: int, among: int) -> Select[Any]:
        return stream.seqs(low, high, count=among, newest_first=self._newest_first)

    def _ready_streams(self) -> Iterator[Stream]:
        """Those that an index gives in order: of a person, a call, a channel …, and all entries."""
        of_chain = _entries.chain_id == self._terms.chain_id
        for name, value in self._terms.constants.items():
            yield Stream([Source(_entries.seq, [of_chain, _entries[name] == value])])
        if self._mark and not _is_prefix(self._mark):
            sources = self._mark.sources(self._terms.chain_id)
            yield from [Stream(sources)] if sources else []
        yield Stream([Source(_entries.seq, [of_chain])])

    def _counted_streams(self) -> Iterator[Stream]:
        for mark in self._terms.marks:
            sources = mark.sources(self._terms.chain_id)
            if not sources:
                continue
            if mark != self._mark:
                if self._has_fewer(sources, RARE):
                    yield self._of_requests(sources)
            elif _is_prefix(mark) and self._has_fewer(sources, SORTED_AT_MOST):
                yield Stream(sources)

    def _has_fewer(self, sources: Sequence[Source], limit: int) -> bool:
        """Whether there are fewer rows than this, with no more of them read."""
        some = union_all(
            *(
                select(
                    select(source.seq)
                    .where(*source.conditions)
                    .order_by(source.index_key)
                    .limit(limit)
                    .subquery()
                )
                for source in sources
            )
        ).subquery()
        return (self._connection.scalar(select(func.count()).select_from(some)) or 0) < limit

    def _of_requests(self, sources: Sequence[Source]) -> Stream:
        """All entries of the requests that have an entry in the sources, which are few."""
        terms, of_source, of_request = self._terms, audit_entries.alias(), audit_entries.alias()
        rare = Stream(sources).seqs(LOWEST_SEQ, terms.known, count=RARE, newest_first=True)
        requests = select(of_source.c.request_id).where(
            of_source.c.chain_id == terms.chain_id, of_source.c.seq.in_(rare)
        )
        conditions = [
            of_request.c.chain_id == terms.chain_id,
            of_request.c.request_id.in_(requests),
        ]
        return Stream([Source(of_request.c.seq, conditions, is_ordered=False)])


def _is_prefix(mark: Mark) -> bool:
    return isinstance(mark, NumberMark) and mark.is_prefix
