"""The checkpoints in the database: each once, and the farthest is found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.database.checkpoints import SqlCheckpointStore
from bot.database.engine import Database, open_database
from bot.domain.audit import MAIN_CHAIN, Head
from bot.domain.errors import LogUnavailableError
from tests.evidence.making import Notary

TEN, TWENTY = Head(10, "a" * 64), Head(20, "b" * 64)


@pytest.fixture
def store(database: Database) -> SqlCheckpointStore:
    return SqlCheckpointStore(database, chain_id=MAIN_CHAIN)


@pytest.fixture
async def other_replica(database_url: str) -> AsyncIterator[SqlCheckpointStore]:
    opened = open_database(database_url)
    yield SqlCheckpointStore(opened, chain_id=MAIN_CHAIN)
    await opened.close()


async def test_what_was_kept_is_found_as_it_was(store: SqlCheckpointStore) -> None:
    notary = Notary()
    kept = [notary.sign(TEN), notary.sign(TWENTY)]
    assert await store.newest() is None

    assert [await store.add(one) for one in kept] == [True, True]

    assert await store.newest() == kept[1]
    assert await store.all() == kept


async def test_of_one_entry_and_of_earlier_ones_no_second_is_kept(
    store: SqlCheckpointStore,
) -> None:
    notary = Notary()
    first = notary.sign(TWENTY)
    await store.add(first)

    assert not await store.add(notary.sign(TWENTY))
    assert not await store.add(notary.sign(TEN))
    assert await store.all() == [first]


async def test_a_succession_stands_beside_the_checkpoint_of_its_entry(
    store: SqlCheckpointStore,
) -> None:
    notary, successor = Notary(), Notary()
    await store.add(notary.sign(TEN))

    succession = notary.sign(TEN, next_key=successor.key)
    assert await store.add(succession)
    assert not await store.add(notary.sign(TEN, next_key=successor.key))

    assert await store.succession_to(successor.key) == succession
    assert await store.succession_to(notary.key) is None


async def test_of_replicas_that_write_at_once_one_does(
    store: SqlCheckpointStore, other_replica: SqlCheckpointStore
) -> None:
    notary = Notary()

    added = await asyncio.gather(*(one.add(notary.sign(TEN)) for one in (store, other_replica) * 5))

    assert sorted(added) == [False] * 9 + [True]
    assert len(await store.all()) == 1


async def test_of_replicas_that_saw_the_same_newest_one_only_one_writes_the_next(
    store: SqlCheckpointStore, other_replica: SqlCheckpointStore
) -> None:
    """Also where the log grew between them, so that each has signed another entry."""
    notary = Notary()
    await store.add(notary.sign(TEN), known_seq=0)
    farther = [notary.sign(Head(11 + more, "c" * 64)) for more in range(10)]

    added = await asyncio.gather(
        *(
            replica.add(one, known_seq=10)
            for replica, one in zip((store, other_replica) * 5, farther, strict=True)
        )
    )

    assert sorted(added) == [False] * 9 + [True]
    assert len(await store.all()) == 2


async def test_another_chain_has_its_own(database: Database, store: SqlCheckpointStore) -> None:
    other = SqlCheckpointStore(database, chain_id="other")
    await other.add(replace(Notary().sign(TEN), chain_id="other"))

    assert await store.newest() is None


async def test_a_database_that_is_gone_is_the_logs_fault() -> None:
    database = open_database("sqlite:////nowhere/at/all.db")
    store = SqlCheckpointStore(database, chain_id=MAIN_CHAIN)

    with pytest.raises(LogUnavailableError):
        await store.newest()
    with pytest.raises(LogUnavailableError):
        await store.add(Notary().sign(TEN))
    await database.close()
