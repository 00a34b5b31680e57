"""When checkpoints are written, and that every witness comes to see them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from bot.application.checkpoints import Checkpointer, Rhythm, signed_checkpoint
from bot.domain.audit import EMPTY_HEAD, Head
from bot.domain.checkpoints import Checkpoint
from bot.domain.errors import LogUnavailableError, WitnessUnavailableError
from bot.evidence.keys import is_signed
from tests.evidence.making import NOON, Notary

CHANGED = (
    "the key that signs checkpoints was changed, and the old one did not name it: "
    "use hookflash audit key rotate"
)
LOST = (
    "the log has lost entries that it had, as where a standby took over without them: run "
    "hookflash audit verify with the checkpoints that the witnesses have"
)
REPLACED = (
    "the key that signs checkpoints here was replaced: this process writes no more of them until "
    "it is started again with the new key"
)


@dataclass(slots=True)
class Database:
    """A log of which only the end counts, and the checkpoints beside it."""

    end: Head = EMPTY_HEAD
    kept: list[Checkpoint] = field(default_factory=list)
    is_down: bool = False
    lost_from: int = 0

    def grow(self, entries: int) -> None:
        """So many more entries."""
        self.end = Head(self.end.seq + entries, f"{self.end.seq + entries:064x}")

    async def head(self) -> Head:
        if self.is_down:
            raise LogUnavailableError("down")
        await asyncio.sleep(0)  # others look meanwhile
        return self.end

    async def head_at(self, seq: int) -> Head | None:
        if seq == self.end.seq:
            return self.end
        hash_ = "c" * 64 if self.lost_from and seq >= self.lost_from else f"{seq:064x}"
        return Head(seq, hash_) if seq < self.end.seq else None

    async def newest(self) -> Checkpoint | None:
        if self.is_down:
            raise LogUnavailableError("down")
        return max(self.kept, key=_place, default=None)

    async def successions(self) -> Sequence[Checkpoint]:
        return [one for one in self.kept if one.next_public_key]

    async def add(self, checkpoint: Checkpoint, *, after: Checkpoint | None) -> bool:
        newest = await self.newest()
        if newest != after or (newest is not None and newest.seq >= checkpoint.seq):
            return False
        self.kept.append(checkpoint)
        return True


def _place(checkpoint: Checkpoint) -> tuple[int, bool, datetime]:
    return checkpoint.seq, bool(checkpoint.next_public_key), checkpoint.signed_at


@dataclass(slots=True, eq=False)
class Witness:
    """Somewhere outside, which may be out of order or not answer at all."""

    name: str = "witness"
    seen: list[Checkpoint] = field(default_factory=list)
    is_broken: bool = False
    is_silent: bool = False

    async def show(self, checkpoints: Sequence[Checkpoint]) -> bool:
        if self.is_silent:
            await asyncio.Event().wait()
        if self.is_broken:
            raise WitnessUnavailableError("no space left")
        self.seen += [one for one in checkpoints if one not in self.seen]
        return True


@dataclass(slots=True)
class Setting:
    """A replica of the bot at noon."""

    database: Database = field(default_factory=Database)
    witnesses: Sequence[Witness] = field(default_factory=lambda: (Witness(), Witness("other")))
    notary: Notary = field(default_factory=Notary)
    now: datetime = NOON
    replicas: int = 0

    def replica(self) -> Checkpointer:
        """One more, whose clock goes a millisecond after that of the one before."""
        self.replicas += 1
        late = timedelta(milliseconds=self.replicas)
        return Checkpointer(
            signer=self.notary.signer,
            is_signed=is_signed,
            head=self.database.head,
            head_at=self.database.head_at,
            store=self.database,
            witnesses=self.witnesses,
            held_outside=self.held_outside,
            clock=lambda: self.now + late,
            rhythm=Rhythm(witness_timeout_s=0.05, last_timeout_s=0.05),
        )

    async def held_outside(self) -> Sequence[Checkpoint]:
        """What the first witness can be asked for."""
        return self.witnesses[0].seen

    def rotate(self) -> Checkpoint:
        """The key names the next one, which signs from then on."""
        old, self.notary = self.notary, Notary()
        return self.keep(old, next_key=self.notary.key)

    def keep(self, notary: Notary, *, next_key: str = "") -> Checkpoint:
        """Somebody signs the end of the log, and shows it to nobody."""
        kept = signed_checkpoint(
            self.database.end, signer=notary.signer, clock=lambda: self.now, next_key=next_key
        )
        self.database.kept.append(kept)
        return kept

    def pass_time(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    @property
    def seqs(self) -> list[int]:
        """The entries that checkpoints were kept of."""
        return [one.seq for one in self.database.kept]

    def seen(self) -> list[list[int]]:
        """The entries that each witness saw a checkpoint of."""
        return [[one.seq for one in witness.seen] for witness in self.witnesses]


@pytest.fixture
def setting() -> Setting:
    return Setting()


async def test_the_first_entry_is_signed_at_once_and_an_empty_log_is_not(setting: Setting) -> None:
    replica = setting.replica()
    await replica.look()
    assert setting.seqs == []

    setting.database.grow(3)
    await replica.look()

    assert setting.seqs == [3]
    assert all(map(is_signed, setting.database.kept))
    assert setting.seen() == [[3], [3]]


async def test_after_that_it_is_every_hour_while_there_is_something_new(setting: Setting) -> None:
    replica = setting.replica()
    setting.database.grow(1)
    await replica.look()

    for minutes in (59, 1, 60, 60):
        setting.pass_time(minutes=minutes)
        await replica.look()
        if minutes == 59:
            setting.database.grow(1)

    assert setting.seqs == [1, 2]


async def test_many_entries_are_signed_sooner_but_not_each_second(setting: Setting) -> None:
    replica = setting.replica()
    setting.database.grow(1)
    await replica.look()

    for _second in range(120):
        setting.pass_time(seconds=1)
        setting.database.grow(1000)
        await replica.look()

    assert setting.seqs == [1, 60_001, 120_001]


async def test_replicas_write_one_between_them(setting: Setting) -> None:
    replicas = [setting.replica() for _ in range(3)]
    setting.database.grow(5)

    await asyncio.gather(*(replica.look() for replica in replicas))
    await asyncio.gather(*(replica.write_last() for replica in replicas))

    assert setting.seqs == [5]
    assert setting.seen() == [[5], [5]]


async def test_what_is_new_is_signed_and_shown_at_shutdown(setting: Setting) -> None:
    replica = setting.replica()
    setting.database.grow(1)
    await replica.write_last()
    await replica.write_last()

    setting.database.grow(1)
    await replica.write_last()

    assert setting.seqs == [1, 2]
    assert setting.seen() == [[1, 2], [1, 2]]


async def test_a_clock_that_was_set_back_keeps_no_checkpoint_away(setting: Setting) -> None:
    replica = setting.replica()
    setting.database.grow(1)
    await replica.look()

    setting.pass_time(hours=-5)
    for _ in range(3):
        setting.database.grow(1)
        await replica.look()

    assert setting.seqs == [1, 2]


@pytest.mark.parametrize("trouble", ["is_broken", "is_silent"])
async def test_a_witness_in_trouble_keeps_nobody_waiting_and_is_shown_the_newest_later(
    trouble: str, setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first, second = setting.witnesses
    setattr(first, trouble, True)
    replica = setting.replica()
    for _ in range(2):
        setting.database.grow(1)
        setting.pass_time(hours=1)
        await replica.look()
    assert [one.seq for one in second.seen] == [1, 2]

    setattr(first, trouble, False)
    await replica.look()

    assert [one.seq for one in first.seen] == [2]
    told = [record.message for record in caplog.records]
    assert told == [
        "a checkpoint could not be shown outside the database; it is tried again",
        "a witness takes checkpoints again",
    ]


async def test_shutdown_does_not_wait_for_a_silent_witness(setting: Setting) -> None:
    setting.witnesses[0].is_silent = True
    setting.database.grow(1)

    async with asyncio.timeout(5):
        await setting.replica().write_last()

    assert setting.seen() == [[], [1]]


async def test_a_log_that_is_down_is_looked_at_again(setting: Setting) -> None:
    replica = setting.replica()
    setting.database.grow(1)
    setting.database.is_down = True
    await replica.look()
    await replica.write_last()
    assert setting.seqs == []

    setting.database.is_down = False
    await replica.look()

    assert setting.seqs == [1]


async def test_a_succession_is_shown_before_what_the_new_key_signs(setting: Setting) -> None:
    setting.database.grow(1)
    await setting.replica().write_last()
    setting.rotate()
    setting.witnesses[0].is_broken = True

    replica = setting.replica()
    for _ in range(2):
        setting.database.grow(1)
        await replica.write_last()
    setting.witnesses[0].is_broken = False
    await replica.look()

    late, punctual = ([one.signature for one in witness.seen] for witness in setting.witnesses)
    signed = [one.signature for one in setting.database.kept]
    assert punctual == signed
    assert late == [signed[0], signed[1], signed[3]]


async def test_what_a_killed_replica_signed_last_is_shown_by_the_others(setting: Setting) -> None:
    setting.database.grow(1)
    setting.keep(setting.notary)

    await setting.replica().look()
    await setting.replica().look()

    assert setting.seqs == [1]
    assert setting.seen() == [[1], [1]]


async def test_a_succession_that_nobody_came_to_show_is_shown_by_whoever_has_either_key(
    setting: Setting,
) -> None:
    """Through every key that led to it, and before what the new key has signed."""
    setting.database.grow(1)
    first, (witness, other) = setting.replica(), setting.witnesses
    successions = [setting.rotate()]
    setting.pass_time(minutes=1)
    successions.append(setting.rotate())
    setting.database.grow(1)
    last = setting.keep(setting.notary)

    await first.look()
    setting.witnesses = (Witness(),)
    await setting.replica().look()

    for seen in (witness.seen, other.seen, setting.witnesses[0].seen):
        assert seen == [*successions, last]


async def test_what_the_owner_of_the_database_put_there_is_shown_to_nobody(
    setting: Setting,
) -> None:
    """It would discredit what the witnesses have."""
    replica = setting.replica()
    setting.database.grow(1)
    await replica.look()
    stranger = Notary()
    setting.database.grow(1)
    setting.keep(stranger, next_key=Notary().key)
    await replica.look()
    setting.database.grow(1)
    forged = replace(stranger.sign(setting.database.end), public_key=setting.notary.key)
    setting.database.kept.append(forged)

    await replica.look()

    assert setting.seen() == [[1], [1]]


async def test_what_the_database_has_lost_is_still_shown(setting: Setting) -> None:
    replica = setting.replica()
    setting.witnesses[0].is_broken = True
    setting.database.grow(5)
    await replica.look()
    setting.database.kept.clear()
    setting.database.end = Head(3, "c" * 64)

    setting.witnesses[0].is_broken = False
    await replica.look()

    assert setting.witnesses[0].seen[0].seq == 5


async def test_a_key_that_was_just_changed_is_told_to_whoever_runs_the_bot(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    setting.database.grow(1)
    await setting.replica().write_last()
    setting.notary = Notary()
    setting.database.grow(1)

    await setting.replica().write_last()

    assert [record.message for record in caplog.records] == [CHANGED]
    assert setting.seen() == [[1, 2], [1, 2]]


async def test_a_replica_whose_key_was_replaced_says_so_once_and_leaves_the_rest_to_others(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    old = setting.replica()
    setting.database.grow(1)
    await old.look()
    old_key = setting.notary.key
    setting.rotate()
    new = setting.replica()

    for _ in range(3):
        setting.database.grow(1)
        setting.pass_time(hours=1)
        await old.look()
        await new.look()
    setting.database.grow(1)
    await old.write_last()
    await new.write_last()

    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", REPLACED)
    ]
    told = vars(caplog.records[0])
    assert (told["key"], told["new_key"]) == (old_key, setting.notary.key)
    assert setting.seqs == [1, 1, 2, 3, 4, 5]
    assert {one.public_key for one in setting.database.kept[2:]} == {setting.notary.key}


async def test_a_successor_that_the_own_key_did_not_name_stops_nobody(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever owns the database can write one there, and cannot sign it."""
    replica = setting.replica()
    setting.database.grow(1)
    await replica.look()
    forged = replace(Notary().sign(setting.database.end), public_key=setting.notary.key)
    setting.database.kept.append(replace(forged, next_public_key=Notary().key))

    setting.database.grow(1)
    await replica.write_last()

    assert setting.seqs == [1, 1, 2]
    assert caplog.records == []


async def test_what_the_old_key_signed_too_late_is_soon_signed_again(setting: Setting) -> None:
    """By a replica of an earlier version, say, which does not know that its key was replaced."""
    setting.database.grow(1)
    await setting.replica().look()
    late = setting.notary
    setting.rotate()
    setting.database.grow(1)
    setting.keep(late)

    setting.database.grow(1)
    await setting.replica().look()

    assert setting.seqs == [1, 1, 2, 3]


async def test_a_log_that_ends_before_its_newest_checkpoint_is_told_once(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    replica = setting.replica()
    setting.database.grow(5)
    await replica.look()
    setting.database.end = Head(3, "c" * 64)

    for _ in range(3):
        await replica.look()

    assert [record.message for record in caplog.records] == [
        "the log ends before its newest checkpoint: run hookflash audit verify"
    ]
    assert setting.seqs == [5]


@pytest.mark.parametrize("is_restarted", [False, True])
@pytest.mark.parametrize("regrown_to", [3, 5, 9])
async def test_a_log_that_lost_its_end_and_its_checkpoint_is_told_once(
    regrown_to: int, setting: Setting, caplog: pytest.LogCaptureFixture, *, is_restarted: bool
) -> None:
    """As where a standby took over without the last transactions, and went on from there.

    A process that was started since knows of the end by what is held outside.
    """
    replica = setting.replica()
    setting.database.grow(2)
    await replica.look()
    setting.database.grow(3)
    setting.pass_time(hours=1)
    await replica.look()
    before, _lost = setting.database.kept
    setting.database.kept[:] = [before]
    setting.database.end = Head(regrown_to, "c" * 64)
    setting.database.lost_from = 3
    if is_restarted:
        replica = setting.replica()

    for _ in range(3):
        await replica.look()

    assert [record.message for record in caplog.records] == [LOST]
    assert vars(caplog.records[0])["ended_at"] == 5


async def test_what_others_signed_for_tells_nothing_of_this_log(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    setting.database.end = Head(9, "c" * 64)
    others = signed_checkpoint(
        setting.database.end, signer=Notary().signer, clock=lambda: setting.now
    )
    setting.witnesses[0].seen.append(others)
    setting.database.end = Head(3, "d" * 64)

    await setting.replica().look()

    assert caplog.records == []


async def test_a_log_that_grows_has_lost_nothing(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    replica = setting.replica()
    for _ in range(5):
        setting.database.grow(1)
        await replica.look()

    assert caplog.records == []
