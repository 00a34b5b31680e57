"""Where `hookflash audit` writes files: all of one or nothing, and no surprise half-way."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.database.audit_reader import SqlAuditReader
from bot.database.audit_stories import ToldEntry
from bot.database.ledger import SqlLedger
from bot.domain.audit_log import AuditQuery
from bot.domain.errors import LogUnavailableError
from tests.contract.database.conftest import Hookflash
from tests.contract.database.drafts import append, draft

EARLIER = "the export of last week\n"


@pytest.fixture
async def log(ledger: SqlLedger) -> None:
    """Two requests."""
    await append(ledger, draft(request_id="r1"), draft(request_id="r2"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with nothing else in it."""
    made = tmp_path / "exports"
    made.mkdir()
    return made


@pytest.fixture
def broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log answers with its first entry and then no more."""
    tell = SqlAuditReader.told_entries

    async def tell_one(
        self: SqlAuditReader, fitting: AuditQuery, *, before_seq: int | None = None
    ) -> AsyncIterator[ToldEntry]:
        async for told in tell(self, fitting, before_seq=before_seq):
            yield told
            raise LogUnavailableError("The log does not answer")

    monkeypatch.setattr(SqlAuditReader, "told_entries", tell_one)


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("export", "--output"), "--output"),
        (("export", "--proof"), "--proof"),
        (("follow", "--state"), "--state"),
    ],
)
def test_a_file_in_no_folder_is_refused_before_the_log_is_read(
    words: tuple[str, ...], option: str, hookflash: Hookflash, tmp_path: Path
) -> None:
    missing = tmp_path / "no"

    answer = hookflash("audit", *words, str(missing / "log.jsonl"))

    problem = f"Error: Invalid value for '{option}': There is no folder {missing}.\n"
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert answer.stderr.endswith(problem)
    assert hookflash("audit", "show", "4").exit_code == 1


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("option", ["--output", "--proof"])
def test_a_folder_is_no_file_to_export_to(option: str, hookflash: Hookflash, folder: Path) -> None:
    answer = hookflash("audit", "export", option, str(folder))

    assert answer.exit_code == 2
    assert "is a directory" in answer.stderr
    assert list(folder.parent.glob(".*")) == []


@pytest.mark.usefixtures("log", "broken_off")
def test_an_export_that_breaks_off_leaves_the_file_of_before(
    hookflash: Hookflash, folder: Path
) -> None:
    """A file with a part of the log, under the name of the whole, would be believed."""
    kept = folder / "log.jsonl"
    kept.write_text(EARLIER)

    broken = hookflash("audit", "export", "--output", str(kept))

    assert broken.exit_code == 1
    assert kept.read_text() == EARLIER
    assert list(folder.iterdir()) == [kept]


@pytest.mark.usefixtures("log")
def test_an_export_to_a_device_does_not_take_its_place(hookflash: Hookflash) -> None:
    answer = hookflash("audit", "export", "--output", "/dev/null")

    assert answer.exit_code == 0
    assert not Path("/dev/null").is_file()


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("output", ["-", "/dev/null"])
def test_what_is_no_file_needs_no_folder_to_write_in(
    output: str, hookflash: Hookflash, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, *_more: not Path(path).is_dir())

    assert hookflash("audit", "export", "--output", output).exit_code == 0
