"""What keeps `hookflash` from its work on this machine, told in a sentence with the next step."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.sandbox.slack import SlackStandIn
from bot.sandbox.twilio import TwilioStandIn
from tests.scenario.company import ANA, SUPPORT, SUPPORT_LINE, environ_for, outside_world
from tests.scenario.processes import stage
from tests.scenario.trouble import until

# Root passes every permission of a file, unless the kernel is told to ask for them.
ASK_FOR_PERMISSION = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
WITHIN_S = 30.0


@dataclass
class Machine:
    """Somebody's machine: a folder, settings, and what is outside."""

    folder: Path
    environ: dict[str, str]
    slack: SlackStandIn
    twilio: TwilioStandIn
    through: tuple[str, ...] = ()

    @property
    def log(self) -> Path:
        """The file of the log."""
        return self.folder / "hookflash.db"

    async def hookflash(self, *words: str, **environ: str) -> tuple[int | None, str]:
        """Exit code and all that is said by a command that ends by itself; no traceback ever is."""
        process = await asyncio.create_subprocess_exec(
            *(*self.through, sys.executable, "-m", "bot", *words),
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], **self.environ, **environ},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(WITHIN_S):
            said, _ = await process.communicate()
        assert "Traceback" not in said.decode()
        return process.returncode, said.decode()


@pytest.fixture
async def machine(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Machine]:
    """All is well there."""
    folder = tmp_path / "here"
    folder.mkdir()
    shutil.copy(sqlite_template, folder / "hookflash.db")
    async with outside_world() as (slack, twilio):
        environ = environ_for(slack, twilio, database_url="sqlite:///hookflash.db")
        yield Machine(folder, environ, slack, twilio)
        folder.chmod(0o700)


@pytest.fixture
async def strict_machine(machine: Machine) -> Machine:
    """The same, where permissions hold for whoever runs the tests."""
    if os.geteuid() == 0:
        machine.through = ASK_FOR_PERMISSION
        try:
            process = await asyncio.create_subprocess_exec(*ASK_FOR_PERMISSION, "true")
        except FileNotFoundError:
            pytest.skip("root passes every permission, and there is no setpriv to change that")
        if await process.wait() != 0:
            pytest.skip("root passes every permission, and may not give that up here")
    return machine


async def test_a_port_in_use_is_told_and_the_bot_ends(machine: Machine) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        code, said = await machine.hookflash("serve", PORT=port)

    assert code == 1
    assert f"Port {port} on 127.0.0.1 is in use; stop what uses it, or set PORT to another." in said


async def test_a_folder_that_may_not_be_written_is_told_and_the_doctor_says_more(
    strict_machine: Machine,
) -> None:
    strict_machine.log.unlink()
    strict_machine.folder.chmod(0o555)

    served, examined = await asyncio.gather(
        strict_machine.hookflash("serve"), strict_machine.hookflash("doctor")
    )

    assert (served[0], examined[0]) == (1, 1)
    assert "hookflash.db: Permission denied. hookflash doctor looks closer" in served[1]
    assert "This user cannot write to the folder" in examined[1]
    assert "name another file with DATABASE_URL" in examined[1]


async def test_a_log_that_is_read_only_is_a_fault_for_the_doctor(
    strict_machine: Machine,
) -> None:
    strict_machine.log.chmod(0o400)

    code, found = await strict_machine.hookflash("doctor")

    assert code == 1
    assert "This user cannot read and write hookflash.db." in found
    assert "Start Hookflash as the file's owner." in found


async def test_the_wizard_tells_of_a_closed_folder_before_it_asks(strict_machine: Machine) -> None:
    strict_machine.folder.chmod(0o555)

    code, said = await strict_machine.hookflash("init")

    assert code == 2
    assert said == (
        "Error: hookflash.env cannot be written (Permission denied); name another file with"
        " --file.\n"
    )


async def test_a_folder_that_is_not_there_is_told_and_the_doctor_says_so(machine: Machine) -> None:
    elsewhere = f"sqlite:///{machine.folder}/no/hookflash.db"

    served, examined = await asyncio.gather(
        machine.hookflash("serve", DATABASE_URL=elsewhere),
        machine.hookflash("doctor", DATABASE_URL=elsewhere),
    )

    assert (served[0], examined[0]) == (1, 1)
    assert "No such file or directory. hookflash doctor looks closer" in served[1]
    assert f"There is no folder {machine.folder}/no." in examined[1]
    assert "Make it, or mend DATABASE_URL." in examined[1]


async def test_a_database_that_cannot_be_reached_is_told_without_its_password(
    machine: Machine,
) -> None:
    url = "postgresql://hookflash:pass-word@127.0.0.1:9/hookflash"

    answers = await asyncio.gather(
        machine.hookflash("serve", DATABASE_URL=url),
        machine.hookflash("db", "upgrade", DATABASE_URL=url),
    )

    for code, said in answers:
        assert code == 1
        assert "Connection refused. hookflash doctor looks closer" in said
        assert "pass-word" not in said


async def test_an_option_of_the_url_that_the_driver_does_not_know_is_named(
    machine: Machine,
) -> None:
    """Hosts of PostgreSQL hand out addresses that are made for other drivers."""
    url = "postgresql://hookflash:pass-word@127.0.0.1:9/hookflash?sslmode=require&pgbouncer=true"

    code, said = await machine.hookflash("db", "check", DATABASE_URL=url)

    assert code == 1
    assert 'invalid connection option "pgbouncer"' in said
    assert "pass-word" not in said


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DROP TABLE call_changes", "The tables are half there"),
        ("UPDATE alembic_version SET version_num = '9999'", "a newer one has migrated it. Run"),
        ("DROP TRIGGER audit_entries_insert_once", "audit_entries_insert_once. Restore a backup"),
    ],
)
async def test_a_database_that_is_half_migrated_is_told_with_the_way_out(
    machine: Machine, statement: str, told: str
) -> None:
    with sqlite3.connect(machine.log) as database:
        database.execute(statement)
    database.close()

    code, said = await machine.hookflash("serve")

    assert (code, told in said) == (1, True)
    assert "estore a backup" in said


async def test_a_file_that_is_no_database_is_told(machine: Machine) -> None:
    machine.log.write_bytes(b"a spreadsheet, say" * 100)

    code, said = await machine.hookflash("serve")

    assert code == 1
    assert "file is not a database. hookflash doctor looks closer" in said


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
async def test_a_command_works_where_its_caller_has_closed_a_stream(
    closed: str, machine: Machine
) -> None:
    machine.through = ("sh", "-c", f'exec "$@" {closed}', "sh")

    code, _said = await machine.hookflash("audit", "list")

    assert code == 0


async def test_a_revoked_token_is_told_with_where_to_find_the_new_one(machine: Machine) -> None:
    machine.slack.faults.fail("auth.test", "token_revoked")

    code, said = await machine.hookflash("serve")

    assert code == 1
    assert "Slack does not accept SLACK_BOT_TOKEN: install the app again and copy" in said


async def test_a_network_that_is_away_at_the_start_is_used_when_it_is_back(tmp_path: Path) -> None:
    async with stage(f"sqlite:///{tmp_path}/hookflash.db") as here:
        call = here.call_in_progress()
        await here.slack.stop()
        await here.twilio.stop()
        await here.start()

        await here.slack.start()
        await here.twilio.start()
        await here.slack.command(ANA, SUPPORT, f"/calls hangup {call.sid}")

        await until(here.is_settled)
        assert here.twilio.updates(call.sid) == [{"Status": "completed"}]
        assert call.to == SUPPORT_LINE
