"""The command line, as its user meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from bot import __version__
from bot.cli import main
from bot.domain.errors import CallNotFoundError, HookflashError, LogUnavailableError

SCRIPT = str(Path(sys.executable).with_name("hookflash"))
HEAVY = {"aiohttp", "alembic", "pydantic", "slack_bolt", "sqlalchemy", "structlog", "twilio"}


def hookflash(*words: str, environ: Mapping[str, str] | None = None) -> Result:
    """What the command answers, with none of the settings that this process may have."""
    ours = ("SLACK_", "TWILIO_", "HOOKFLASH_", "DATABASE_", "DYNO")
    without: dict[str, str | None] = {name: None for name in os.environ if name.startswith(ours)}
    return CliRunner(env={**without, **(environ or {})}).invoke(main, words)


def python(
    *words: str, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A Python of its own, with nothing in its environment but the path."""
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={"PATH": os.environ["PATH"], **(environ or {})},
    )


@pytest.mark.parametrize("words", [["--help"], ["-h"], []])
def test_help_names_every_command(words: Sequence[str]) -> None:
    shown = hookflash(*words).output

    for command in ("serve", "init", "doctor", "sandbox", "manifest", "db", "audit"):
        assert f"\n  {command} " in shown


@pytest.mark.parametrize("words", [[], ["db"], ["audit"], ["audit", "key"]])
def test_what_a_command_does_is_told_to_its_end(words: Sequence[str]) -> None:
    _usage, *lines = hookflash(*words, "--help").output.splitlines()

    assert [line for line in lines if line.endswith("...")] == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("words", ["", "db", "audit", "audit key"])
def test_shells_complete_a_command_and_tell_all_that_it_does(shell: str, words: str) -> None:
    line = f"hookflash {words} ".replace("  ", " ")
    asked = {
        "_HOOKFLASH_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": "" if shell == "fish" else str(len(line.split())),
    }

    told = python(SCRIPT, environ=asked).stdout

    assert "plain" in told
    assert "..." not in told
    # In fish a description ends at its first comma.
    assert shell != "fish" or all(one.count(",") == 1 for one in told.splitlines())


def test_help_comes_without_loading_what_it_does_not_need() -> None:
    program = (
        "import sys; from bot.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print(*sys.modules, file=sys.stderr)"
    )

    ran = python("-c", program)

    assert ran.returncode == 0, ran.stderr
    assert not HEAVY & set(ran.stderr.split())


def test_the_module_and_the_script_are_the_same() -> None:
    ran = python("-m", "bot", "--version")

    assert ran.stdout == f"hookflash, version {__version__}\n"


@pytest.mark.parametrize(
    "command", ["serve", "init", "doctor", "sandbox", "manifest", "db", "audit"]
)
def test_every_command_has_help(command: str) -> None:
    result = hookflash(command, "--help")

    assert result.exit_code == 0
    assert result.output.startswith("Usage: ")


@pytest.mark.parametrize("group", ["db", "audit"])
def test_groups_are_loaded_when_they_are_called(group: str) -> None:
    context = click.Context(main)

    _name, command, _rest = main.resolve_command(context, [group])

    assert isinstance(command, click.Group)
    assert command.commands


def test_serve_tells_every_fault_of_the_settings_and_ends_with_2() -> None:
    ran = python("-m", "bot", "serve", environ={"PORT": "many", "SLACK_BOT_TOKEN": "xoxp-secret"})

    assert ran.returncode == 2
    assert ran.stdout == ""
    assert "SLACK_BOT_TOKEN is a user token" in ran.stderr
    assert "SLACK_SIGNING_SECRET is not set;" in ran.stderr
    assert "PORT is no whole number from 1 to 65535. Example: PORT=3000" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "xoxp-secret" not in ran.stderr
    assert ran.stderr.startswith("Error: 5 settings cannot be used as they are.\n")
    assert ran.stderr.endswith(
        "\nhookflash init asks for what is not set; hookflash sandbox needs none of it.\n"
    )


def test_a_wrong_command_line_ends_with_2() -> None:
    result = hookflash("hangup")

    assert result.exit_code == 2
    assert "No such command 'hangup'" in result.stderr


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (CallNotFoundError("CA1"), "no call 'CA1'"),
        (
            LogUnavailableError("the database does not answer"),
            "the database does not answer. hookflash doctor looks closer, and says what to do.",
        ),
    ],
)
def test_a_fault_of_ours_is_a_sentence_and_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, error: HookflashError, told: str
) -> None:
    def fails() -> None:
        raise error

    monkeypatch.setitem(main.commands, "fails", click.Command("fails", callback=fails))

    result = hookflash("fails")

    assert result.exit_code == 1
    assert result.stderr == f"Error: {told}\n"


def test_the_manifest_needs_no_token_and_is_data() -> None:
    result = hookflash("manifest", "--url", "https://calls.example.com/")

    manifest = json.loads(result.stdout)
    command = manifest["features"]["slash_commands"][0]
    assert command["command"] == "/calls"
    assert command["url"] == "https://calls.example.com/slack/events"
    assert result.stderr == ""


def test_the_manifest_follows_the_settings() -> None:
    result = hookflash(
        "manifest",
        environ={
            "HOOKFLASH_COMMAND": "/phones",
            "HOOKFLASH_PUBLIC_URL": "https://calls.example.com",
        },
    )

    command = json.loads(result.stdout)["features"]["slash_commands"][0]
    assert command["command"] == "/phones"
    assert command["url"] == "https://calls.example.com/slack/events"


def test_the_manifest_for_socket_mode_holds_no_address() -> None:
    result = hookflash(
        "manifest", "--socket-mode", environ={"HOOKFLASH_PUBLIC_URL": "https://calls.example.com"}
    )

    manifest = json.loads(result.stdout)
    assert manifest["settings"]["socket_mode_enabled"] is True
    assert manifest["settings"]["interactivity"] == {"is_enabled": True}
    assert "https" not in result.stdout


def test_an_address_for_socket_mode_is_a_contradiction() -> None:
    result = hookflash("manifest", "--socket-mode", "--url", "https://calls.example.com")

    assert result.exit_code == 2
    assert "leave --url away" in result.stderr


def test_the_manifest_is_for_socket_mode_where_the_settings_choose_it() -> None:
    environ = {"SLACK_APP_TOKEN": "xapp-1-A0123-45-abcdef"}

    chosen = json.loads(hookflash("manifest", environ=environ).stdout)
    overruled = json.loads(
        hookflash("manifest", "--url", "https://calls.example.com", environ=environ).stdout
    )

    assert chosen["settings"]["socket_mode_enabled"] is True
    assert overruled["settings"]["socket_mode_enabled"] is False


def test_an_address_that_nobody_gave_is_told_beside_the_manifest() -> None:
    result = hookflash("manifest")

    assert "https://hookflash.example.com/slack/events" in result.stdout
    assert result.stderr.startswith("No address is known, so https://hookflash.example.com stands")


def test_a_wrong_url_for_the_manifest_is_told_of_the_place_that_it_stands_in() -> None:
    given = hookflash("manifest", "--url", "calls.example.com")
    set_ = hookflash("manifest", environ={"HOOKFLASH_PUBLIC_URL": "http://calls.example.com"})

    assert (given.exit_code, set_.exit_code) == (2, 2)
    assert given.stderr == (
        "Error: --url is no address that begins with https://. "
        "Example: --url=https://hookflash.example.com\n"
    )
    assert "HOOKFLASH_PUBLIC_URL may be plain http to this machine only" in set_.stderr
