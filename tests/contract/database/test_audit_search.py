"""Searching the log: every filter alone and with others, in looks however small."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.database import audit_pages, audit_runs, audit_search, engine
from bot.database.audit_reader import SqlAuditReader
from bot.database.engine import Database
from bot.database.ledger import SqlLedger
from bot.domain.audit import MAIN_CHAIN, Action, AuditEntry, EntryDraft, Event
from bot.domain.audit_log import AuditQuery
from bot.domain.people import Actor
from tests.contract.database.drafts import CALL, OTHER_CALL, append, draft

BEGINNING = datetime(2026, 1, 31, 12, tzinfo=UTC)
STEP = timedelta(hours=1)
PEOPLE = ("U0ANA", "U0BEN", "U0CLEO")
CALLERS = ("+442079460000", "+442079460001", "+14155550123", "sip:" + "x" * 40 + "@a.example")
REASONS = ("", "Card fraud, second attempt", "spam", "100% sure: fraud_ring")
LONG = "sip:" + "x" * 40


class Clock:
    """Tells the time of each entry in turn, an hour apart."""

    def __init__(self) -> None:
        self._ticks = iter(range(10_000))

    def __call__(self) -> datetime:
        return BEGINNING + STEP * next(self._ticks)


@pytest.fixture
async def ledger(database: Database) -> Any:
    """The writing side, whose entries are an hour apart."""
    writing = SqlLedger(database.writer, chain_id=MAIN_CHAIN, clock=Clock())
    yield writing
    await writing.close()


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers that may think for as long as a busy machine makes them, between two statements."""
    unbounded = "SET idle_in_transaction_session_timeout = 0"
    settings = (*engine._POSTGRES_READER_SETTINGS, unbounded)
    monkeypatch.setattr(engine, "_POSTGRES_READER_SETTINGS", settings)


@pytest.fixture
def small_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks so small that every search needs many of them."""
    monkeypatch.setattr(audit_pages, "LOOKS", (2, 3, 5))
    monkeypatch.setattr(audit_pages, "LOOKS_FOR_WORDS", (1, 4))
    monkeypatch.setattr(audit_runs, "ENTRIES_AT_ONCE", 3)
    monkeypatch.setattr(audit_search, "RARE", 3)
    monkeypatch.setattr(audit_search, "GATHERED_AT_MOST", 4)
    monkeypatch.setattr(audit_search, "OUT_OF_ORDER", 1)


def a_busy_week(seed: int) -> list[EntryDraft]:
    """The entries of some forty requests, of which many are under way at the same time."""
    chance = random.Random(seed)  # noqa: S311 - only has to be the same each time
    stories = [list(_story(chance, number)) for number in range(40)]
    waiting, entries = stories[:], []
    while waiting:
        story = waiting[min(int(chance.expovariate(0.5)), len(waiting) - 1)]
        entries.append(story.pop(0))
        waiting = [one for one in waiting if one]
    return entries


def _story(chance: random.Random, number: int) -> Iterator[EntryDraft]:
    shared: dict[str, Any] = {
        "request_id": f"r{number}",
        "actor": Actor("T1", chance.choice(PEOPLE)),
        "action": chance.choice([Action.HANG_UP, Action.REDIRECT]),
        "channel_id": chance.choice(["C1", "C2"]),
        "call_sid": chance.choice([CALL, OTHER_CALL]),
    }
    numbers = {"from": chance.choice(CALLERS), "to": chance.choice(CALLERS)}
    told = numbers | {"reason": chance.choice(REASONS)}
    if chance.random() < 0.2:
        yield draft(event=Event.DENIED, personal=told, **shared)
        return
    yield draft(personal=told if chance.random() < 0.7 else {"reason": told["reason"]}, **shared)
    if chance.random() < 0.2:
        return
    outcome = chance.choice([Event.SUCCEEDED, Event.SUCCEEDED, Event.FAILED, Event.UNKNOWN])
    yield draft(event=outcome, personal=numbers if chance.random() < 0.7 else {}, **shared)
    if chance.random() < 0.3:
        yield draft(event=Event.NOTED, personal=numbers, details={"note": "more"}, **shared)


def some_queries(chance: random.Random, count: int) -> Iterator[AuditQuery]:
    """Queries with one filter up to four."""
    since = BEGINNING + STEP * chance.randrange(60)
    choices: dict[str, Sequence[Any]] = {
        "by_user_id": [*PEOPLE, "U0NOBODY"],
        "call_sid": [CALL],
        "channel_id": ["C2"],
        "request_id": ["r7"],
        "action": [Action.REDIRECT],
        "outcome": [Event.SUCCEEDED, Event.FAILED, Event.UNKNOWN, Event.DENIED, Event.REQUESTED],
        "from_number": ["+44*", CALLERS[0], f"{LONG}*"],
        "to_number": ["+1*", CALLERS[2], CALLERS[3]],
        "number": ["+442079460001", "+4420*", "+99*"],
        "words": ["fraud", "CARD second", "100%", "fraud_", "zebra"],
        "since": [since],
        "until": [since + STEP * 25],
    }
    for _ in range(count):
        names = chance.sample(sorted(choices), chance.randint(1, 4))
        yield AuditQuery(limit=3, **{name: chance.choice(choices[name]) for name in names})


def fits(story: Sequence[tuple[AuditEntry, dict[str, str]]], query: AuditQuery) -> bool:
    """Whether the request fits: the rules once more, in plain words."""
    entries = [entry for entry, _told in story if entry.event != Event.NOTED]
    first = entries[0]
    constants = {
        "actor_user_id": query.by_user_id,
        "call_sid": query.call_sid,
        "channel_id": query.channel_id,
        "request_id": query.request_id,
        "action": query.action,
    }
    if any(value and getattr(first, name) != value for name, value in constants.items()):
        return False
    if query.outcome and entries[-1].event != query.outcome:
        return False
    in_time = [
        (entry, values)
        for entry, values in story
        if (not query.since or entry.recorded_at >= query.since)
        and (not query.until or entry.recorded_at < query.until)
    ]
    told: dict[str, set[str]] = {}
    for _entry, values in in_time:
        for name, value in values.items():
            told.setdefault(name, set()).add(value)
    numbers = [
        (query.from_number, told.get("from", set())),
        (query.to_number, told.get("to", set())),
        (query.number, told.get("from", set()) | told.get("to", set())),
    ]
    if any(pattern and not has_number(pattern, known) for pattern, known in numbers):
        return False
    reasons = " ".join(told.get("reason", ())).lower()
    if not all(word in reasons for word in query.words.lower().split()):
        return False
    is_by_value = bool(query.names_a_number or query.words)
    return any(is_by_value or entry.event != Event.NOTED for entry, _values in in_time)


def has_number(pattern: str, known: set[str]) -> bool:
    start = pattern.removesuffix("*")
    return start in known if start == pattern else any(one.startswith(start) for one in known)


async def all_pages(reader: SqlAuditReader, query: AuditQuery) -> list[str]:
    """The requests of all pages of the query, page by page."""
    found: list[str] = []
    before_seq = None
    while True:
        page = await reader.page(replace(query, before_seq=before_seq))
        assert len(page.rows) <= query.limit
        assert (page.looked_back_to is None) == (
            page.next_before_seq is None or len(page.rows) == query.limit
        )
        found += [row.entry.request_id for row in page.rows]
        if page.next_before_seq is None:
            return found
        assert before_seq is None or page.next_before_seq < before_seq
        before_seq = page.next_before_seq


@pytest.mark.timeout(360)  # it makes more statements than any other test, and took 92 s once
@pytest.mark.usefixtures("small_looks")
@pytest.mark.parametrize("seed", range(2))
async def test_small_looks_find_the_requests_that_fit_and_no_others(
    ledger: SqlLedger, reader: SqlAuditReader, seed: int
) -> None:
    """However the filters are combined, on pages and in exports."""
    await assert_finds_what_fits(ledger, reader, seed=seed, queries=25)


async def test_looks_of_usual_size_find_the_same(ledger: SqlLedger, reader: SqlAuditReader) -> None:
    await assert_finds_what_fits(ledger, reader, seed=2, queries=15)


async def assert_finds_what_fits(
    ledger: SqlLedger, reader: SqlAuditReader, *, seed: int, queries: int
) -> None:
    """Pages and exports hold what the rules in plain words let through."""
    await append(ledger, *a_busy_week(seed))
    stories: dict[str, list[tuple[AuditEntry, dict[str, str]]]] = {}
    async for entry, personal in reader.entries():
        told = {value.field: value.value for value in personal}
        stories.setdefault(entry.request_id, []).append((entry, told))

    for query in some_queries(random.Random(seed), queries):  # noqa: S311 - as above
        expected = {name for name, story in stories.items() if fits(story, query)}

        paged = await all_pages(reader, query)
        exported = [told.entry async for told in reader.told_entries(query)]

        assert sorted(paged) == sorted(expected), query
        whole = sorted(entry.seq for name in expected for entry, _told in stories[name])
        assert [entry.seq for entry in exported] == whole, query
