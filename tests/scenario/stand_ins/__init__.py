"""Programs that the documents name and a machine may lack: small ones that stand in for them.

Each is a process of its own, as the real one is, and refuses what it does not know.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.checkout import TOP

# The paths of the machine lie below the home, so nobody has to be root.
SUDO = 'exec "$@"'
PROGRAMS = ("docker", "heroku", "systemctl")
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


def settings_in(path: Path) -> dict[str, str]:
    """What a file of settings says, whose values may stand in quotation marks."""
    lines = [line for line in path.read_text().splitlines() if line and line[0] not in "#;"]
    return dict(" ".join(shlex.split(line)).split("=", 1) for line in lines)


def run_until_ready(
    command: Sequence[str],
    environ: Mapping[str, str],
    *,
    ready: str,
    ends_at: signal.Signals = signal.SIGTERM,
    within_s: float,
) -> str:
    """Run a server until it prints that it is *ready*, and stop it; what was wrong, or nothing."""
    process = subprocess.Popen(  # noqa: S603 - what our own files say
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        sys.stdout.write(line)
        if ready in line:
            break
    else:
        return f"ended with {process.wait()} before it was ready."
    process.send_signal(ends_at)
    try:
        rest, _ = process.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return "did not end in time."
    sys.stdout.write(rest)
    return f"ended with {process.returncode}." if process.returncode else ""
