"""Finding requests in a log of any length, with a bounded amount of work.

A search goes through the chain in looks. Each takes the next few thousand entries at most from the
filter whose entries reach furthest, and holds only those against all the other filters.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, FromClause, Select, func, select, union

from bot.database.audit_conditions import Mark, Source, Terms
from bot.database.rows import entry_of
from bot.database.tables import audit_entries
from bot.domain.audit import AuditEntry
from bot.domain.audit_log import AuditQuery

# Entries stand in the order of the chain, times go by the clocks of the replicas: the times of so
# many entries may be in another order before one is missed.
OUT_OF_ORDER = 10_000
LOWEST_SEQ = -(2**63)
HIGHEST_SEQ = 2**63 - 1
# So many entries of a filter are worth following to the other entries of their requests.
RARE = 500
# The beginning of a number is found by an index that is in no order of time; so many of its rows
# are read and sorted in some milliseconds.
GATHERED_AT_MOST = 3000

_entries = audit_entries.c


class Stream(Protocol):
    """Numbers of entries among which all that are looked for are, in order from either end."""

    def next_ones(
        self, connection: Connection, low: int, high: int, *, count: int, newest_first: bool
    ) -> Next:
        """The next *count* from *low* to *high*."""


@dataclass(frozen=True, slots=True)
class Next:
    """So many numbers, the furthest of them, and where they come from."""

    count: int
    reached: int
    seqs: Select[Any] | Sequence[int]


@dataclass(frozen=True, slots=True)
class IndexStream:
    """What an index gives in order."""

    sources: Sequence[Source]

    def next_ones(
        self, connection: Connection, low: int, high: int, *, count: int, newest_first: bool
    ) -> Next:
        """The next *count*, read from the index once now and once more when they are used."""
        parts = [
            select(source.seq.label("seq"))
            .where(*source.conditions, source.seq.between(low, high))
            .order_by(source.seq.desc() if newest_first else source.seq)
            .limit(count)
            for source in self.sources
        ]
        seqs = parts[0] if len(parts) == 1 else _merged(parts, count, newest_first=newest_first)
        seq = seqs.subquery().c.seq
        end = func.min(seq) if newest_first else func.max(seq)
        found, reached = connection.execute(select(func.count(seq), end)).one()
        return Next(found, reached or 0, seqs)


@dataclass(frozen=True, slots=True)
class GatheredStream:
    """What was read and sorted before, since it is not much."""

    seqs: Sequence[int]

    def next_ones(
        self, _connection: Connection, low: int, high: int, *, count: int, newest_first: bool
    ) -> Next:
        """The next *count* of those that were read."""
        here = self.seqs[bisect_left(self.seqs, low) : bisect_right(self.seqs, high)]
        some = here[-count:] if newest_first else here[:count]
        reached = (some[0] if newest_first else some[-1]) if some else 0
        return Next(len(some), reached, some)


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
    """Looks for entries that fit, from either end of the terms' part of the chain.

    *mark* is one that all these entries have themselves, if there is such a one.
    """

    def __init__(
        self,
        connection: Connection,
        terms: Terms,
        fits: Callable[[FromClause], ColumnElement[bool]],
        *,
        mark: Mark | None,
        newest_first: bool,
    ) -> None:
        self._connection = connection
        self._terms = terms
        self._fits = fits
        self._mark = mark
        self._newest_first = newest_first
        self._streams: list[Stream] = list(self._ready_streams())
        self._has_all_streams = False

    def look(self, low: int, high: int, *, among: int, at_most: int) -> Look:
        """The first *at_most* that fit of the next *among* entries of one stream."""
        seqs, reached = self._furthest(low, high, among)
        candidates = select(audit_entries).where(_entries.chain_id == self._terms.chain_id)
        if isinstance(seqs, Select):
            some = seqs.subquery()
            candidates = candidates.join(some, _entries.seq == some.c.seq)
        else:
            candidates = candidates.where(_entries.seq.in_(seqs))
        # The limit, which they cannot exceed, keeps planners from finding them by what is asked of
        # them: they take that for rarer than it is.
        entries = candidates.limit(among).subquery()
        order = entries.c.seq.desc() if self._newest_first else entries.c.seq
        statement = select(entries).where(self._fits(entries)).order_by(order).limit(at_most)
        return Look([entry_of(row) for row in self._connection.execute(statement)], reached)

    def use_all_streams(self) -> None:
        """Also follow marks of which it takes some milliseconds to see whether they are rare."""
        if self._has_all_streams:
            return
        self._has_all_streams = True
        self._streams += self._gathered_streams()

    def _furthest(
        self, low: int, high: int, among: int
    ) -> tuple[Select[Any] | Sequence[int], int | None]:
        """The stream's numbers whose next reach furthest, and how far; None where to the end."""
        nexts = []
        for stream in self._streams:
            some = stream.next_ones(
                self._connection, low, high, count=among, newest_first=self._newest_first
            )
            if some.count < among:
                return some.seqs, None
            nexts.append(some)
        choose = min if self._newest_first else max
        furthest = choose(nexts, key=lambda some: some.reached)
        return furthest.seqs, furthest.reached

    def _ready_streams(self) -> Iterator[Stream]:
        """Those that an index gives in order: of a person, a call, a channel …, and all entries."""
        of_chain = _entries.chain_id == self._terms.chain_id
        for name, value in self._terms.constants.items():
            yield IndexStream([Source(_entries.seq, [of_chain, _entries[name] == value])])
        if self._mark:
            sources = self._mark.sources(self._terms.chain_id)
            if sources and _are_ordered(sources):
                yield IndexStream(sources)
        yield IndexStream([Source(_entries.seq, [of_chain])])

    def _gathered_streams(self) -> Iterator[Stream]:
        """Those of marks that are on few entries."""
        for mark in self._terms.marks:
            sources = mark.sources(self._terms.chain_id)
            if mark != self._mark:
                seqs = self._gather(sources, RARE)
                if seqs is not None:
                    yield GatheredStream(self._with_rest_of_requests(seqs))
            elif not _are_ordered(sources):
                seqs = self._gather(sources, GATHERED_AT_MOST)
                if seqs is not None:
                    yield GatheredStream(sorted(seqs))

    def _gather(self, sources: Sequence[Source], at_most: int) -> set[int] | None:
        """The numbers of all entries in the sources; None where those are too many, or none is."""
        seqs: set[int] = set()
        for source in sources:
            order = source.seq if source.other_key is None else source.other_key
            rows = select(source.seq).where(*source.conditions).order_by(order)
            seqs.update(self._connection.scalars(rows.limit(at_most + 1)))
        return seqs if sources and len(seqs) <= at_most else None

    def _with_rest_of_requests(self, seqs: Collection[int]) -> list[int]:
        """The numbers of all entries of the requests that these entries belong to."""
        some, rest = audit_entries.alias(), audit_entries.alias()
        of_chain = some.c.chain_id == self._terms.chain_id
        requests = select(some.c.request_id).where(of_chain, some.c.seq.in_(seqs))
        found = select(rest.c.seq).where(
            rest.c.chain_id == self._terms.chain_id, rest.c.request_id.in_(requests)
        )
        return sorted(self._connection.scalars(found))


def _are_ordered(sources: Sequence[Source]) -> bool:
    return all(source.other_key is None for source in sources)


def _merged(parts: Sequence[Select[Any]], count: int, *, newest_first: bool) -> Select[Any]:
    """The first *count* of what the parts give."""
    seq = union(*(select(part.subquery().c.seq) for part in parts)).subquery().c.seq
    return select(seq).order_by(seq.desc() if newest_first else seq).limit(count)
