"""Who reads the log at a terminal stands in the log, before anything is shown."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator

import pytest

from bot.database.audit_reader import SqlAuditReader
from bot.database.ledger import SqlLedger
from tests.contract.database.conftest import Command, Hookflash
from tests.contract.database.drafts import append, draft
from tests.fixtures_database import role_with

NUMBER = "+14155550123"


@pytest.fixture
async def log(ledger: SqlLedger) -> None:
    """Three requests with a number."""
    await append(ledger, *(draft(request_id=f"r{n}", personal={"from": NUMBER}) for n in range(3)))


async def read_by(reader: SqlAuditReader) -> list[tuple[str, str, dict[str, object], str]]:
    """Of each reading: action, event, details without digests, and the filters in clear."""
    found = []
    async for entry, personal in reader.entries(after_seq=3):
        assert entry.surface == "terminal"
        told = {one.field: one.value for one in personal}
        assert told["actor_name"].startswith(f"{getpass.getuser()}@")
        details = {name: value for name, value in entry.details.items() if name != "digests"}
        found.append((entry.action, entry.event, details, told.get("filters", "")))
    return found


@pytest.mark.usefixtures("log")
async def test_a_list_is_recorded_with_its_kinds_of_filters_and_the_number_apart(
    command: Command, reader: SqlAuditReader
) -> None:
    answer = await command("audit", "list", f"from:{NUMBER}", "limit:2")

    assert answer.exit_code == 0
    details = {"command": "list", "filters": ["from", "limit"], "entries": 2}
    assert await read_by(reader) == [("read_audit", "succeeded", details, f"from:{NUMBER} limit:2")]
    assert (await reader.verify()).fault is None


@pytest.mark.usefixtures("log")
async def test_what_is_shown_of_a_request_is_recorded(
    command: Command, reader: SqlAuditReader
) -> None:
    await command("audit", "show", "r1")
    nothing = await command("audit", "show", "r9")

    assert nothing.exit_code == 1
    details = {"command": "show", "filters": [], "entries": 1}
    assert await read_by(reader) == [("read_audit", "succeeded", details, "r1")]


@pytest.mark.usefixtures("log")
async def test_an_export_is_recorded_before_its_first_line_and_after_its_last(
    command: Command, reader: SqlAuditReader
) -> None:
    """It ends before its own entry, so that two exports of the same log are the same."""
    answer = await command("audit", "export")

    assert [json.loads(line)["seq"] for line in answer.stdout.splitlines()] == [1, 2, 3]
    asked: dict[str, object] = {"command": "export", "filters": []}
    assert await read_by(reader) == [
        ("export_audit", "requested", asked, ""),
        ("export_audit", "succeeded", asked | {"entries": 3}, ""),
    ]


@pytest.mark.usefixtures("log")
async def test_an_export_that_fails_leaves_its_beginning_in_the_log(
    command: Command, reader: SqlAuditReader
) -> None:
    answer = await command("audit", "export", "--output", "/dev/full")

    assert answer.exit_code == 1
    assert answer.stderr == "Error: /dev/full cannot be written: No space left on device.\n"
    assert [event for _action, event, _details, _filters in await read_by(reader)] == ["requested"]


@pytest.fixture
def read_only(
    database_url: str, hookflash: Hookflash, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Hookflash]:
    """The command line of somebody who may only read the log."""
    with role_with(database_url, "SELECT ON ALL TABLES IN SCHEMA public") as role_url:
        monkeypatch.setenv("DATABASE_URL", role_url)
        yield hookflash


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("words", [("list",), ("show", "1"), ("export",)])
@pytest.mark.parametrize("make_database", ["postgresql"], indirect=True)
def test_who_may_only_read_is_shown_nothing_and_told_why(
    words: tuple[str, ...], read_only: Hookflash
) -> None:
    answer = read_only("audit", *words)

    assert answer.exit_code == 1
    assert answer.stdout == ""
    assert "The log cannot record that it is read, so nothing is shown." in answer.stderr
    assert "permission denied for table audit_heads" in answer.stderr


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("words", [("list",), ("show", "1"), ("export",)])
@pytest.mark.parametrize("make_database", ["postgresql"], indirect=True)
def test_who_may_only_read_can_say_that_it_goes_unrecorded(
    words: tuple[str, ...], read_only: Hookflash
) -> None:
    answer = read_only("audit", *words, "--unrecorded")

    assert answer.exit_code == 0
    assert NUMBER in answer.stdout
    assert "That the log is read is not recorded." in answer.stderr


@pytest.mark.usefixtures("log")
async def test_what_can_be_recorded_is_recorded_whatever_is_said(
    command: Command, reader: SqlAuditReader
) -> None:
    await command("audit", "list", "--unrecorded")

    assert len(await read_by(reader)) == 1
