"""Keys, checkpoints and verify, as whoever answers for the log uses them at a terminal."""

from __future__ import annotations

import json
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.application.checkpoints import Checkpointer, signed_checkpoint
from bot.database.audit_reader import SqlAuditReader
from bot.database.checkpoints import SqlCheckpointStore
from bot.database.engine import Database
from bot.database.ledger import SqlLedger
from bot.database.triggers import PROTECTED_TABLES
from bot.domain.audit import MAIN_CHAIN, Event
from bot.domain.errors import LogUnavailableError
from bot.evidence.checkpoint_file import CheckpointFile
from bot.evidence.keys import is_signed, read_signer
from tests.contract.database.conftest import Command, Hookflash
from tests.contract.database.drafts import BEN, append, draft, drop_triggers
from tests.fixtures_database import administration, now

Grow = Callable[..., Awaitable[None]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the terminal stands."""
    (tmp_path / "desk").mkdir()
    monkeypatch.chdir(tmp_path / "desk")
    return tmp_path / "desk"


@pytest.fixture
def grow(database: Database, ledger: SqlLedger, folder: Path) -> Grow:
    """Adds a request to the log and signs its end, as the bot does when it stops."""

    async def add(key_file: str, *, is_signed_too: bool = True, **given: object) -> None:
        log = SqlAuditReader(database.reader, chain_id=MAIN_CHAIN)
        request_id = f"r{(await log.head()).seq}"
        told = {"actor_name": "ana", "reason": "fraud", "from": "+14155550123"}
        await append(
            ledger,
            draft(request_id=request_id, personal=told, **given),
            draft(request_id=request_id, event=Event.SUCCEEDED, **given),
        )
        if not is_signed_too:
            return
        file = CheckpointFile(folder / "seen.jsonl")
        await Checkpointer(
            signer=read_signer(key_file),
            is_signed=is_signed,
            head=log.head,
            head_at=log.head_at,
            store=SqlCheckpointStore(database, chain_id=MAIN_CHAIN),
            witnesses=[file],
            held_outside=file.held,
            clock=now,
        ).write_last()

    return add


@pytest.fixture
async def key(command: Command, folder: Path) -> str:
    """The public half of a key in `audit.key`."""
    made = await command("audit", "key", "new", "--output", "audit.key")
    assert made.stdout == f"HOOKFLASH_AUDIT_KEY={folder}/audit.key\n"
    (folder / "public.key").write_text(made.stderr.split()[-1])
    return made.stderr.split()[-1]


def test_a_key_is_its_owners_alone_and_is_never_overwritten(
    hookflash: Hookflash, folder: Path
) -> None:
    hookflash("audit", "key", "new", "--output", "audit.key")
    before = (folder / "audit.key").read_text()

    again = hookflash("audit", "key", "new", "--output", "audit.key")

    assert again.exit_code == 1
    assert "never overwritten" in again.stderr
    assert (folder / "audit.key").read_text() == before
    assert stat.S_IMODE((folder / "audit.key").stat().st_mode) == 0o600


@pytest.mark.usefixtures("folder")
def test_a_key_can_stand_in_the_setting_itself(
    hookflash: Hookflash, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = hookflash("audit", "key", "new")
    monkeypatch.setenv(*made.stdout.strip().split("=", 1))

    shown = hookflash("audit", "key", "public")

    assert made.stdout.startswith("HOOKFLASH_AUDIT_KEY=ed25519-private:")
    assert shown.stdout.strip() == made.stderr.split()[-1]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("setting", "words", "code"),
    [
        (None, "hookflash audit key new", 1),
        ("missing.key", "cannot be read", 1),
        ("ed25519-private:short", "is no private key", 2),
        ("ed25519-public:AAAA", "the private one is needed", 2),
    ],
)
def test_a_key_that_is_missing_or_wrong_is_told(
    setting: str | None,
    words: str,
    code: int,
    hookflash: Hookflash,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if setting is not None:
        monkeypatch.setenv("HOOKFLASH_AUDIT_KEY", setting)

    answer = hookflash("audit", "key", "public")

    assert answer.exit_code == code
    assert words in answer.stderr


async def test_the_log_is_held_against_its_checkpoints(
    command: Command, grow: Grow, key: str
) -> None:
    await grow("audit.key")
    await grow("audit.key")

    answer = await command("audit", "verify", "--public-key", key)

    assert answer.exit_code == 0
    assert "Checkpoints that fit: 2. The newest was signed at entry 4" in answer.stdout
    assert answer.stderr == ""


@pytest.mark.usefixtures("key")
async def test_without_a_given_key_it_is_said_to_compare_it(command: Command, grow: Grow) -> None:
    await grow("audit.key")

    answer = await command("audit", "verify")

    assert answer.exit_code == 0
    assert "Compare that key with the one you know" in answer.stderr


FORGE = (
    "DELETE FROM audit_checkpoints",
    "DELETE FROM audit_entries WHERE seq > 2",
    "DELETE FROM audit_personal WHERE seq > 2",
    "UPDATE audit_heads SET seq = 2, hash = (SELECT hash FROM audit_entries WHERE seq = 2)",
)


@pytest.fixture
async def forged(grow: Grow, key: str, database_url: str) -> str:
    """A log whose owner took the last request and every checkpoint away; its public key."""
    await grow("audit.key")
    await grow("audit.key", actor=BEN)
    with administration(database_url) as connection:
        drop_triggers(connection, *PROTECTED_TABLES)
        for statement in FORGE:
            connection.execute(text(statement))
    return key


async def test_an_owner_who_cuts_off_the_end_is_found_out_by_a_witness(
    command: Command, forged: str
) -> None:
    unaware = await command("audit", "verify")
    aware = await command("audit", "verify", "--checkpoints", "seen.jsonl", "--public-key", forged)

    assert unaware.exit_code == 0
    assert aware.exit_code == 1
    assert "Entry 3 is missing: the end of the log was cut off" in aware.stdout


async def test_an_owner_who_writes_another_end_is_found_out_by_a_witness(
    command: Command, forged: str, ledger: SqlLedger
) -> None:
    """Without the key, which is not in the database."""
    await append(ledger, draft(), draft())
    unaware = await command("audit", "verify")
    aware = await command("audit", "verify", "--checkpoints", "seen.jsonl", "--public-key", forged)

    assert unaware.exit_code == 0
    assert aware.exit_code == 1
    assert "the log was rewritten from an entry between 3 and 4 on" in aware.stdout


async def test_checkpoints_are_printed_as_they_were_shown(
    command: Command, grow: Grow, key: str, folder: Path
) -> None:
    await grow("audit.key")

    printed = (await command("audit", "checkpoints")).stdout

    assert printed == (folder / "seen.jsonl").read_text()
    assert json.loads(printed)["public_key"] == key


async def test_an_export_is_verified_without_database_and_settings(
    command: Command, grow: Grow, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await grow("audit.key")
    await command("audit", "export", "--output", "log.jsonl")
    monkeypatch.setenv("DATABASE_URL", "nonsense")
    monkeypatch.setenv("HOOKFLASH_AUDIT_KEY", "nonsense")

    answer = await command(
        "audit", "verify", "log.jsonl", "--checkpoints", "seen.jsonl", "--public-key", "public.key"
    )

    assert answer.exit_code == 0, answer.output
    assert f"Their key is {key}." in answer.stdout


async def test_what_one_person_did_is_proven_to_belong_to_the_log(
    command: Command, grow: Grow, key: str, folder: Path
) -> None:
    await grow("audit.key")
    await grow("audit.key", actor=BEN)
    await grow("audit.key")
    await command("audit", "export", "by:U0BEN", "--output", "part.jsonl", "--proof", "proof.jsonl")
    words = ("audit", "verify", "part.jsonl", "--proof", "proof.jsonl", "--public-key", key)

    good = await command(*words)
    part = folder / "part.jsonl"
    part.write_text(part.read_text().replace('"button"', '"command"', 1))
    bad = await command(*words)

    assert good.exit_code == 0, good.output
    assert "The export holds: 2 entries" in good.stdout
    assert "fraud" not in (folder / "proof.jsonl").read_text()
    assert bad.exit_code == 1
    assert "Entry 3 was changed after it was recorded." in bad.stdout


async def test_a_proof_goes_on_past_a_checkpoint_that_does_not_count(
    command: Command,
    grow: Grow,
    key: str,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As of a replica that knew nothing yet of the key that had taken its own key's place."""
    await grow("audit.key")
    monkeypatch.setenv("HOOKFLASH_AUDIT_KEY", "audit.key")
    await command("audit", "key", "rotate", "--output", "new.key")
    await grow("new.key", actor=BEN, is_signed_too=False)
    store = SqlCheckpointStore(database, chain_id=MAIN_CHAIN)
    head = await SqlAuditReader(database.reader, chain_id=MAIN_CHAIN).head()
    too_late = signed_checkpoint(head, signer=read_signer("audit.key"), clock=now)
    assert await store.add(too_late, after=await store.newest())
    await grow("new.key")

    await command("audit", "export", "by:U0BEN", "--output", "part.jsonl", "--proof", "proof.jsonl")
    answer = await command(
        "audit", "verify", "part.jsonl", "--proof", "proof.jsonl", "--public-key", key
    )

    assert answer.exit_code == 0, answer.output


async def test_a_proof_that_nobody_signed_yet_says_so(
    command: Command, ledger: SqlLedger, key: str, folder: Path
) -> None:
    await append(ledger, draft(), draft())
    exported = await command(
        "audit", "export", "--output", str(folder / "part.jsonl"), "--proof", "proof.jsonl"
    )

    loose = await command("audit", "verify", "part.jsonl", "--proof", "proof.jsonl")
    strict = await command(
        "audit", "verify", "part.jsonl", "--proof", "proof.jsonl", "--public-key", key
    )

    assert "write it again after the next checkpoint" in exported.stderr
    assert (loose.exit_code, strict.exit_code) == (0, 1)
    assert "No checkpoint was there" in loose.stderr
    assert "has no checkpoint at it or after it" in strict.stdout


async def test_a_key_is_replaced_and_the_first_one_still_leads_to_all(
    command: Command, grow: Grow, key: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await grow("audit.key")
    monkeypatch.setenv("HOOKFLASH_AUDIT_KEY", "audit.key")
    rotated = await command("audit", "key", "rotate", "--output", "new.key")
    await grow("new.key")

    seen = (folder / "seen.jsonl").read_text().splitlines()
    answer = await command("audit", "verify", "--public-key", key)
    of_witness = await command(
        "audit", "verify", "--checkpoints", "seen.jsonl", "--public-key", key
    )

    assert rotated.exit_code == 0
    assert rotated.stdout.strip() == seen[1]
    assert [json.loads(line)["seq"] for line in seen] == [2, 2, 4]
    assert (answer.exit_code, of_witness.exit_code) == (0, 0)


@pytest.mark.usefixtures("key")
async def test_a_key_that_was_replaced_names_no_second_successor(
    command: Command, grow: Grow, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of them are a fault that no later checkpoint mends."""
    await grow("audit.key")
    monkeypatch.setenv("HOOKFLASH_AUDIT_KEY", "audit.key")
    await command("audit", "key", "rotate", "--output", "new.key")
    successor = read_signer("new.key").public_key

    again = await command("audit", "key", "rotate", "--output", "newer.key")
    verdict = await command("audit", "verify")

    assert again.exit_code == 1
    assert f"was replaced already, by {successor}" in again.stderr
    assert not (folder / "newer.key").exists()
    assert verdict.exit_code == 0


@pytest.mark.usefixtures("key")
async def test_a_new_key_is_to_be_kept_where_the_database_does_not_say_if_it_took_it(
    command: Command, grow: Grow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who threw it away would have no key that counts, and none can be named in its place."""

    async def add_and_fall_silent(self: SqlCheckpointStore, *given: Any, **named: Any) -> bool:
        await add(self, *given, **named)
        raise LogUnavailableError("The database failed")

    await grow("audit.key")
    add = SqlCheckpointStore.add
    monkeypatch.setenv("HOOKFLASH_AUDIT_KEY", "audit.key")
    monkeypatch.setattr(SqlCheckpointStore, "add", add_and_fall_silent)

    rotated = await command("audit", "key", "rotate", "--output", "new.key")

    assert rotated.exit_code == 1
    assert "keep new.key" in rotated.stderr
    again = await command("audit", "key", "rotate", "--output", "newer.key")
    assert read_signer("new.key").public_key in again.stderr


@pytest.mark.usefixtures("key")
async def test_a_key_that_was_changed_without_a_succession_is_not_trusted(
    command: Command, grow: Grow, folder: Path
) -> None:
    await grow("audit.key")
    await command("audit", "key", "new", "--output", "other.key")
    await grow("other.key")

    answer = await command("audit", "verify", "--public-key", "public.key")
    both = await command(
        "audit",
        "verify",
        "--public-key",
        "public.key",
        "--public-key",
        read_signer(str(folder / "other.key")).public_key,
    )

    assert answer.exit_code == 1
    assert "nor a key that they led to" in answer.stderr
    assert "give each of them with --public-key" in answer.stderr
    assert both.exit_code == 0


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--proof", "proof.jsonl"), "name that too"),
        (("none.jsonl",), "none.jsonl does not exist"),
        (("--checkpoints", "none.jsonl"), "none.jsonl does not exist"),
    ],
)
def test_a_wrong_command_line_is_told_from_a_fault(
    words: tuple[str, ...], told: str, hookflash: Hookflash
) -> None:
    answer = hookflash("audit", "verify", *words)

    assert answer.exit_code == 2
    assert told in answer.stderr


def test_a_file_without_a_checkpoint_is_a_fault(hookflash: Hookflash, folder: Path) -> None:
    (folder / "empty.jsonl").write_text("nothing\n{half")

    answer = hookflash("audit", "verify", "--checkpoints", "empty.jsonl")

    assert answer.exit_code == 1
    assert "holds no checkpoint. Line 2 of empty.jsonl is no JSON" in answer.stderr
