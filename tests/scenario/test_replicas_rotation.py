"""The key is replaced while replicas run: they are started again one after the other."""

from __future__ import annotations

import re
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.application.checkpoints import signed_checkpoint
from bot.database.checkpoints import SqlCheckpointStore
from bot.database.engine import open_database
from bot.domain.audit import MAIN_CHAIN
from bot.domain.checkpoints import Checkpoint, parse_checkpoint
from bot.evidence.keys import new_private_key, read_signer, write_private_key
from bot.verification.database import kept_checkpoints
from tests.fixtures_database import now
from tests.scenario.company import ANA, SUPPORT
from tests.scenario.processes import BotProcess, Stage, stage
from tests.scenario.reading import shown
from tests.scenario.test_replicas_checkpoints import SIGNING, hang_up_at_each, hookflash
from tests.scenario.trouble import ON_POSTGRES, until

pytestmark = ON_POSTGRES
REPLACED = (
    "the key that signs checkpoints here was replaced: this process writes no more of them until "
    "it is started again with the new key"
)


@dataclass
class Archive:
    """The keys, the file and the channel."""

    set_up: Stage
    database_url: str
    folder: Path

    def settings(self, key: str) -> dict[str, str]:
        """For a replica that has this key."""
        return {
            "HOOKFLASH_AUDIT_KEY": str(self.folder / key),
            "HOOKFLASH_AUDIT_FILE": str(self.folder / "seen.jsonl"),
            "HOOKFLASH_AUDIT_CHANNEL": SUPPORT,
        }

    async def start(self, key: str) -> BotProcess:
        """A replica that has this key."""
        return await self.set_up.start(SIGNING, **self.settings(key))

    async def hookflash(self, *words: str) -> str:
        """What the command line prints, for whoever has the old key."""
        return await hookflash(self.database_url, *words, **self.settings("old.key"))

    def public(self, key: str) -> str:
        """The public half of this key."""
        return read_signer(str(self.folder / key)).public_key

    def kept(self, key: str) -> list[Checkpoint]:
        """What was signed with this key, in the database."""
        signed_with = self.public(key)
        return [one for one in kept_checkpoints(self.database_url) if one.public_key == signed_with]

    async def sign(self, key: str) -> Checkpoint:
        """What a replica signs that is killed before it shows it to anybody."""
        database = open_database(self.database_url)
        store = SqlCheckpointStore(database, chain_id=MAIN_CHAIN)
        signer = read_signer(str(self.folder / key))
        lost = signed_checkpoint(await self.set_up.reader.head(), signer=signer, clock=now)
        assert await store.add(lost, after=await store.newest())
        await database.close()
        return lost

    async def is_seen(self) -> bool:
        """Whether both witnesses have a checkpoint of the end of the log as it is now."""
        end = (await self.set_up.reader.head()).seq
        return all(max((one.seq for one in seen), default=0) == end for seen in self.witnesses())

    def witnesses(self) -> tuple[list[Checkpoint], list[Checkpoint]]:
        """What the file and the channel hold."""
        return self.in_file(), self.in_channel()

    def in_file(self) -> list[Checkpoint]:
        """What the file holds."""
        file = self.folder / "seen.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        return [parse_checkpoint(line) for line in lines]

    def in_channel(self) -> list[Checkpoint]:
        """What can be copied out of the channel."""
        workspace = self.set_up.slack.workspace
        texts = "\n".join(map(shown, workspace.messages_for(ANA, SUPPORT)))
        return [parse_checkpoint(line) for line in re.findall(r"```(.*)```", texts)]


def warnings(bot: BotProcess) -> list[str]:
    """What it has logged of what is more than usual; it is not told to log the rest."""
    bot.talk.seek(0)
    return bot.talk.read().decode().splitlines()


@pytest.fixture
async def archive(database_url: str, tmp_path: Path) -> AsyncIterator[Archive]:
    """Slack, Twilio, a new database and a key."""
    write_private_key(tmp_path / "old.key", new_private_key())
    async with stage(database_url) as set_up:
        yield Archive(set_up, database_url, tmp_path)


async def test_a_replica_that_still_has_the_old_key_says_so_once_and_signs_no_more(
    archive: Archive,
) -> None:
    """The others go on, each checkpoint is shown once, and no log holds an alarm."""
    old = await archive.start("old.key")
    await hang_up_at_each(archive.set_up, [old], times=2)
    await until(archive.is_seen)
    await archive.hookflash("audit", "key", "rotate", "--output", str(archive.folder / "new.key"))
    new = await archive.start("new.key")
    for _ in range(4):
        await hang_up_at_each(archive.set_up, [old, new], times=3)
        await until(archive.is_seen)
    for bot in (old, new):
        bot.send(signal.SIGTERM)
        assert await bot.ended() == 0
        await until(archive.is_seen)

    verdict = await archive.hookflash(
        *("audit", "verify", "--checkpoints", str(archive.folder / "seen.jsonl")),
        *("--public-key", archive.public("old.key")),
    )

    assert warnings(old) == [REPLACED]
    assert warnings(new) == []
    kept = kept_checkpoints(archive.database_url)
    succession = archive.kept("old.key")[-1]
    assert succession.next_public_key == archive.public("new.key")
    assert f"Checkpoints that fit: {len(kept)}." in verdict
    for seen in archive.witnesses():
        # One that is covered by the next before it could be shown is not missed.
        assert len(seen) == len(set(seen))
        assert {kept[-1], succession} <= set(seen) <= set(kept)


async def test_what_a_killed_replica_signed_last_is_shown_once_by_the_others(
    archive: Archive,
) -> None:
    """By those that run or by one that starts, and long before another checkpoint is due."""
    settings = archive.settings("old.key")
    first = await archive.set_up.start(**settings)
    await hang_up_at_each(archive.set_up, [first], times=1)
    await until(archive.set_up.is_settled)
    lost = await archive.sign("old.key")
    second = await archive.set_up.start(**settings)

    await until(lambda: all(lost in seen for seen in archive.witnesses()))
    for bot in (first, second):
        bot.send(signal.SIGTERM)
        assert await bot.ended() == 0

    for seen in archive.witnesses():
        assert seen == list(kept_checkpoints(archive.database_url))
