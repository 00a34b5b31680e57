"""Runs of entries in the order of the chain: for an export, and as they come in.

Each call does a bounded amount of work, so that an export of any length holds nothing up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, FromClause, and_, or_

from bot.database.audit_conditions import Terms, is_same_request, there_is
from bot.database.audit_search import Look, Search, terms_of
from bot.database.audit_stories import ToldEntry, read_stories
from bot.database.audit_verify import read_link_head, read_redactions
from bot.database.queries import read_head
from bot.database.tables import audit_entries
from bot.domain.audit import EMPTY_HEAD, AuditEntry, Head
from bot.domain.audit_log import AuditQuery
from bot.domain.errors import RedactedMeanwhileError
from bot.domain.redactions import Redactions

ENTRIES_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Run:
    """The entries that fit of those up to *reached*; there may be more after it."""

    told: Sequence[ToldEntry]
    reached: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class News:
    """The same of entries as they come in.

    There are none where the entry to go on after is not in the log, or has another hash.
    """

    told: Sequence[ToldEntry]
    reached: Head
    is_last: bool
    is_of_other_log: bool = False


def begin_export(connection: Connection, chain_id: str, query: AuditQuery) -> Terms | None:
    """What an export goes through: the log as it is now; None where its time has no entries."""
    return terms_of(connection, chain_id, query)


def read_export(connection: Connection, terms: Terms, after_seq: int) -> Run:
    """The next entries of requests that fit, each with all that its request tells.

    Raises:
        RedactedMeanwhileError: values that were not read yet are gone since the export began.
    """
    _refuse_redacted(connection, terms, [(after_seq + 1, terms.last)])
    search = Search(connection, terms, terms.is_of_request, mark=None, newest_first=False)
    search.use_all_streams()
    look = _look(search, terms, after_seq)
    told = _told(connection, terms, look.entries, up_to=terms.known)
    return _run(terms, look, told)


def read_outside(connection: Connection, terms: Terms, after_seq: int) -> Run:
    """Of the requests that fit and have entries here: those that lie outside the terms' part.

    A request fits whose entries began before the query's time, or went on after it; it is exported
    whole.

    Raises:
        RedactedMeanwhileError: values of these entries are gone since the export began.
    """
    other = audit_entries.alias()
    is_outside = or_(
        other.c.seq < terms.first, and_(other.c.seq > terms.last, other.c.seq <= terms.known)
    )

    def goes_outside(entry: FromClause) -> ColumnElement[bool]:
        has_other = there_is(is_same_request(other, entry), is_outside)
        return and_(terms.is_of_request(entry), has_other)

    search = Search(connection, terms, goes_outside, mark=None, newest_first=False)
    search.use_all_streams()
    look = _look(search, terms, after_seq)
    stories = read_stories(connection, terms.chain_id, [entry.request_id for entry in look.entries])
    told = [
        ToldEntry(entry, personal, story.told(up_to=terms.known))
        for story in stories.values()
        for entry, personal in story.sealed
        if entry.seq < terms.first or terms.last < entry.seq <= terms.known
    ]
    _refuse_redacted(connection, terms, [(one.entry.seq, one.entry.seq) for one in told])
    return _run(terms, look, told)


def read_news(connection: Connection, chain_id: str, query: AuditQuery, after: Head) -> News:
    """The next entries that fit as they came, each with what its request had told by then.

    It goes as far as the head. Who may insert can put an entry far beyond that, after which nothing
    that comes would be new.
    """
    if after != EMPTY_HEAD and read_link_head(connection, chain_id, after.seq) != after:
        return News((), after, is_last=True, is_of_other_log=True)
    end = read_head(connection, chain_id).seq
    terms = terms_of(connection, chain_id, query)
    if terms is None or end <= after.seq:
        return News((), after, is_last=True)
    terms = replace(terms, last=min(terms.last, end), known=min(terms.known, end))
    search = Search(connection, terms, terms.is_told_by, mark=None, newest_first=False)
    look = _look(search, terms, after.seq)
    told = _told(connection, terms, look.entries, up_to=None)
    run = _run(terms, look, told)
    reached = read_link_head(connection, chain_id, run.reached)
    return News(told, reached or after, is_last=run.is_last)


def _refuse_redacted(connection: Connection, terms: Terms, runs: Sequence[tuple[int, int]]) -> None:
    """Return if nothing of these was redacted by an entry that the export ends before."""
    since = Redactions(read_redactions(connection, terms.chain_id, after_seq=terms.known))
    if any(since.touch(*run) for run in runs):
        raise RedactedMeanwhileError


def _look(search: Search, terms: Terms, after_seq: int) -> Look:
    low = max(terms.first, after_seq + 1)
    return search.look(low, terms.last, among=ENTRIES_AT_ONCE, at_most=ENTRIES_AT_ONCE)


def _run(terms: Terms, look: Look, told: Sequence[ToldEntry]) -> Run:
    if look.reached is None:
        return Run(told, terms.last, is_last=True)
    return Run(told, look.reached, is_last=False)


def _told(
    connection: Connection, terms: Terms, entries: Sequence[AuditEntry], *, up_to: int | None
) -> list[ToldEntry]:
    """The entries with what their requests tell: up to that entry, or up to each itself."""
    stories = read_stories(connection, terms.chain_id, [entry.request_id for entry in entries])
    wanted = {entry.seq for entry in entries}
    told = [
        ToldEntry(entry, personal, story.told(up_to=entry.seq if up_to is None else up_to))
        for story in stories.values()
        for entry, personal in story.sealed
        if entry.seq in wanted
    ]
    return sorted(told, key=lambda one: one.entry.seq)
