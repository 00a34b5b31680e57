"""A disk that is really full: nothing is sent, and all works again when there is room."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from bot.domain.audit import timestamp
from bot.sandbox.twilio import Call
from tests.fixtures_database import administration, at_database
from tests.scenario.company import ANA, BEN, SUPPORT_LINE, VERA, Company, company
from tests.scenario.reading import shown
from tests.scenario.trouble import NOT_DONE, ON_POSTGRES, readiness

LOG_DOWN = "the log does not answer"
DISK_BYTES = 2 * 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if _run("mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)):
        pytest.skip("a file system can be mounted by root only, outside most containers")
    yield folder
    _run("umount", "--lazy", str(folder))


def _run(*command: str) -> int:
    """The exit code of a program of the system."""
    return subprocess.run(command, check=False, capture_output=True).returncode  # noqa: S603 - no words of others


def fill(disk: Path) -> Path:
    """A file that leaves no room on this disk."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    return filler


@pytest.fixture
def sqlite_on_disk(small_disk: Path, sqlite_template: Path) -> str:
    """The URL of a log that lies on the small disk."""
    log = shutil.copy(sqlite_template, small_disk / "hookflash.db")
    return f"sqlite:///{log}"


@pytest.fixture
def postgres_on_disk(database_url: str, small_disk: Path) -> Iterator[str]:
    """The URL of a log whose entries lie on the small disk."""
    if "TEST_DATABASE_URL" in os.environ:
        pytest.skip("the server may see other disks")
    name = make_url(database_url).database
    server_url = at_database(database_url, "postgres")
    with administration(server_url) as server, administration(database_url) as connection:
        data = Path(str(server.scalar(text("SHOW data_directory")))).stat()
        os.chown(small_disk, data.st_uid, data.st_gid)
        _let_through(small_disk)
        server.execute(text(f"CREATE TABLESPACE of_{name} LOCATION '{small_disk}'"))
        connection.execute(text(f"ALTER TABLE audit_entries SET TABLESPACE of_{name}"))
    yield database_url
    with administration(server_url) as server, administration(database_url) as connection:
        connection.execute(text("ALTER TABLE audit_entries SET TABLESPACE pg_default"))
        server.execute(text(f"DROP TABLESPACE of_{name}"))


def _let_through(folder: Path) -> None:
    """Let other users reach what lies in this folder; pytest's own are for one user alone."""
    for parent in folder.parents:
        parent.chmod(parent.stat().st_mode | 0o011)


async def test_on_a_full_disk_nothing_is_sent_until_there_is_room_again(
    sqlite_on_disk: str, small_disk: Path
) -> None:
    async with company(sqlite_on_disk) as here:
        await _hang_up_one(here)
        await assert_full_disk_is_told_and_mends(here, small_disk)


@ON_POSTGRES
async def test_on_a_full_disk_of_the_server_nothing_is_sent_until_there_is_room_again(
    postgres_on_disk: str, small_disk: Path
) -> None:
    async with company(postgres_on_disk) as here:
        await assert_full_disk_is_told_and_mends(here, small_disk)


async def assert_full_disk_is_told_and_mends(here: Company, disk: Path) -> None:
    """A hang-up while it is full, and another one afterwards; the log tells of the time between."""
    call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
    sent_before, events_before = here.changes_sent(), await here.events()

    filler = fill(disk)
    delivery = await here.say(ANA, f"/calls hangup {call.sid}")
    await here.say(VERA, "/calls")
    sent_meanwhile, listed = here.changes_sent(), here.last(VERA)
    # What only reads is done on a full disk too.
    await here.bot.settler.settle_abandoned()
    ready_meanwhile = await readiness(here)
    full_until = datetime.now(UTC)
    filler.unlink()
    ready_again = await readiness(here)
    await here.say(BEN, f"/calls hangup {call.sid}")
    await here.bot.keeping.watch.write_down()

    assert NOT_DONE in delivery.body
    assert call.sid in str(listed.blocks)
    assert LOG_DOWN in shown(listed).lower()
    assert (ready_meanwhile, ready_again) == (503, 200)
    assert sent_meanwhile == sent_before
    assert not call.is_live
    assert (await here.events())[len(events_before) :] == [
        (BEN, "hang_up requested"),
        (BEN, "hang_up succeeded"),
        ("", "serve log_down"),
    ]
    down = (await here.log())[-1].entry.details
    assert down["from"] < timestamp(full_until) <= down["to"]
    assert (await here.bot.outside.log.verify()).fault is None


async def test_a_disk_that_became_full_is_found_though_nobody_asks_for_a_change(
    sqlite_on_disk: str, small_disk: Path
) -> None:
    async with company(sqlite_on_disk) as here:
        await _hang_up_one(here)
        filler = fill(small_disk)

        await here.bot.keeping.watch.rehearse()
        ready_meanwhile = await readiness(here)
        filler.unlink()

        assert (ready_meanwhile, await readiness(here)) == (503, 200)


async def _hang_up_one(here: Company) -> None:
    call: Call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
    await here.say(ANA, f"/calls hangup {call.sid}")
