"""The bot signs the end of its log, and shows that in a file and in a channel."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.application.checkpoints import signed_checkpoint
from bot.bootstrap import run_bot
from bot.database.audit_reader import SqlAuditReader
from bot.database.checkpoints import SqlCheckpointStore
from bot.database.engine import open_database
from bot.database.ledger import SqlLedger
from bot.domain.audit import MAIN_CHAIN
from bot.domain.checkpoints import Checkpoint, parse_checkpoint
from bot.domain.signing_keys import UnusableKeyError
from bot.evidence.checkpoint_file import read_checkpoints
from bot.evidence.keys import new_private_key, read_signer, write_private_key
from bot.settings import load_settings
from bot.verification.database import kept_checkpoints, verify_database
from tests.contract.database.drafts import append, draft
from tests.fixtures_database import now
from tests.scenario.company import (
    ADA,
    FRAUD,
    SUPPORT,
    Company,
    bot_at_work,
    environ_for,
    outside_world,
)
from tests.scenario.reading import shown
from tests.scenario.trouble import until


@dataclass(slots=True)
class Archive:
    """Where the log, the key and the file of checkpoints are."""

    folder: Path

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder / 'hookflash.db'}"

    @property
    def file(self) -> Path:
        return self.folder / "checkpoints.jsonl"

    @property
    def public_key(self) -> str:
        return read_signer(str(self.folder / "audit.key")).public_key

    def settings(self, *, channel: str = SUPPORT) -> dict[str, str]:
        return {
            "HOOKFLASH_AUDIT_KEY": str(self.folder / "audit.key"),
            "HOOKFLASH_AUDIT_FILE": str(self.file),
            "HOOKFLASH_AUDIT_CHANNEL": channel,
        }

    async def sign(self, *, next_key: str = "") -> Checkpoint:
        """What a process signs that is killed before it shows it to anybody."""
        database = open_database(self.database_url)
        store = SqlCheckpointStore(database, chain_id=MAIN_CHAIN)
        await append(SqlLedger(database.writer, chain_id=MAIN_CHAIN, clock=now), draft())
        lost = signed_checkpoint(
            await SqlAuditReader(database.reader, chain_id=MAIN_CHAIN).head(),
            signer=read_signer(str(self.folder / "audit.key")),
            clock=now,
            next_key=next_key,
        )
        assert await store.add(lost, after=await store.newest())
        await database.close()
        return lost

    async def rotate(self) -> Checkpoint:
        """The key names the next one, which takes its place."""
        private_key = new_private_key()
        succession = await self.sign(next_key=read_signer(private_key).public_key)
        (self.folder / "audit.key").write_text(private_key)
        return succession

    def seen(self) -> list[Checkpoint]:
        """What the file holds."""
        return list(read_checkpoints(self.file).checkpoints)

    def kept(self) -> list[Checkpoint]:
        """What the database holds."""
        return list(kept_checkpoints(self.database_url))


def copied(company: Company) -> list[Checkpoint]:
    """What can be copied out of the channel."""
    texts = "\n".join(shown(message) for message in company.posted())
    return [parse_checkpoint(text) for text in re.findall(r"```(.*)```", texts)]


@pytest.fixture
def archive(tmp_path: Path, empty_log: Path) -> Archive:
    shutil.copy(empty_log, tmp_path)
    write_private_key(tmp_path / "audit.key", new_private_key())
    return Archive(tmp_path)


@asynccontextmanager
async def a_day(archive: Archive, **settings: str) -> AsyncIterator[Company]:
    """From the bot's start to its end."""
    async with outside_world() as (slack, twilio):
        environ = environ_for(slack, twilio, database_url=archive.database_url, **settings)
        async with bot_at_work(slack, environ) as bot:
            yield Company(slack, twilio, bot)
        assert slack.workspace.complaints == []


async def test_what_was_posted_can_be_copied_out_and_holds_against_the_log(
    archive: Archive, tmp_path: Path
) -> None:
    async with a_day(archive, **archive.settings()) as company:
        await company.say(ADA, "/calls freeze toll fraud")
    pasted = tmp_path / "pasted.txt"
    pasted.write_text("\n".join(shown(message) for message in company.posted()))

    posted = read_checkpoints(pasted).checkpoints
    report = verify_database(archive.database_url, given=posted, root_keys=[archive.public_key])

    assert report.holds
    assert posted == read_checkpoints(archive.file).checkpoints
    assert posted[-1].head == report.verdict.end
    assert "*Checkpoint of the audit log*" in company.posted()[-1].text


async def test_what_a_killed_process_signed_last_is_shown_by_the_next_one_at_once(
    archive: Archive,
) -> None:
    """In the file and in the channel, once, though nothing new is to be signed yet."""
    async with a_day(archive, **archive.settings()) as company:
        await company.say(ADA, "/calls freeze toll fraud")
    lost = await archive.sign()

    async with a_day(archive, **archive.settings()) as company:
        await until(lambda: lost in archive.seen() and lost in copied(company))
    async with a_day(archive, **archive.settings()) as later:
        pass

    assert archive.seen().count(lost) == 1
    assert lost not in copied(later)
    assert archive.seen() == archive.kept()


async def test_a_succession_that_nobody_came_to_show_is_shown_before_what_the_new_key_signs(
    archive: Archive,
) -> None:
    """Also where the new key had signed something by then, and its process was killed."""
    async with a_day(archive, **archive.settings()) as company:
        await company.say(ADA, "/calls freeze toll fraud")
    first_key = archive.public_key
    succession = await archive.rotate()
    lost = await archive.sign()

    async with a_day(archive, **archive.settings()) as company:
        await until(lambda: lost in archive.seen() and lost in copied(company))
        posted = copied(company)
    report = verify_database(archive.database_url, given=archive.seen(), root_keys=[first_key])

    assert posted[-2:] == [succession, lost]
    assert archive.seen() == archive.kept()
    assert report.holds


@pytest.mark.parametrize(("channel", "fault"), [(FRAUD, ""), (SUPPORT, "internal_error")])
async def test_a_channel_that_cannot_be_posted_to_keeps_nothing_else_back(
    channel: str, fault: str, archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    """Since the bot is no member of it, or since Slack fails."""
    async with a_day(archive, **archive.settings(channel=channel)) as company:
        if fault:
            company.slack.faults.fail("chat.postMessage", fault, times=None)
        await company.say(ADA, "/calls freeze toll fraud")

    assert read_checkpoints(archive.file).checkpoints[-1].seq > 0
    reasons = [vars(record).get("reason") for record in caplog.records]
    assert (fault or "not_in_channel") in reasons


async def test_a_file_that_cannot_be_written_keeps_nothing_else_back(archive: Archive) -> None:
    archive.file.mkdir()
    async with a_day(archive, **archive.settings()) as company:
        await company.say(ADA, "/calls freeze toll fraud")

    assert "*Checkpoint of the audit log*" in company.posted()[-1].text


async def test_without_a_key_the_bot_says_that_there_are_no_checkpoints(
    archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with a_day(archive) as company:
        await company.say(ADA, "/calls freeze toll fraud")

    assert "no checkpoints are written: HOOKFLASH_AUDIT_KEY is not set" in caplog.messages
    assert verify_database(archive.database_url).evidence.newest is None


async def test_a_key_that_is_not_there_stops_the_start(archive: Archive) -> None:
    (archive.folder / "audit.key").unlink()
    async with outside_world() as (slack, twilio):
        environ = environ_for(slack, twilio, database_url=archive.database_url)
        settings = load_settings(environ | archive.settings())

        with pytest.raises(UnusableKeyError, match="cannot be read: No such file"):
            async with run_bot(settings):
                pass
