"""The doctor at a company where all is well, and at one where one thing is wrong."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from asyncio import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.bootstrap import run_bot
from bot.database.tables import SCHEMA_REVISION
from bot.database.triggers import PROTECTED_TABLES
from bot.doctor import Finding, Level, examine, is_well
from bot.evidence.keys import new_private_key, read_signer, write_private_key
from bot.sandbox.slack import SlackStandIn
from bot.sandbox.twilio import TwilioStandIn
from bot.settings import load_settings
from bot.slack.manifest import SCOPES
from tests.contract.database.drafts import append, draft
from tests.scenario.company import (
    APP_TOKEN,
    AUTH_TOKEN,
    BOT_TOKEN,
    SIGNING_SECRET,
    environ_for,
    outside_world,
)

API_KEY, API_SECRET = "SK" + "d4" * 16, "e5" * 16
UNUSED_PORT = 9
NOWHERE = f"http://127.0.0.1:{UNUSED_PORT}"
# Nobody has typed or pressed anything yet.
NOT_KNOWN_YET = ["Slash command", "Buttons and forms"]


@dataclass
class Practice:
    """A company, and its environment as the doctor is given it."""

    slack: SlackStandIn
    twilio: TwilioStandIn
    environ: dict[str, str]
    log: Path
    key: Path

    def use_api_key(self) -> None:
        """The settings hold an API key instead of the auth token."""
        self.twilio.account.api_keys[API_KEY] = API_SECRET
        del self.environ["TWILIO_AUTH_TOKEN"]
        self.environ |= {"TWILIO_API_KEY": API_KEY, "TWILIO_API_SECRET": API_SECRET}

    async def findings(self) -> list[Finding]:
        """What the doctor finds; no secret ever stands in it."""
        found = await examine(lambda: self.environ)
        for secret in (BOT_TOKEN, SIGNING_SECRET, AUTH_TOKEN, API_SECRET):
            assert secret not in repr(found)
        assert [one for one in found if one.level is not Level.OK and not one.advice] == []
        return found

    async def troubles(self, level: Level = Level.FAULT) -> list[tuple[str, str]]:
        """Subject and text of what has this level."""
        return [(one.subject, one.text) for one in await self.findings() if one.level is level]


@pytest.fixture
async def practice(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Practice]:
    """All is well, with the least scopes and a log that only its owner can read; no bot runs."""
    log = tmp_path / "hookflash.db"
    shutil.copy(sqlite_template, log)
    log.chmod(0o600)
    key = tmp_path / "audit.key"
    write_private_key(key, new_private_key())
    evidence = {
        "HOOKFLASH_AUDIT_KEY": str(key),
        "HOOKFLASH_AUDIT_FILE": str(tmp_path / "checkpoints.jsonl"),
    }
    async with outside_world() as (slack, twilio):
        environ = environ_for(slack, twilio, database_url=f"sqlite:///{log}")
        environ |= evidence | {"PORT": str(UNUSED_PORT)}
        yield Practice(slack, twilio, environ, log, key)


async def test_where_all_is_well_only_what_nobody_can_tell_yet_is_in_doubt(
    practice: Practice,
) -> None:
    found = await practice.findings()

    assert is_well(found)
    in_doubt = [one.subject for one in found if one.level is Level.WARNING]
    assert in_doubt == ["Address", *NOT_KNOWN_YET]
    texts = "\n".join(one.text for one in found)
    assert "in the workspace Sandbox (T0SANDBOX)" in texts
    assert "calls of Elastic SIP trunks before they have ended" in texts
    assert "It agrees with Slack's." in texts
    assert "It agrees with Twilio's." in texts
    assert "It has no entry yet." in texts
    assert "the public key is ed25519-public:" in texts


async def test_the_doctor_changes_nothing(practice: Practice) -> None:
    before = practice.log.read_bytes()

    await practice.findings()

    assert {request.method for request in practice.twilio.requests} == {"GET"}
    assert {call.method for call in practice.slack.api_calls} <= {
        "api.test",
        "auth.test",
        "users.info",
    }
    assert practice.log.read_bytes() == before


async def test_an_address_that_answers_is_well(practice: Practice) -> None:
    async with run_bot(load_settings(practice.environ)) as bot:
        async with TestServer(bot.web_app) as server:
            practice.environ["HOOKFLASH_PUBLIC_URL"] = str(server.make_url(""))
            warnings = await practice.troubles(Level.WARNING)
            assert [subject for subject, _text in warnings] == NOT_KNOWN_YET
        await bot.stop()


async def test_an_address_that_leads_to_something_else_is_told(practice: Practice) -> None:
    async with TestServer(web.Application()) as other:
        practice.environ["HOOKFLASH_PUBLIC_URL"] = str(other.make_url(""))
        warnings = dict(await practice.troubles(Level.WARNING))

    assert warnings["Address"].startswith("No Hookflash answers at")


async def test_a_revoked_token_is_a_fault(practice: Practice) -> None:
    practice.slack.faults.fail("auth.test", "token_revoked")

    [finding] = [one for one in await practice.findings() if one.level is Level.FAULT]

    assert finding.subject == "Slack token"
    assert "install the app again and copy its bot token" in finding.advice


async def test_slack_out_of_order_is_a_fault_and_the_rest_is_looked_at(practice: Practice) -> None:
    practice.slack.faults.break_down("auth.test", times=None)

    found = await practice.findings()

    assert [one.subject for one in found if one.level is Level.FAULT] == ["Slack token"]
    assert Finding(Level.OK, "Database", "It answers.") in found


async def test_no_network_is_a_fault_of_each(practice: Practice) -> None:
    practice.environ |= {"SLACK_API_URL": f"{NOWHERE}/api/", "TWILIO_API_URL": NOWHERE}

    faults = await practice.troubles()
    warnings = await practice.troubles(Level.WARNING)

    assert [subject for subject, _text in faults] == ["Slack token", "Twilio account"]
    assert ("Clock", "Twilio did not tell the time.") in warnings


async def test_in_socket_mode_the_app_token_is_tried_and_no_address(practice: Practice) -> None:
    practice.environ["SLACK_APP_TOKEN"] = APP_TOKEN

    warnings = await practice.troubles(Level.WARNING)
    assert [subject for subject, _text in warnings] == NOT_KNOWN_YET
    [text] = [one.text for one in await practice.findings() if one.subject == "Socket Mode"]
    assert text == "Slack gives connections for the app-level token."


async def test_a_wrong_app_token_is_a_fault(practice: Practice) -> None:
    practice.environ["SLACK_APP_TOKEN"] = "xapp-1-of-another-app"

    assert await practice.troubles() == [
        ("Socket Mode", "Slack does not accept the app-level token.")
    ]


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_missing_scope_is_named_with_what_needs_it(practice: Practice, scope: str) -> None:
    practice.slack.web_api.scopes.remove(scope)

    [(subject, text)] = await practice.troubles()

    assert subject == "Slack scopes"
    assert text == f"{scope} is missing; it is needed for {SCOPES[scope]}."


async def test_superfluous_scopes_are_a_warning(practice: Practice) -> None:
    practice.slack.web_api.scopes |= {"files:write", "im:history"}

    warnings = await practice.troubles(Level.WARNING)

    text = "The token may do more than Hookflash needs: files:write, im:history."
    assert ("Slack scopes", text) in warnings


async def test_people_whom_the_workspace_does_not_have_are_a_fault(practice: Practice) -> None:
    practice.environ["HOOKFLASH_ADMINS"] = "U0ADA,U0NOBODY"

    [(subject, text)] = await practice.troubles()

    assert (subject, "nobody with the member id U0NOBODY" in text) == ("People", True)


async def test_that_nobody_may_act_is_a_warning(practice: Practice) -> None:
    del practice.environ["HOOKFLASH_ADMINS"], practice.environ["HOOKFLASH_OPERATORS"]

    warnings = await practice.troubles(Level.WARNING)

    text = "There are no admins and no operators: nobody may redirect or hang up."
    assert ("People", text) in warnings


async def test_wrong_credentials_are_a_fault(practice: Practice) -> None:
    practice.environ["TWILIO_AUTH_TOKEN"] = "0" * 32

    assert await practice.troubles() == [
        ("Twilio account", "Twilio does not accept the credentials.")
    ]


async def test_a_suspended_account_is_a_fault(practice: Practice) -> None:
    practice.twilio.account.suspend()

    assert await practice.troubles() == [("Twilio account", "The account is not active.")]


async def test_numbers_whose_flow_takes_no_call_that_is_up_are_told(practice: Practice) -> None:
    studio = f"https://webhooks.twilio.com/v1/Accounts/AC{'1' * 32}/Flows/FW{'2' * 32}"
    practice.twilio.network.add_number("+442079460777", "Studio line", studio)

    warnings = await practice.troubles(Level.WARNING)

    (told,) = [text for subject, text in warnings if subject == "Numbers"]
    assert "The account has 2; 1 without a voice URL" in told
    assert "or with a Studio flow, which takes no call that is up" in told


async def test_a_restricted_key_is_told_each_right_that_it_lacks(practice: Practice) -> None:
    practice.use_api_key()
    practice.twilio.account.restrict(API_KEY, ["calls/list"])

    [(_subject, fault)] = await practice.troubles()
    warnings = await practice.troubles(Level.WARNING)

    assert fault.startswith("The key may not read a call: no call can be opened or settled")
    assert "/twilio/voice/calls/read" in fault
    of_rights = [text for subject, text in warnings if subject == "Twilio rights"]
    assert len(of_rights) == 3
    assert any("own-flow leads nowhere" in text for text in of_rights)


async def test_whether_a_key_may_change_calls_is_not_claimed(practice: Practice) -> None:
    practice.use_api_key()

    found = await practice.findings()

    assert is_well(found)
    assert any("shows only with a call" in one.text for one in found)


async def test_numbers_without_a_voice_url_are_counted(practice: Practice) -> None:
    practice.twilio.network.add_number("+442079460001", "Fax", "")

    warnings = await practice.troubles(Level.WARNING)

    [text] = [text for subject, text in warnings if subject == "Numbers"]
    assert text.startswith("The account has 2; 1 without a voice URL")


async def test_an_unreachable_database_is_a_fault(practice: Practice) -> None:
    practice.environ["DATABASE_URL"] = "postgresql://hookflash:secret-word@127.0.0.1:9/hookflash"

    [(subject, text)] = await practice.troubles()

    assert (subject, "Connection refused" in text) == ("Database", True)
    assert "secret-word" not in text


async def test_an_absent_file_is_well_since_serve_makes_it(practice: Practice) -> None:
    practice.log.unlink()

    found = await practice.findings()

    assert is_well(found)
    assert any("does not exist yet; hookflash serve makes it" in one.text for one in found)
    assert not practice.log.exists()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DROP TABLE alembic_version", "no revision is noted, missing are: none"),
        (
            "DROP TABLE call_changes",
            f"revision {SCHEMA_REVISION} is noted, missing are: call_changes",
        ),
        ("UPDATE alembic_version SET version_num = '0000'", "at revision 0000"),
    ],
)
async def test_a_half_migrated_database_is_a_fault(
    practice: Practice, statement: str, told: str
) -> None:
    with sqlite3.connect(practice.log) as connection:
        connection.execute(statement)
    connection.close()

    [(subject, text)] = await practice.troubles()

    assert (subject, told in text) == ("Tables", True)


@pytest.mark.parametrize("table", PROTECTED_TABLES)
async def test_missing_triggers_are_a_fault(practice: Practice, table: str) -> None:
    with sqlite3.connect(practice.log) as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
        [name] = connection.execute(f"{query} LIMIT 1", [table]).fetchone()
        connection.execute(f"DROP TRIGGER {name}")
    connection.close()

    [(subject, text)] = await practice.troubles()

    assert (subject, name in text) == ("Tables", True)


async def test_a_head_that_does_not_fit_the_log_is_a_fault(practice: Practice) -> None:
    with sqlite3.connect(practice.log) as connection:
        connection.execute(
            "INSERT INTO audit_heads (chain_id, seq, hash) VALUES ('main', 3, ?)", ["0" * 64]
        )
    connection.close()

    [(subject, text)] = await practice.troubles()

    assert (subject, "the end of the log was cut off" in text) == ("Log", True)


async def test_a_log_that_others_may_read_is_a_warning(practice: Practice) -> None:
    practice.log.chmod(0o644)

    [finding] = [one for one in await practice.findings() if one.subject == "Log file"]

    assert finding.level is Level.WARNING
    assert finding.advice == f"Run: chmod 600 {practice.log}"


async def test_wrong_settings_are_told_all_at_once_and_the_database_is_looked_at(
    practice: Practice,
) -> None:
    del practice.environ["SLACK_BOT_TOKEN"]
    practice.environ["PORT"] = "many"

    found = await practice.findings()

    faults = [one.text for one in found if one.level is Level.FAULT]
    assert [text.split()[0] for text in faults] == ["SLACK_BOT_TOKEN", "PORT"]
    assert Finding(Level.OK, "Database", "It answers.") in found


async def test_a_proxy_is_told_with_who_does_not_use_it(practice: Practice) -> None:
    practice.environ["HTTPS_PROXY"] = "http://user:pass-word@proxy.example.com:3128"

    [text] = [one.text for one in await practice.findings() if one.subject == "Proxies"]

    assert text.startswith("HTTPS_PROXY: Slack's Web API is asked through it; Twilio")
    assert "pass-word" not in text


async def hookflash(*words: str, environ: dict[str, str], folder: Path) -> tuple[int, str, str]:
    """Exit code, output and talk of the command in a process of its own."""
    process = await subprocess.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *words,
        env=environ,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    output, talk = await process.communicate()
    return process.returncode or 0, output.decode(), talk.decode()


async def test_without_a_fault_the_command_ends_with_0(practice: Practice, tmp_path: Path) -> None:
    code, output, talk = await hookflash("doctor", environ=practice.environ, folder=tmp_path)

    assert (code, talk) == (0, "")
    assert "\nok       Slack token: The bot is" in output
    assert output.rstrip().endswith("3 warnings, 0 faults")


async def test_with_a_fault_the_command_ends_with_1_and_machines_can_read_it(
    practice: Practice, tmp_path: Path
) -> None:
    practice.twilio.account.suspend()

    code, output, talk = await hookflash(
        "doctor", "--json", environ=practice.environ, folder=tmp_path
    )

    told = json.loads(output)
    assert (code, talk, told["is_well"]) == (1, "", False)
    assert {"level", "subject", "text", "advice"} == told["findings"][0].keys()


async def test_a_settings_file_with_faults_is_a_fault(practice: Practice, tmp_path: Path) -> None:
    file = tmp_path / "hookflash.env"
    file.write_text("SLACK_BOT_TOKN=xoxb-1\nLOG_LEVEL=INFO\nexport PORT=3000\n")
    loose = await hookflash("doctor", environ=practice.environ, folder=tmp_path)
    file.chmod(0o600)
    mistyped = await hookflash("doctor", environ=practice.environ, folder=tmp_path)

    assert (loose[0], mistyped[0]) == (1, 1)
    assert "hookflash.env holds secrets, but other users may open it" in loose[1]
    assert "line 1: SLACK_BOT_TOKN is no setting of Hookflash (did you mean" in mistyped[1]
    assert "line 3: this is neither NAME=value nor a comment" in mistyped[1]


async def test_without_a_key_the_doctor_says_what_the_log_then_cannot_prove(
    practice: Practice,
) -> None:
    del practice.environ["HOOKFLASH_AUDIT_KEY"], practice.environ["HOOKFLASH_AUDIT_FILE"]

    warnings = dict(await practice.troubles(Level.WARNING))

    assert "its owner could compute it anew" in warnings["Checkpoints"]


async def test_checkpoints_that_stay_in_the_database_are_a_warning(practice: Practice) -> None:
    del practice.environ["HOOKFLASH_AUDIT_FILE"]

    warnings = dict(await practice.troubles(Level.WARNING))

    assert "kept in the database only" in warnings["Checkpoints"]


async def test_a_key_that_is_not_there_or_no_key_is_a_fault(practice: Practice) -> None:
    practice.key.write_text("secret-but-no-key")
    [(subject, no_key)] = await practice.troubles()
    practice.key.unlink()
    [(_subject, no_file)] = await practice.troubles()

    assert subject == "Checkpoints"
    assert "is no private key" in no_key
    assert "secret-but-no-key" not in no_key
    assert "cannot be read: No such file" in no_file


async def test_a_key_that_was_replaced_is_a_fault_until_the_new_one_is_set(
    practice: Practice, tmp_path: Path
) -> None:
    new_key = tmp_path / "new.key"
    rotated = await hookflash(
        "audit",
        "key",
        "rotate",
        "--output",
        str(new_key),
        environ=practice.environ,
        folder=tmp_path,
    )

    [(subject, replaced)] = await practice.troubles()
    practice.environ["HOOKFLASH_AUDIT_KEY"] = str(new_key)
    found = await practice.findings()

    assert rotated[0] == 0
    assert subject == "Checkpoints"
    assert f"was replaced by {read_signer(str(new_key)).public_key}, so nothing" in replaced
    assert is_well(found)


async def test_a_key_that_others_may_read_is_a_warning(practice: Practice) -> None:
    practice.key.chmod(0o644)

    warnings = dict(await practice.troubles(Level.WARNING))

    assert "may read the key" in warnings["Checkpoints"]


async def test_a_log_that_is_not_the_one_that_was_shown_outside_is_a_fault(
    practice: Practice, tmp_path: Path
) -> None:
    """Somebody puts an older backup in its place."""
    backup = tmp_path / "backup.db"
    shutil.copy(practice.log, backup)
    async with run_bot(load_settings(practice.environ)) as bot:
        await append(bot.outside.ledger, draft())
        assert bot.checkpointer is not None
        await bot.checkpointer.write_last()
    before = await practice.troubles()
    for left in practice.log.parent.glob(f"{practice.log.name}-*"):
        left.unlink()
    shutil.copy(backup, practice.log)

    [(subject, text)] = await practice.troubles()

    assert before == []
    assert subject == "Checkpoints"
    assert "lost its end, as where a standby or a backup took its place" in text
