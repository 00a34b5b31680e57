"""Pages of the log: requests that fit a query, newest first, with a bounded amount of work each."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from bot.database.audit_search import Search, terms_of
from bot.database.audit_stories import Story, read_stories
from bot.database.tables import audit_entries
from bot.domain.audit import AuditEntry
from bot.domain.audit_log import AuditPage, AuditQuery

# How many entries the looks of a page go through at most; with several filters that need a lookup
# for each entry, so many times fewer. Most pages are full after the first look; all together are
# done within 50 ms where nothing fits. To look for words may take longer.
LOOKS = (200, 600, 700)
LOOKS_FOR_WORDS = (200, 3000, 20_000, 60_000)


def read_page(connection: Connection, chain_id: str, query: AuditQuery) -> AuditPage:
    """The requests that fit, each by its newest entry that is not only a note; newest first."""
    terms = terms_of(connection, chain_id, query)
    if terms is None:
        return AuditPage(rows=(), next_before_seq=None)
    search = Search(connection, terms, terms.is_place, mark=terms.placing_mark, newest_first=True)
    places: list[AuditEntry] = []
    reached: int | None = min(query.before_seq or terms.last + 1, terms.last + 1)
    for among in LOOKS_FOR_WORDS if query.words else LOOKS:
        if reached is None or len(places) > query.limit:
            break
        wanted = query.limit + 1 - len(places)
        if places or reached <= terms.last:
            search.use_all_streams()
        most = max(1, among // max(1, len(terms.marks)))
        look = search.look(terms.first, reached - 1, among=most, at_most=wanted)
        places += look.entries
        reached = look.reached
    return _page(connection, chain_id, query.limit, places, reached)


def _page(
    connection: Connection,
    chain_id: str,
    limit: int,
    places: Sequence[AuditEntry],
    reached: int | None,
) -> AuditPage:
    """The page of the requests with these places, of which all back to *reached* were found."""
    shown = places[:limit]
    # SQLite keeps bytes in any column, and a request whose id was made such is found by none.
    alone = {entry.request_id: Story([(entry, ())]) for entry in shown}
    stories = alone | read_stories(connection, chain_id, [entry.request_id for entry in shown])
    rows = tuple(stories[entry.request_id].row() for entry in shown)
    if len(places) > limit:
        return AuditPage(rows=rows, next_before_seq=shown[-1].seq)
    if reached is None or len(places) == limit:
        return AuditPage(rows=rows, next_before_seq=reached)
    looked_back_to = connection.scalar(
        select(audit_entries.c.recorded_at).where(
            audit_entries.c.chain_id == chain_id, audit_entries.c.seq == reached
        )
    )
    return AuditPage(rows=rows, next_before_seq=reached, looked_back_to=looked_back_to)
