"""Replicas note where they have shown which checkpoint, so that each comes once to each witness."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from bot.application.noted_witness import NotedWitness
from bot.application.ports import Turn
from bot.database.checkpoint_showings import LEASE, SqlCheckpointShowings
from bot.database.engine import Database, open_database
from bot.domain.audit import MAIN_CHAIN, Head
from bot.domain.checkpoints import Checkpoint
from bot.domain.errors import LogUnavailableError, WitnessUnavailableError
from tests.evidence.making import NOON, Notary
from tests.fixtures_database import administration

TEN, TWENTY = Head(10, "a" * 64), Head(20, "b" * 64)
CHANNEL, SHOWINGS = "channel", "checkpoint_showings"


@dataclass(slots=True)
class Channel:
    """A place that takes everything, or says why not."""

    name: str = CHANNEL
    posted: list[Checkpoint] = field(default_factory=list)
    fault: str = ""
    is_silent: bool = False
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    async def post(self, checkpoint: Checkpoint) -> None:
        if self.fault:
            raise WitnessUnavailableError(self.fault)
        self.reached.set()
        if self.is_silent:
            await self.answers.wait()
        self.posted.append(checkpoint)

    def answer(self) -> None:
        """Be silent no more."""
        self.is_silent = False
        self.answers.set()


@dataclass(slots=True)
class Replicas:
    """Processes on one database, whose time stands still until a test moves it."""

    database_url: str
    channel: Channel = field(default_factory=Channel)
    now: datetime = NOON
    opened: list[Database] = field(default_factory=list)

    def showings(self) -> SqlCheckpointShowings:
        """What one more of them notes."""
        database = open_database(self.database_url)
        self.opened.append(database)
        return SqlCheckpointShowings(
            database,
            chain_id=MAIN_CHAIN,
            holder=f"replica {len(self.opened)}",
            clock=lambda: self.now,
        )

    def witness(self) -> NotedWitness:
        """The channel, as one more of them sees it."""
        return NotedWitness(self.channel, self.showings())


@pytest.fixture
async def replicas(database_url: str) -> AsyncIterator[Replicas]:
    here = Replicas(database_url)
    yield here
    for database in here.opened:
        await database.close()


@pytest.fixture
def signed() -> list[Checkpoint]:
    notary = Notary()
    return [notary.sign(TEN), notary.sign(TWENTY)]


async def test_each_is_posted_once_whoever_comes_and_however_often(
    replicas: Replicas, signed: list[Checkpoint]
) -> None:
    for witness in (replicas.witness(), replicas.witness()):
        for _ in range(2):
            assert await witness.show(signed)

    assert replicas.channel.posted == signed


async def test_replicas_that_come_at_once_post_each_once_and_in_order(
    replicas: Replicas, signed: list[Checkpoint]
) -> None:
    witnesses = [replicas.witness() for _ in range(4)]
    replicas.channel.is_silent = True
    showing = [asyncio.create_task(witness.show(signed)) for witness in witnesses]

    finished = asyncio.as_completed(showing)
    refused = [await next(finished) for _ in range(3)]
    replicas.channel.answer()

    assert (refused, await next(finished)) == ([False] * 3, True)
    assert replicas.channel.posted == signed


async def test_what_is_posted_elsewhere_is_another_matter(
    replicas: Replicas, signed: list[Checkpoint]
) -> None:
    await replicas.witness().show(signed)
    replicas.channel = Channel(name="another channel")

    await replicas.witness().show(signed)

    assert replicas.channel.posted == signed


async def test_whoever_fails_lets_others_try_at_once(
    replicas: Replicas, signed: list[Checkpoint]
) -> None:
    replicas.channel.fault = "not_in_channel"
    with pytest.raises(WitnessUnavailableError, match="not_in_channel"):
        await replicas.witness().show(signed)
    replicas.channel.fault = ""

    assert await replicas.witness().show(signed)

    assert replicas.channel.posted == signed


async def test_who_is_cut_off_while_it_waits_lets_others_try_at_once(
    replicas: Replicas, signed: list[Checkpoint]
) -> None:
    replicas.channel.is_silent = True
    showing = asyncio.create_task(replicas.witness().show(signed))
    await replicas.channel.reached.wait()
    showing.cancel()
    await asyncio.wait([showing])
    replicas.channel.answer()

    assert await replicas.witness().show(signed)

    assert replicas.channel.posted == signed


async def test_the_turn_of_one_that_was_killed_runs_out(
    replicas: Replicas, signed: list[Checkpoint]
) -> None:
    """It may have posted it: then the channel has it twice, which is better than never."""
    lost = replicas.showings()
    assert await lost.take(CHANNEL, signed[0]) is Turn.OURS
    await replicas.channel.post(signed[0])
    witness = replicas.witness()

    assert not await witness.show(signed)
    replicas.now += LEASE
    assert await witness.show(signed)

    assert replicas.channel.posted == [signed[0], *signed]
    assert await lost.take(CHANNEL, signed[0]) is Turn.OVER


async def test_who_has_the_turn_can_take_it_again(
    replicas: Replicas, signed: list[Checkpoint]
) -> None:
    """As one does that was cut off before it heard that it has it."""
    showings = replicas.showings()

    turns = [await showings.take(CHANNEL, signed[0]) for _ in range(2)]

    assert turns == [Turn.OURS, Turn.OURS]


async def test_a_turn_that_a_wrong_clock_gave_is_taken_over(
    replicas: Replicas, signed: list[Checkpoint]
) -> None:
    replicas.now += timedelta(days=365)
    await replicas.showings().take(CHANNEL, signed[0])
    replicas.now -= timedelta(days=365)

    assert await replicas.witness().show(signed)


async def test_who_comes_back_late_gives_nobody_elses_turn_away(
    replicas: Replicas, signed: list[Checkpoint]
) -> None:
    late, punctual, third = (replicas.showings() for _ in range(3))
    await late.take(CHANNEL, signed[0])
    replicas.now += LEASE
    await punctual.take(CHANNEL, signed[0])

    await late.give_back(CHANNEL, signed[0])

    assert await third.take(CHANNEL, signed[0]) is Turn.OTHERS


async def test_what_was_posted_before_the_database_failed_is_not_posted_again(
    replicas: Replicas, signed: list[Checkpoint]
) -> None:
    """The process that posted it remembers it, and notes it when the database is back."""
    witness, other = replicas.witness(), replicas.witness()
    replicas.channel.is_silent = True
    showing = asyncio.create_task(witness.show(signed))
    await replicas.channel.reached.wait()
    with administration(replicas.database_url) as connection:
        connection.exec_driver_sql(f"ALTER TABLE {SHOWINGS} RENAME TO away")
        replicas.channel.answer()
        with pytest.raises(LogUnavailableError):
            await showing
        connection.exec_driver_sql(f"ALTER TABLE away RENAME TO {SHOWINGS}")

    assert await witness.show(signed)
    assert await other.show(signed)

    assert replicas.channel.posted == signed


async def test_without_the_right_to_note_it_nothing_is_posted(
    replicas: Replicas, signed: list[Checkpoint]
) -> None:
    witness = replicas.witness()
    with administration(replicas.database_url) as connection:
        connection.exec_driver_sql(f"DROP TABLE {SHOWINGS}")

    with pytest.raises(LogUnavailableError):
        await witness.show(signed)

    assert replicas.channel.posted == []
