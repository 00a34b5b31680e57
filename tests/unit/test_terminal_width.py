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
    """The lines on a terminal of so many columns, to the end or to these words."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "bot", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "COLUMNS": str(COLUMNS), "TERM": "xterm"},
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
