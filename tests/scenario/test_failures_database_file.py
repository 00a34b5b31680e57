"""SQLite's file that is moved away or replaced under the running bot."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.database.migrate import upgrade
from tests.scenario.company import ANA, BEN, SUPPORT_LINE, Company, company
from tests.scenario.trouble import NOT_DONE, ON_SQLITE


@contextmanager
def moved_away(log: Path) -> Iterator[None]:
    """The file and what SQLite keeps beside it lie in another folder."""
    folder = log.with_name("elsewhere")
    folder.mkdir()
    files = list(log.parent.glob(f"{log.name}*"))
    for file in files:
        file.rename(folder / file.name)
    yield
    for file in folder.iterdir():
        file.rename(log.parent / file.name)


def is_there(file: Path) -> bool:
    """Whether there is such a file."""
    return file.exists()


async def hang_up(here: Company, who: str) -> str:
    """What the person is answered who hangs up a new call."""
    call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
    return (await here.say(who, f"/calls hangup {call.sid}")).body


@ON_SQLITE
async def test_nothing_is_recorded_in_a_file_that_was_moved_away(database_url: str) -> None:
    """SQLite itself would go on writing to it, where nobody finds the entries again."""
    log = Path(database_url.removeprefix("sqlite:///"))
    async with company(database_url) as here:
        await hang_up(here, ANA)

        with moved_away(log):
            answer = await hang_up(here, BEN)
            is_made_anew = is_there(log)
        await hang_up(here, ANA)

        assert NOT_DONE in answer
        assert not is_made_anew
        assert len(here.changes_sent()) == 2
        assert [who for who, _ in await here.events()] == [ANA] * 4
        assert (await here.bot.outside.log.verify()).fault is None


@ON_SQLITE
async def test_entries_go_to_the_file_that_is_there_when_it_was_replaced(
    database_url: str, tmp_path: Path
) -> None:
    log = Path(database_url.removeprefix("sqlite:///"))
    upgrade(f"sqlite:///{tmp_path}/other.db")
    async with company(database_url) as here:
        await hang_up(here, ANA)

        for file in log.parent.glob(f"{log.name}*"):
            file.unlink()
        shutil.move(tmp_path / "other.db", log)
        await hang_up(here, BEN)

        assert [who for who, _ in await here.events()] == [BEN] * 2
