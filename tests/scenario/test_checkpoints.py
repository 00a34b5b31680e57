"""The bot signs the end of its log, and shows that in a file and in a channel."""

from __future__ import annotations

import logging
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.bootstrap import run_bot
from bot.domain.signing_keys import UnusableKeyError
from bot.evidence.checkpoint_file import read_checkpoints
from bot.evidence.keys import new_private_key, read_signer, write_private_key
from bot.settings import load_settings
from bot.verification.database import verify_database
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
