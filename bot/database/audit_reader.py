"""The reading side of the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

from bot.database.audit_conditions import Terms
from bot.database.audit_pages import read_page
from bot.database.audit_people import read_people
from bot.database.audit_queries import read_chunk, read_matching
from bot.database.audit_runs import News, Run, begin_export, read_export, read_news, read_outside
from bot.database.audit_stories import SealedEntry, ToldEntry
from bot.database.audit_verify import read_link_head, verify_chain, verify_end
from bot.database.engine import ThreadedEngine
from bot.database.faults import as_log_unavailable
from bot.database.queries import (
    read_freeze,
    read_head,
    read_last_changes,
    read_last_of_surfaces,
)
from bot.database.retention import read_old_values
from bot.domain.audit import Head, Surface
from bot.domain.audit_chain import Verdict
from bot.domain.audit_log import AuditPage, AuditQuery
from bot.domain.changes import Freeze, LastChanges
from bot.domain.errors import LogUnavailableError
from bot.domain.people import Actor
from bot.domain.retention import OldValues

P = ParamSpec("P")
T = TypeVar("T")

EVERY_ENTRY = AuditQuery()
ANSWER_TIMEOUT_S = 2.0


class SqlAuditReader:
    """Reads one chain. Every method raises LogUnavailableError where the database does not answer.

    Each answer is one look at the database: what is appended meanwhile is seen by the next.
    """

    def __init__(self, engine: ThreadedEngine, *, chain_id: str) -> None:
        self._engine = engine
        self._chain_id = chain_id

    async def page(self, query: AuditQuery) -> AuditPage:
        """Requests that fit, newest first."""
        return await self._ask(read_page, self._chain_id, query)

    async def entries(self, *, after_seq: int = 0) -> AsyncIterator[SealedEntry]:
        """Every entry, in the order of the chain, in constant memory."""
        while chunk := await self._ask(read_chunk, self._chain_id, after_seq):
            for sealed in chunk:
                yield sealed
            after_seq = chunk[-1][0].seq

    async def told_entries(
        self, fitting: AuditQuery, *, before_seq: int | None = None
    ) -> AsyncIterator[ToldEntry]:
        """Every entry of the requests that fit, as the log is now, in the order of the chain.

        Each comes with what its whole request tells, such as the actor's name. Of *fitting* only
        the filters count, not its limit and page. With *before_seq* it is as if the log ended
        there: what came later is neither shown nor told.
        """
        terms = await self._terms(fitting, before_seq)
        if terms is None:
            return
        outside = [told async for told in self._run(read_outside, terms)] if terms.has_time else []
        outside.sort(key=lambda told: told.entry.seq)
        for told in outside:
            if told.entry.seq < terms.first:
                yield told
        async for told in self._run(read_export, terms):
            yield told
        for told in outside:
            if told.entry.seq > terms.last:
                yield told

    async def _terms(self, fitting: AuditQuery, before_seq: int | None) -> Terms | None:
        """What an export goes by; None where it has no entries."""
        terms = await self._ask(begin_export, self._chain_id, fitting)
        if terms is not None and before_seq is not None:
            last = before_seq - 1
            terms = replace(terms, last=min(terms.last, last), known=min(terms.known, last))
        return terms if terms is not None and terms.first <= terms.last else None

    async def _run(
        self, read: Callable[[Connection, Terms, int], Run], terms: Terms
    ) -> AsyncIterator[ToldEntry]:
        run = Run((), terms.first - 1, is_last=False)
        while not run.is_last:
            run = await self._ask(read, terms, run.reached)
            for told in run.told:
                yield told

    async def news(self, *, after: Head, fitting: AuditQuery = EVERY_ENTRY) -> News:
        """The next entries that fit as they came; go on after what they have reached.

        The outcome is the entry's own; numbers and words are those that its request had told by
        then. Of *fitting* neither the limit, the page nor the end of the time counts.
        """
        return await self._ask(read_news, self._chain_id, fitting, after)

    async def people(self) -> Sequence[Actor]:
        """Everybody who ever acted, by the name that the log heard last, if any is left."""
        return await self._ask(read_people, self._chain_id)

    async def matching(self, reference: str) -> Sequence[SealedEntry]:
        """The entries whose number, request id or call SID is *reference*."""
        return await self._ask(read_matching, self._chain_id, reference)

    async def verify(self) -> Verdict:
        """Whether every entry is as it was recorded."""
        return await self._ask(verify_chain, self._chain_id)

    async def verify_end(self, *, entries: int) -> Verdict:
        """The same of the last *entries*; that the one before them is right is taken as given."""
        return await self._ask(verify_end, self._chain_id, entries=entries)

    async def head(self) -> Head:
        """The end of the chain as kept beside it."""
        return await self._ask(read_head, self._chain_id)

    async def head_at(self, seq: int) -> Head | None:
        """The entry's number and hash; None where there is no such entry."""
        return await self._ask(read_link_head, self._chain_id, seq)

    async def is_answering(self) -> bool:
        """Whether the database answers now, within ANSWER_TIMEOUT_S."""
        try:
            with as_log_unavailable():
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    await self.head()
        except LogUnavailableError:
            return False
        return True

    async def last_changes(self, account_sid: str, call_sids: Sequence[str]) -> LastChanges:
        """The newest change of each of the calls that has any, by the call's SID."""
        return await self._ask(read_last_changes, account_sid, call_sids)

    async def last_of_surfaces(self, *, after_seq: int) -> Mapping[Surface, datetime]:
        """When the newest entry of each surface that comes after *after_seq* was recorded."""
        return await self._ask(read_last_of_surfaces, self._chain_id, after_seq=after_seq)

    async def current_freeze(self) -> Freeze | None:
        """The freeze in force."""
        return await self._ask(read_freeze, self._chain_id)

    async def old_values(self, *, older_than: datetime, after_seq: int, limit: int) -> OldValues:
        """The first run of entries after *after_seq* whose personal values may be deleted."""
        return await self._ask(
            read_old_values,
            self._chain_id,
            older_than=older_than,
            after_seq=after_seq,
            limit=limit,
        )

    async def _ask(
        self, question: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        def answer() -> T:
            with as_log_unavailable(), self._engine.engine.connect() as connection:
                return question(connection, *args, **kwargs)

        return await self._engine.run(answer)
