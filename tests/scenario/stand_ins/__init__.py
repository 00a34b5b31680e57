"""Programs that the documents name and a machine may lack: small ones that stand in for them.

Each is a process of its own, as the real one is, and refuses what it does not know.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.checkout import TOP

# The paths of the machine lie below the home, so nobody has to be root.
SUDO = 'exec "$@"'
PROGRAMS = ("heroku", "systemctl")
# Where Slack, Twilio and the bot are. No other machine hears of more that was exported here.
OUTSIDE = ("PATH", "SLACK_API_URL", "TWILIO_API_URL", "PORT")


def put_stand_ins(folder: Path) -> None:
    """Put the programs into a folder that comes first on somebody's path."""
    put_command(folder / "sudo", SUDO)
    for name in PROGRAMS:
        run = f"{sys.executable} -P -m tests.scenario.stand_ins.{name}"
        put_command(folder / name, f'PYTHONPATH={TOP} exec {run} "$@"')


def put_command(path: Path, line: str) -> None:
    """Make a command that does what the line says."""
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def elsewhere(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of what runs on another machine, or in a service, with these settings."""
    outside = {name: os.environ[name] for name in OUTSIDE if name in os.environ}
    return outside | dict(settings)
