"""`hookflash audit` and `hookflash db`, as their user at a terminal meets them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import rfc8785
from click.testing import Result
from sqlalchemy import text

from bot.database.ledger import SqlLedger
from bot.database.migrate import sqlite_path
from bot.database.tables import SCHEMA_REVISION
from bot.domain.audit import Action, Event
from tests.contract.database.conftest import Hookflash
from tests.contract.database.drafts import BEN, OTHER_CALL, append, draft, drop_triggers
from tests.fixtures_database import administration

EMPTY = (
    f"Error: The database is empty, and this version needs revision {SCHEMA_REVISION}. "
    "Run: hookflash db upgrade\n"
)
HOSTILE = "\x1b[2Jfraud\t\u202e=SUM(A1)"


@pytest.fixture
async def log(ledger: SqlLedger) -> None:
    """Ana hung up a call; Ben was denied another."""
    numbers = {"from": "+14155550123", "to": "+442079460000"}
    told = {"actor_name": "ana", "reason": HOSTILE, **numbers}
    await append(
        ledger,
        draft(request_id="r1", personal=told),
        draft(
            request_id="r1",
            event=Event.SUCCEEDED,
            details={"status_after": "completed", "reason": "confirmed"},
        ),
        draft(
            request_id="r2",
            event=Event.DENIED,
            action=Action.REDIRECT,
            actor=BEN,
            call_sid=OTHER_CALL,
            personal={"actor_name": "=ben"},
        ),
    )


def lines(answer: Result) -> list[dict[str, str]]:
    """The tab-separated table that was printed."""
    return list(csv.DictReader(io.StringIO(answer.stdout), dialect="excel-tab"))


def exported(answer: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in answer.stdout.splitlines()]


def tamper(database_url: str, sql: str) -> None:
    with administration(database_url) as connection:
        drop_triggers(connection, "audit_entries", "audit_heads", "audit_personal")
        connection.execute(text(sql))


@pytest.mark.usefixtures("log")
def test_list_is_one_line_a_request_newest_first(hookflash: Hookflash) -> None:
    answer = hookflash("audit", "list")

    assert answer.exit_code == 0
    denied, hung_up = lines(answer)
    assert (denied["who"], denied["action"], denied["outcome"]) == ("=ben", "redirect", "denied")
    assert (hung_up["who"], hung_up["outcome"], hung_up["why"]) == ("ana", "succeeded", "confirmed")
    assert hung_up["reason"] == "\\x1b[2Jfraud\\t\\u202e=SUM(A1)"
    assert "\x1b" not in answer.output


@pytest.mark.usefixtures("log")
def test_list_takes_the_filters_of_slack_and_pages(hookflash: Hookflash) -> None:
    first = hookflash("audit", "list", "limit:1")
    assert [line["seq"] for line in lines(first)] == ["3"]
    assert "hookflash audit list limit:1 --before 3" in first.stderr

    second = hookflash("audit", "list", "limit:1", "--before", "3")
    by_number = hookflash("audit", "list", "from:+1415*", "outcome:succeeded")
    nobody = hookflash("audit", "list", "by:U0NOBODY")

    assert [line["seq"] for line in lines(second)] == ["2"]
    assert second.stderr == ""
    assert [line["seq"] for line in lines(by_number)] == ["2"]
    assert lines(nobody) == []


@pytest.mark.parametrize(
    "words", [("list", "frm:+1"), ("export", "since:x"), ("export", "limit:3")]
)
def test_a_wrong_filter_is_a_wrong_command_line(
    words: tuple[str, ...], hookflash: Hookflash
) -> None:
    answer = hookflash("audit", *words)

    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert "Error: " in answer.stderr


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("reference", "shown"),
    [("1", ["1"]), ("r1", ["1", "2"]), (OTHER_CALL, ["3"])],
    ids=["number", "request", "call"],
)
def test_show_finds_an_entry_a_request_and_a_call(
    reference: str, shown: list[str], hookflash: Hookflash
) -> None:
    answer = hookflash("audit", "show", reference)

    told = [line.split() for line in answer.stdout.splitlines()]
    assert [words[1] for words in told if words[:1] == ["seq"]] == shown
    assert "\x1b" not in answer.output


@pytest.mark.usefixtures("log")
def test_show_says_when_there_is_nothing(hookflash: Hookflash) -> None:
    answer = hookflash("audit", "show", "\x1b[31m")

    assert answer.exit_code == 1
    assert answer.stderr == (
        "Error: The log has no entry for \\x1b[31m. It takes the number of an entry, the id of a "
        "request or a whole call SID.\n"
    )


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("reference", ["", " "])
def test_show_of_nothing_shows_nothing(reference: str, hookflash: Hookflash) -> None:
    """A variable of the shell that is not set is no wish to see every entry without a call."""
    answer = hookflash("audit", "show", reference)

    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "Name an entry by its number, a request or a call." in answer.stderr


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("seq", ["0", "-1"])
@pytest.mark.parametrize("words", [("list", "--before"), ("verify", "--up-to")])
def test_a_number_that_no_entry_has_is_refused(
    words: tuple[str, ...], seq: str, hookflash: Hookflash
) -> None:
    answer = hookflash("audit", *words, seq)

    assert (answer.exit_code, answer.stdout) == (2, "")
    assert f"{seq} is not in the range x>=1" in answer.stderr


@pytest.mark.usefixtures("log")
def test_verify_says_that_the_log_holds_with_count_and_head(hookflash: Hookflash) -> None:
    answer = hookflash("audit", "verify")

    last = exported(hookflash("audit", "export"))[-1]
    assert answer.exit_code == 0
    assert answer.stdout == f"The log holds: 3 entries, and the head has hash {last['hash']}.\n"


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("UPDATE audit_entries SET actor_user_id = 'U0' WHERE seq = 2", "Entry 2 was changed"),
        ("DELETE FROM audit_entries WHERE seq = 2", "Entry 2 is missing: it was removed"),
        ("DELETE FROM audit_entries WHERE seq = 3", "Entry 3 is missing: the end"),
    ],
)
def test_verify_fails_and_names_the_first_bad_entry(
    sql: str, sentence: str, hookflash: Hookflash, database_url: str
) -> None:
    tamper(database_url, sql)

    answer = hookflash("audit", "verify")

    assert answer.exit_code == 1
    assert sentence in answer.stdout


@pytest.mark.usefixtures("log")
def test_export_tells_who_did_what_on_every_line(hookflash: Hookflash) -> None:
    requested, succeeded, denied = exported(hookflash("audit", "export", "--format", "jsonl"))

    assert (requested["seq"], succeeded["seq"], denied["seq"]) == (1, 2, 3)
    actor = {"user_id": "U0ANA", "team_id": "T1", "name": "ana"}
    assert requested["actor"] == succeeded["actor"] == actor
    assert succeeded["reason"] == HOSTILE
    assert (denied["event"], denied["action"], denied["channel_id"]) == ("denied", "redirect", "C1")
    assert denied["call_sid"] == OTHER_CALL


@pytest.mark.usefixtures("log")
def test_an_export_can_be_checked_by_whoever_has_sha256(hookflash: Hookflash) -> None:
    """As docs/audit-log.md says, with nothing of Hookflash."""
    prev_hash = "0" * 64
    beside = ("actor", "reason", "from", "to", "personal", "hash")
    for line in exported(hookflash("audit", "export")):
        hashed = {name: value for name, value in line.items() if name not in beside}
        assert isinstance(line["actor"], dict)
        hashed["actor_user_id"] = line["actor"]["user_id"]
        hashed["actor_team_id"] = line["actor"]["team_id"]
        assert hashlib.sha256(rfc8785.dumps(hashed)).hexdigest() == line["hash"]  # type: ignore[arg-type]
        assert line["prev_hash"] == prev_hash
        prev_hash = str(line["hash"])
        digests = line["details"]["digests"]  # type: ignore[index]
        assert isinstance(line["personal"], list)
        assert len(line["personal"]) == len(digests)
        for one in line["personal"]:
            told = bytes.fromhex(one["salt"]) + f"{one['field']}\0{one['value']}".encode()
            assert hashlib.sha256(told).hexdigest() == digests[one["field"]]


@pytest.mark.usefixtures("log")
def test_export_takes_filters(hookflash: Hookflash) -> None:
    by_number = exported(hookflash("audit", "export", "to:+44*"))
    denied = exported(hookflash("audit", "export", "outcome:denied"))

    assert [line["seq"] for line in by_number] == [1, 2]
    assert [line["seq"] for line in denied] == [3]


@pytest.mark.usefixtures("log")
def test_csv_has_no_formula_and_nothing_that_steers_a_terminal(hookflash: Hookflash) -> None:
    answer = hookflash("audit", "export", "--format", "csv")

    rows = list(csv.DictReader(io.StringIO(answer.stdout)))
    assert [row["seq"] for row in rows] == ["1", "2", "3"]
    assert (rows[0]["from"], rows[2]["actor_name"]) == ("'+14155550123", "'=ben")
    assert rows[0]["reason"] == "\\x1b[2Jfraud\\t\\u202e=SUM(A1)"
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert answer.stdout.isprintable() or set(answer.stdout) - {"\n"} <= set(
        map(chr, range(32, 127))
    )


@pytest.mark.usefixtures("log")
def test_an_export_to_a_file_leaves_stdout_alone(hookflash: Hookflash, tmp_path: Path) -> None:
    answer = hookflash("audit", "export", "--output", str(tmp_path / "log.jsonl"))

    assert answer.stdout == ""
    assert answer.stderr == "3 entries exported.\n"
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 3


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("output", "proof"), [("-", "-"), ("log.jsonl", "log.jsonl"), ("log.jsonl", "./log.jsonl")]
)
def test_a_proof_does_not_take_the_place_of_its_export(
    output: str, proof: str, hookflash: Hookflash, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    answer = hookflash("audit", "export", "--output", output, "--proof", proof)

    assert answer.exit_code == 2
    assert "name another file" in answer.stderr
    assert not (tmp_path / "log.jsonl").exists()


def test_an_empty_log_holds_and_has_an_empty_export(hookflash: Hookflash) -> None:
    verified = hookflash("audit", "verify")

    assert verified.exit_code == 0
    assert verified.stdout == "The log has no entries.\n"
    assert hookflash("audit", "export").stdout == ""


def test_an_empty_log_has_an_empty_list(hookflash: Hookflash) -> None:
    assert lines(hookflash("audit", "list")) == []


def test_a_database_without_tables_is_told_with_what_to_run(
    hookflash: Hookflash, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    file = sqlite_path(empty_database_url)
    if file is not None:
        file.touch()

    asked = [hookflash("audit", "list"), hookflash("audit", "verify"), hookflash("db", "check")]

    assert [answer.exit_code for answer in asked] == [1, 1, 1]
    assert [answer.stderr for answer in asked] == 3 * [EMPTY]


@pytest.mark.parametrize("words", ["list", "export", "verify", "checkpoints", "follow"])
def test_a_log_that_is_not_there_is_told_with_where_it_was_looked_for(
    words: str, hookflash: Hookflash, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In the wrong folder the way on is the right one, not new tables."""
    monkeypatch.setenv("DATABASE_URL", "sqlite:///hookflash.db")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    answer = hookflash("audit", words)

    assert (answer.exit_code, answer.stdout) == (1, "")
    assert f"There is no log at {elsewhere / 'hookflash.db'}: no such file." in answer.stderr
    assert "Set DATABASE_URL" in answer.stderr
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("words", ["list", "verify"])
def test_the_log_of_a_newer_version_is_told_with_what_reads_it(
    words: str, hookflash: Hookflash, database_url: str
) -> None:
    tamper(database_url, "UPDATE alembic_version SET version_num = '9999'")

    answer = hookflash("audit", words)

    assert answer.exit_code == 1
    assert "a newer one has migrated it. Run that version" in answer.stderr


def test_db_commands_bring_the_tables_up_to_date_and_say_so(
    hookflash: Hookflash, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    assert hookflash("db", "current").stdout == ""

    upgraded = hookflash("db", "upgrade")

    assert (upgraded.exit_code, upgraded.stdout) == (0, "")
    assert hookflash("db", "current").stdout == f"{SCHEMA_REVISION}\n"
    assert hookflash("db", "check").exit_code == 0
    assert hookflash("db", "upgrade").exit_code == 0


def test_db_check_fails_where_the_log_is_not_protected(
    hookflash: Hookflash, database_url: str
) -> None:
    with administration(database_url) as connection:
        drop_triggers(connection, "audit_heads")

    answer = hookflash("db", "check")

    assert answer.exit_code == 1
    assert "The audit log is not protected" in answer.stderr


def test_a_database_that_is_not_there_is_a_sentence(
    hookflash: Hookflash, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://hookflash:hunter2@127.0.0.1:1/hookflash")

    answer = hookflash("audit", "verify")

    assert answer.exit_code == 1
    assert answer.stderr.startswith("Error: The database failed: ")
    assert "hunter2" not in answer.output


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    "words", [("list",), ("show", "1"), ("export",), ("verify",), ("follow", "--after", "0")]
)
@pytest.mark.parametrize("make_database", ["sqlite"], indirect=True)
def test_a_full_disk_under_standard_output_is_told_in_a_sentence(
    words: tuple[str, ...], database_url: str
) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(  # noqa: S603 - ours
            [sys.executable, "-m", "bot", "audit", *words],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={"DATABASE_URL": database_url},
            timeout=30,
        )

    assert ended.returncode == 1
    assert ended.stderr.endswith(": No space left on device.\n")
    assert "Traceback" not in ended.stderr
