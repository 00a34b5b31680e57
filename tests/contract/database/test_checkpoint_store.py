"""The checkpoints in the database: each once, and the farthest is found."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise

import pytest
from sqlalchemy import Connection, event

from bot.database.checkpoints import SqlCheckpointStore
from bot.database.engine import Database, open_database
from bot.domain.audit import MAIN_CHAIN, Head
from bot.domain.errors import LogUnavailableError
from tests.evidence.making import Notary

TEN, TWENTY, THIRTY = Head(10, "a" * 64), Head(20, "b" * 64), Head(30, "c" * 64)


@pytest.fixture
def store(database: Database) -> SqlCheckpointStore:
    return SqlCheckpointStore(database, chain_id=MAIN_CHAIN)


@pytest.fixture
async def other_database(database_url: str) -> AsyncIterator[Database]:
    opened = open_database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def other_replica(other_database: Database) -> SqlCheckpointStore:
    return SqlCheckpointStore(other_database, chain_id=MAIN_CHAIN)


async def test_what_was_kept_is_found_as_it_was(store: SqlCheckpointStore) -> None:
    notary = Notary()
    kept = [notary.sign(TEN), notary.sign(TWENTY)]
    assert await store.newest() is None

    assert await store.add(kept[0], after=None)
    assert await store.add(kept[1], after=kept[0])

    assert await store.newest() == kept[1]
    assert await store.all() == kept


async def test_of_one_entry_and_of_earlier_ones_no_second_is_kept(
    store: SqlCheckpointStore,
) -> None:
    notary = Notary()
    first = notary.sign(TWENTY)
    await store.add(first, after=None)

    assert not await store.add(notary.sign(TWENTY), after=first)
    assert not await store.add(notary.sign(TEN), after=first)
    assert not await store.add(notary.sign(THIRTY), after=None)
    assert await store.all() == [first]


async def test_a_succession_stands_beside_the_checkpoint_of_its_entry(
    store: SqlCheckpointStore,
) -> None:
    """What was to come after that checkpoint then comes too late: it would not count."""
    notary, successor = Notary(), Notary()
    first = notary.sign(TEN)
    await store.add(first, after=None)

    succession = notary.sign(TEN, next_key=successor.key)
    assert await store.add(succession, after=first)
    assert not await store.add(notary.sign(TWENTY), after=first)
    assert not await store.add(notary.sign(TEN, next_key=successor.key), after=first)

    assert await store.newest() == succession
    assert await store.successions() == [succession]
    assert await store.add(successor.sign(TWENTY), after=succession)


async def test_of_successions_at_one_entry_the_last_is_the_newest(
    store: SqlCheckpointStore,
) -> None:
    notaries = [Notary(minutes=10 * place) for place in range(6)]
    newest = None
    for old, new in pairwise(notaries):
        succession = old.sign(TEN, next_key=new.key)
        assert await store.add(succession, after=newest)
        assert not await store.add(old.sign(TWENTY), after=newest)
        assert await store.newest() == succession
        newest = succession

    assert await store.add(notaries[-1].sign(TWENTY), after=newest)


async def test_of_replicas_that_write_at_once_one_does(
    store: SqlCheckpointStore, other_replica: SqlCheckpointStore
) -> None:
    notary = Notary()

    added = await asyncio.gather(
        *(one.add(notary.sign(TEN), after=None) for one in (store, other_replica) * 5)
    )

    assert sorted(added) == [False] * 9 + [True]
    assert len(await store.all()) == 1


async def test_of_replicas_that_saw_the_same_newest_one_only_one_writes_the_next(
    store: SqlCheckpointStore, other_replica: SqlCheckpointStore
) -> None:
    """Also where the log grew between them, so that each has signed another entry."""
    notary = Notary()
    first = notary.sign(TEN)
    await store.add(first, after=None)
    farther = [notary.sign(Head(11 + more, "c" * 64)) for more in range(10)]

    added = await asyncio.gather(
        *(
            replica.add(one, after=first)
            for replica, one in zip((store, other_replica) * 5, farther, strict=True)
        )
    )

    assert sorted(added) == [False] * 9 + [True]
    assert len(await store.all()) == 2


async def test_who_comes_while_another_is_about_to_commit_waits_for_that(
    store: SqlCheckpointStore, other_replica: SqlCheckpointStore, other_database: Database
) -> None:
    """And then does not write, though both saw the same newest one and signed another entry."""
    notary, is_committing, may_commit = Notary(), threading.Event(), threading.Event()
    first = notary.sign(TEN)
    await store.add(first, after=None)

    def hold(_connection: Connection) -> None:
        is_committing.set()
        may_commit.wait(timeout=10)

    event.listen(other_database.writer.engine, "commit", hold)
    winning = asyncio.create_task(other_replica.add(notary.sign(TWENTY), after=first))
    await asyncio.to_thread(is_committing.wait, 10)
    losing = asyncio.create_task(store.add(notary.sign(THIRTY), after=first))
    done, _ = await asyncio.wait([losing], timeout=0.3)
    may_commit.set()

    assert not done
    assert (await winning, await losing) == (True, False)


async def test_another_chain_has_its_own(database: Database, store: SqlCheckpointStore) -> None:
    other = SqlCheckpointStore(database, chain_id="other")
    await other.add(replace(Notary().sign(TEN), chain_id="other"), after=None)

    assert await store.newest() is None


async def test_a_database_that_is_gone_is_the_logs_fault() -> None:
    database = open_database("sqlite:////nowhere/at/all.db")
    store = SqlCheckpointStore(database, chain_id=MAIN_CHAIN)

    with pytest.raises(LogUnavailableError):
        await store.newest()
    with pytest.raises(LogUnavailableError):
        await store.add(Notary().sign(TEN), after=None)
    await database.close()
