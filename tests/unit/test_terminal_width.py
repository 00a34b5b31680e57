"""What the commands say on a terminal: lines that end between words, and stand below each other."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.text import Text

COLUMNS = 60


def shown_by(*words: str, folder: Path, until: str = "") -> list[str]:
    """The lines that the command shows, to the end or to these words."""
    return shown_by_python("-m", "bot", *words, columns=COLUMNS, folder=folder, until=until)


def shown_by_python(*words: str, columns: int, folder: Path, until: str = "") -> list[str]:
    """The lines on a terminal of so many columns, to the end or to these words."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "COLUMNS": str(columns), "TERM": "xterm"},
    ) as process:
        os.close(theirs)
        shown = ""
        for read in _readings(ours):
            shown += read
            if until and until in shown:
                process.kill()
                break
        os.close(ours)
    return Text.from_ansi(shown.replace("\r", "")).plain.split("\n")


def _readings(terminal: int) -> Iterator[str]:
    """What comes, until the terminal has nobody at its other end."""
    while True:
        try:
            read = os.read(terminal, 65_536)
        except OSError:
            return
        if not read:
            return
        yield read.decode()


def test_wizard_breaks_no_word(tmp_path: Path) -> None:
    lines = shown_by("init", folder=tmp_path, until="HOOKFLASH_PUBLIC_URL [")

    assert [line for line in lines if len(line) > COLUMNS] == []
    assert "Without one, Hookflash calls Slack instead (Socket Mode)," in lines


def test_list_of_the_log_cuts_nothing_off_in_80_columns(tmp_path: Path) -> None:
    """A call SID that was cut off could not be copied."""
    call_sid = f"CA{'0123456789abcdef' * 2}"
    row = ["7", "2026-11-27T23:51:45.000001Z", "ana", "hang_up", "succeeded", "confirmed"]
    row += [call_sid, "+14155550123", "+14155550100", "toll fraud", ""]
    program = f"from bot.cli.audit import _show_rows; _show_rows({[row]})"

    lines = shown_by_python("-c", program, columns=80, folder=tmp_path)

    first, second = [line.split() for line in lines if "2026" in line or "23:51" in line]
    assert first == ["7", "2026-11-27", "ana", "succeeded", call_sid, "toll"]
    assert second[:3] == ["23:51:45Z", "hang_up", "confirmed"]
    assert second[3:] == ["+14155550123", "→", "+14155550100", "fraud"]


@pytest.mark.parametrize("columns", [80, 60, 30])
def test_list_of_the_log_stands_in_lines_where_a_table_would_cut_something_off(
    columns: int, tmp_path: Path
) -> None:
    """A number without its last digit names another entry."""
    call_sid = f"CA{'0123456789abcdef' * 2}"
    row = ["1234567", "2026-11-27T23:51:45.000001Z", "maria.lopez-garcia", "hang_up", "denied"]
    row += ["not_permitted", call_sid, "+14155550123", "+14155550100", "toll fraud", ""]
    program = f"from bot.cli.audit import _show_rows; _show_rows({[row]})"

    lines = shown_by_python("-c", program, columns=columns, folder=tmp_path)

    assert lines[:5] == [
        "1234567",
        "  2026-11-27, 23:51:45Z",
        "  maria.lopez-garcia, hang_up",
        "  denied, not_permitted",
        f"  {call_sid}, +14155550123 → +14155550100",
    ]
    assert lines[5] == "  toll fraud"


@pytest.mark.timeout(60)
def test_findings_of_the_doctor_stand_beside_their_levels(tmp_path: Path) -> None:
    lines = [line.rstrip() for line in shown_by("doctor", folder=tmp_path)]

    begin = lines.index("fault    Settings: SLACK_BOT_TOKEN is not set. Example:")
    assert lines[begin + 1 : begin + 4] == [
        "         SLACK_BOT_TOKEN=xoxb-your-bot-token",
        "         hookflash init asks for it, or set it in the",
        "         environment.",
    ]
    assert [line for line in lines if len(line) > COLUMNS] == []
