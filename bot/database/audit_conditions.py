"""What makes a request of the log fit a query, in SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ColumnElement, FromClause, Select, and_, func, literal_column, select

from bot.database.tables import IS_NUMBER, SEARCH_KEY_LENGTH, audit_entries, audit_personal
from bot.domain.audit import Event
from bot.domain.audit_log import AuditQuery

_LAST_CHARACTER = "\U0010ffff"

_personal = audit_personal.c


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of one table, found by an index; `seq` is the column with their entry's number.

    An index that has them in another order than that of the chain goes by the `other_key`.
    """

    seq: ColumnElement[int]
    conditions: Sequence[ColumnElement[bool]]
    other_key: ColumnElement[Any] | None = None


class Mark(Protocol):
    """What a filter asks of some entry of a request."""

    def is_on(self, entry: FromClause) -> ColumnElement[bool]:
        """Whether this entry has it."""

    def sources(self, chain_id: str) -> Sequence[Source]:
        """Where an index finds the entries that have it; nothing where none does."""


@dataclass(frozen=True, slots=True)
class NumberMark:
    """A phone number, or the beginning of one, at one of these ends of the call."""

    ends: Sequence[str]
    pattern: str

    @property
    def is_prefix(self) -> bool:
        """Whether it is only the beginning of a number."""
        return self.pattern.endswith("*")

    def is_on(self, entry: FromClause) -> ColumnElement[bool]:
        """Whether this entry tells the number."""
        return there_is(
            _is_of(entry), _personal.field.in_(self.ends), self._is_value(_personal.value)
        )

    def sources(self, chain_id: str) -> Sequence[Source]:
        """The index of numbers, once for each end."""
        of_chain = (_personal.chain_id == chain_id, and_(IS_NUMBER))
        return [
            Source(
                _personal.seq,
                [*of_chain, _personal.field == end, *self._is_key()],
                other_key=_personal.search_key if self.is_prefix else None,
            )
            for end in self.ends
        ]

    def _is_value(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        start = self.pattern.removesuffix("*")
        return func.substr(value, 1, len(start)) == start if self.is_prefix else value == start

    def _is_key(self) -> Iterator[ColumnElement[bool]]:
        start = self.pattern.removesuffix("*")
        key = start[:SEARCH_KEY_LENGTH]
        if self.is_prefix:
            yield _personal.search_key.between(key, key + _LAST_CHARACTER)
        else:
            yield _personal.search_key == key
        if len(start) >= SEARCH_KEY_LENGTH:  # the key may tell only a part of it
            yield self._is_value(_personal.value)


@dataclass(frozen=True, slots=True)
class WordsMark:
    """Words that all stand in the reason, in any order and in any case."""

    words: str

    def is_on(self, entry: FromClause) -> ColumnElement[bool]:
        """Whether this entry tells such a reason."""
        reason = _personal.value
        says = (reason.icontains(word, autoescape=True) for word in self.words.split())
        return there_is(_is_of(entry), _personal.field == "reason", *says)

    def sources(self, chain_id: str) -> Sequence[Source]:  # noqa: ARG002 - the port's signature
        """Nothing but reading the reasons finds words."""
        return ()


@dataclass(frozen=True, slots=True)
class OutcomeMark:
    """The event that tells what came of the request, as far as its entries up to *known* tell."""

    event: Event
    known: int

    def is_on(self, entry: FromClause) -> ColumnElement[bool]:
        """Whether this entry is the newest of its request, notes apart, and tells this."""
        newer = audit_entries.alias()
        is_newer = newer.c.seq.between(entry.c.seq + 1, self.known)
        has_newer = there_is(is_same_request(newer, entry), is_newer, is_story(newer))
        return and_(entry.c.event == self.event.value, ~has_newer)

    def sources(self, chain_id: str) -> Sequence[Source]:
        """The index of events."""
        entries = audit_entries.c
        conditions = [entries.chain_id == chain_id, entries.event == self.event.value]
        return [Source(entries.seq, conditions)]


def there_is(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a row meets the conditions, looked up for each row of the enclosing question.

    With EXISTS in its place, PostgreSQL may join whole tables for the sake of a few rows.
    """
    row: Select[Any] = select(literal_column("1")).where(*conditions).limit(1)
    return row.scalar_subquery().is_not(None)


def is_story(entry: FromClause) -> ColumnElement[bool]:
    """Whether the entry is more than a note beside the outcome."""
    return entry.c.event != Event.NOTED.value


def is_same_request(other: FromClause, entry: FromClause) -> ColumnElement[bool]:
    """Whether both belong to one request."""
    return and_(other.c.chain_id == entry.c.chain_id, other.c.request_id == entry.c.request_id)


def _is_of(entry: FromClause) -> ColumnElement[bool]:
    return and_(_personal.chain_id == entry.c.chain_id, _personal.seq == entry.c.seq)


@dataclass(frozen=True, slots=True)
class Terms:
    """A query, and the part of the chain in which it looks.

    Entries from *first* to *last* can lie in the query's time; entries after *known* do not count.
    """

    chain_id: str
    query: AuditQuery
    first: int
    last: int
    known: int

    @property
    def has_time(self) -> bool:
        """Whether the query asks for a part of the time."""
        return bool(self.query.since or self.query.until)

    @property
    def told_marks(self) -> list[Mark]:
        """What is asked of personal values, the rarest first as far as can be told from outside."""
        query = self.query
        ends = {"from": query.from_number, "to": query.to_number}
        numbers = [NumberMark((end,), pattern) for end, pattern in ends.items() if pattern]
        if query.number:
            numbers.append(NumberMark(tuple(ends), query.number))
        numbers.sort(key=lambda mark: (mark.is_prefix, -len(mark.pattern)))
        return [*numbers, *([WordsMark(query.words)] if query.words else [])]

    @property
    def marks(self) -> list[Mark]:
        """What is asked of some entry of the request."""
        outcome = self.query.outcome
        return [*self.told_marks, *([OutcomeMark(outcome, self.known)] if outcome else [])]

    @property
    def placing_mark(self) -> Mark | None:
        """The mark by which requests are found in their order; None where any entry will do.

        The outcome is none where the time has an end: it may have come later.
        """
        told = self.told_marks
        if told:
            return told[0]
        return None if self.query.until else next(iter(self.marks), None)

    @property
    def constants(self) -> dict[str, str]:
        """What all entries of a request have alike: the columns, and what is asked of them."""
        query = self.query
        asked = {
            "request_id": query.request_id,
            "call_sid": query.call_sid,
            "actor_user_id": query.by_user_id,
            "channel_id": query.channel_id,
            "action": query.action.value if query.action else "",
        }
        return {name: value for name, value in asked.items() if value}

    def is_place(self, entry: FromClause) -> ColumnElement[bool]:
        """Whether the entry gives a request that fits its place among the others.

        Of the request's entries that can, it is the newest.
        """
        newer = audit_entries.alias()
        has_newer = there_is(
            is_same_request(newer, entry), newer.c.seq > entry.c.seq, self._can_place(newer)
        )
        return and_(self._can_place(entry), ~has_newer, self._is_as_asked(entry))

    def is_of_request(self, entry: FromClause) -> ColumnElement[bool]:
        """Whether the entry, whatever it tells itself, belongs to a request that fits."""
        if not (self.marks or self.has_time):
            return self._has_constants(entry)
        place = audit_entries.alias()
        has_place = there_is(is_same_request(place, entry), self._can_place(place))
        return and_(has_place, self._is_as_asked(entry))

    def is_told_by(self, entry: FromClause) -> ColumnElement[bool]:
        """Whether the entry fits as it comes: by itself and by what its request told before it."""
        query, other = self.query, audit_entries.alias()
        return and_(
            self._has_constants(entry),
            *([entry.c.event == query.outcome.value] if query.outcome else []),
            *self._times(entry),
            *(
                _is_told(other, entry, mark.is_on(other), other.c.seq <= entry.c.seq)
                for mark in self.told_marks
            ),
        )

    def _is_as_asked(self, entry: FromClause) -> ColumnElement[bool]:
        """Whether the request fits but for what its place tells."""
        other = audit_entries.alias()
        placing, told = self.placing_mark, self.told_marks
        return and_(
            self._has_constants(entry),
            *(
                _is_told(
                    other, entry, mark.is_on(other), *(self._in_time(other) if mark in told else [])
                )
                for mark in self.marks
                if mark != placing
            ),
        )

    def _has_constants(self, entry: FromClause) -> ColumnElement[bool]:
        equal = (entry.c[name] == value for name, value in self.constants.items())
        return and_(entry.c.chain_id == self.chain_id, *equal)

    def _can_place(self, entry: FromClause) -> ColumnElement[bool]:
        mark = self.placing_mark
        return and_(mark.is_on(entry) if mark else is_story(entry), *self._in_time(entry))

    def _in_time(self, entry: FromClause) -> Iterator[ColumnElement[bool]]:
        yield entry.c.seq.between(self.first, self.last)
        yield from self._times(entry)

    def _times(self, entry: FromClause) -> Iterator[ColumnElement[bool]]:
        if self.query.since:
            yield entry.c.recorded_at >= self.query.since
        if self.query.until:
            yield entry.c.recorded_at < self.query.until


def _is_told(
    other: FromClause, entry: FromClause, *conditions: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Whether an *other* entry of the entry's request meets the conditions."""
    return there_is(is_same_request(other, entry), *conditions)
