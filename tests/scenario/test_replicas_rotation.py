"""The key is replaced while replicas run: they are started again one after the other."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.domain.checkpoints import Checkpoint
from bot.evidence.checkpoint_file import read_checkpoints
from bot.evidence.keys import new_private_key, read_signer, write_private_key
from bot.verification.database import kept_checkpoints
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

    async def goes_on(self) -> None:
        """Return when whichever replica has signed the end of the log as it is now."""
        end = (await self.set_up.reader.head()).seq
        await until(lambda: max(one.seq for one in kept_checkpoints(self.database_url)) >= end)

    def in_file(self) -> list[Checkpoint]:
        """What the file holds."""
        found = read_checkpoints(self.folder / "seen.jsonl")
        assert found.damaged == []
        return list(found.checkpoints)

    def in_channel(self) -> list[Checkpoint]:
        """What can be copied out of the channel."""
        pasted = self.folder / "pasted.txt"
        workspace = self.set_up.slack.workspace
        pasted.write_text("\n".join(map(shown, workspace.messages_for(ANA, SUPPORT))))
        return list(read_checkpoints(pasted).checkpoints)


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
    await archive.goes_on()
    await archive.hookflash("audit", "key", "rotate", "--output", str(archive.folder / "new.key"))
    new = await archive.start("new.key")
    for _ in range(4):
        await hang_up_at_each(archive.set_up, [old, new], times=3)
        await archive.goes_on()
    for bot in (old, new):
        bot.send(signal.SIGTERM)
        assert await bot.ended() == 0

    verdict = await archive.hookflash(
        *("audit", "verify", "--checkpoints", str(archive.folder / "seen.jsonl")),
        *("--public-key", archive.public("old.key")),
    )

    assert warnings(old) == [REPLACED]
    assert warnings(new) == []
    kept = kept_checkpoints(archive.database_url)
    assert archive.kept("old.key")[-1].next_public_key == archive.public("new.key")
    assert f"Checkpoints that fit: {len(kept)}." in verdict
    for seen in (archive.in_file(), archive.in_channel()):
        assert len(seen) == len(set(seen))
        assert set(kept) == set(seen)
