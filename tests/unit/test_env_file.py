"""The file that settings may stand in, and the commands that read it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.sandbox.bot_process import BotProcess
from bot.settings import SettingsError
from bot.settings.env_file import read_env_file, read_environment, write_env_file


def env_file(folder: Path, text: str, *, mode: int = 0o600) -> Path:
    """A file with this text, where commands look by default."""
    path = folder / "hookflash.env"
    path.write_text(text)
    path.chmod(mode)
    return path


def problems_with(path: Path) -> list[str]:
    """The sentences of each fault, without the path."""
    with pytest.raises(SettingsError) as told:
        read_env_file(path)
    return [str(fault).replace(str(path), "FILE") for fault in told.value.faults]


def hookflash(*words: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, in this folder."""
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "bot", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environ},
    )


def test_lines_are_settings_comments_or_empty(tmp_path: Path) -> None:
    path = env_file(tmp_path, "# ours\n\nPORT=4000\n  LOG_LEVEL = DEBUG \nHOOKFLASH_ADMINS=\n")

    assert read_env_file(path) == {"PORT": "4000", "LOG_LEVEL": "DEBUG", "HOOKFLASH_ADMINS": ""}


def test_a_file_that_was_written_on_windows_is_read(tmp_path: Path) -> None:
    """Its editor puts a mark before the first line, and ends lines with two characters."""
    assert read_env_file(env_file(tmp_path, "\ufeffPORT=4000\r\nHOST=::1\r\n")) == {
        "PORT": "4000",
        "HOST": "::1",
    }


def test_a_value_may_hold_what_a_line_is_made_of(tmp_path: Path) -> None:
    url = "postgresql://ana:a=b#c@db/hookflash?sslmode=require"

    assert read_env_file(env_file(tmp_path, f"DATABASE_URL={url}\n")) == {"DATABASE_URL": url}


def test_every_fault_of_the_file_is_told_at_once_and_no_value(tmp_path: Path) -> None:
    text = "SLACK_BOT_TOKN=xoxb-hidden\nexport PORT=1\nPORT=1\nPORT=2\nEDITOR=vi\n"

    assert problems_with(env_file(tmp_path, text)) == [
        (
            "FILE, line 1: SLACK_BOT_TOKN is no setting of Hookflash"
            " (did you mean SLACK_BOT_TOKEN?)."
        ),
        "FILE, line 2: this is neither NAME=value nor a comment that begins with #.",
        "FILE, line 4: PORT stands here a second time.",
        "FILE, line 5: EDITOR is no setting of Hookflash.",
    ]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_may_open_is_refused(tmp_path: Path, mode: int) -> None:
    path = env_file(tmp_path, "PORT=1\n", mode=mode)

    assert problems_with(path) == [
        "FILE holds secrets, but other users may open it; run: chmod 600 FILE."
    ]


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "binary.env"
    path.write_bytes(b"\xff\xfe\x00")
    path.chmod(0o600)

    assert problems_with(path) == ["FILE is no text in UTF-8."]


def test_the_environment_goes_before_the_file_but_not_when_it_is_empty(tmp_path: Path) -> None:
    path = env_file(tmp_path, "PORT=4000\nHOST=0.0.0.0\nLOG_LEVEL=DEBUG\n")

    given = read_environment({"PORT": "5000", "LOG_LEVEL": "", "PATH": "/bin"}, path)

    assert given == {"PORT": "5000", "HOST": "0.0.0.0", "LOG_LEVEL": "DEBUG", "PATH": "/bin"}  # noqa: S104 - only read


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="this writes it: hookflash init"):
        read_environment({}, tmp_path / "missing.env")


def test_writing_keeps_what_else_stands_there(tmp_path: Path) -> None:
    path = env_file(tmp_path, "# ours\nPORT=4000\nLOG_LEVEL=DEBUG\n")

    write_env_file(path, {"PORT": "5000", "HOOKFLASH_ADMINS": "U1"})

    assert path.read_text().startswith("# ours\nPORT=5000\nLOG_LEVEL=DEBUG\n")
    assert read_env_file(path) == {"PORT": "5000", "LOG_LEVEL": "DEBUG", "HOOKFLASH_ADMINS": "U1"}
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new.env"

    write_env_file(path, {"PORT": "5000"})

    assert path.stat().st_mode & 0o777 == 0o600
    assert read_env_file(path) == {"PORT": "5000"}


def test_commands_read_the_file_of_their_folder(tmp_path: Path) -> None:
    env_file(tmp_path, "DATABASE_URL=sqlite:///of-the-file.db\n")

    upgraded = hookflash("db", "upgrade", folder=tmp_path)
    listed = hookflash("audit", "list", folder=tmp_path)

    assert (upgraded.returncode, listed.returncode) == (0, 0), upgraded.stderr + listed.stderr
    assert (tmp_path / "of-the-file.db").exists()


def test_commands_read_the_file_that_is_named(tmp_path: Path) -> None:
    named = tmp_path / "named.env"
    write_env_file(named, {"HOOKFLASH_COMMAND": "/phones"})
    env_file(tmp_path, "HOOKFLASH_COMMAND=/not-this\n")

    printed = hookflash("--env-file", str(named), "manifest", folder=tmp_path)

    assert '"command": "/phones"' in printed.stdout


def test_serve_refuses_a_file_that_others_may_open(tmp_path: Path) -> None:
    env_file(tmp_path, "SLACK_BOT_TOKEN=xoxb-hidden-word\n", mode=0o644)

    ran = hookflash("serve", folder=tmp_path)

    assert ran.returncode == 2
    assert "run: chmod 600 hookflash.env" in ran.stderr
    assert "hidden-word" not in ran.stderr


def test_the_empty_device_stands_for_no_file(tmp_path: Path) -> None:
    env_file(tmp_path, "HOOKFLASH_COMMAND=/not-this\n")

    printed = hookflash("--env-file", os.devnull, "manifest", folder=tmp_path)

    assert '"command": "/calls"' in printed.stdout


async def test_the_sandboxs_bot_reads_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file(tmp_path, "HOOKFLASH_COMMAND=/not-this\n")
    monkeypatch.chdir(tmp_path)
    bot = BotProcess(
        {"PATH": os.environ["PATH"]}, url="http://127.0.0.1:9", show=print, changed=lambda: None
    )

    printed = await bot.ask("manifest")

    assert '"command": "/calls"' in printed.output


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("hookflash do", "doctor"), ("hookflash audit ver", "verify"), ("hookflash db up", "upgrade")],
)
def test_words_complete_themselves_in_the_shell(tmp_path: Path, typed: str, offered: str) -> None:
    program = "from bot.cli import main; main(prog_name='hookflash')"
    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "_HOOKFLASH_COMPLETE": "bash_complete",
            "COMP_WORDS": typed,
            "COMP_CWORD": str(len(typed.split()) - 1),
        },
    )

    assert ran.stdout == f"plain,{offered}\n", ran.stderr
