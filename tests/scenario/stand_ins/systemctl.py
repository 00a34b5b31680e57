"""systemctl, for services whose units were put into ~/etc/systemd/system.

A service that is started runs until it says that it is ready, and is then stopped as its unit says;
it counts as running where it ended well. What the unit keeps it from doing is not tried.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.scenario.stand_ins import elsewhere, run_until_ready, settings_in

ROOT = Path.home()
UNITS, STATE = ROOT / "etc" / "systemd" / "system", ROOT / "var" / "lib"
# Of services that were ready and ended well.
RECORDS = ROOT / "run"
READY = " ready "
# Source: https://www.freedesktop.org/software/systemd/man/latest/systemctl.html#Exit%20status
NOT_RUNNING = 3
# What a service runs, as far as this stand-in knows it.
RUNS = {"ExecStartPre", "ExecStart"}

Section = Mapping[str, Sequence[str]]


def main(words: Sequence[str]) -> int | str:
    """The exit code of the command, or what is wrong with it."""
    match words:
        case ["enable", "--now", name]:
            if "Install" not in read_unit(name):
                return f"{name} says nothing of when it is wanted."
            return start(name)
        case ["start" | "restart", name]:
            return start(name)
        case ["status", name]:
            read_unit(name)
            return 0 if (RECORDS / name).exists() else NOT_RUNNING
    return f"This stand-in does not know: systemctl {shlex.join(words)}"


def read_unit(name: str) -> Mapping[str, Section]:
    """What its sections say, in which the machine's paths lie below the home."""
    written = (UNITS / f"{name}.service").read_text().replace("\\\n", " ").replace("%S", "/var/lib")
    here = re.sub(r"(?<![\w/])/(?=(etc|opt|var)/)", f"{ROOT}/", written)
    sections: dict[str, dict[str, list[str]]] = {}
    for line in here.splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif line and line[0] not in "#;":
            directive, value = line.split("=", 1)
            section.setdefault(directive, []).append(value)
    return sections


def start(name: str) -> int | str:
    """Run the service until it is ready, and stop it."""
    service = read_unit(name)["Service"]
    (RECORDS / name).unlink(missing_ok=True)
    if unknown := {one for one in service if one.startswith("Exec")} - RUNS:
        return f"This stand-in does not know {sorted(unknown)}."
    mode = int(said(service, "StateDirectoryMode", "0755"), 8)
    for folder in said(service, "StateDirectory", "").split():
        (STATE / folder).mkdir(mode, parents=True, exist_ok=True)
    os.umask(int(said(service, "UMask", "0022"), 8))
    os.chdir(said(service, "WorkingDirectory", "/"))
    environ = elsewhere({"PATH": os.defpath, **settings(service)})
    for command in service.get("ExecStartPre", ()):
        subprocess.run(shlex.split(command), check=True, env=environ)  # noqa: S603 - our own unit's
    fault = run_until_ready(
        shlex.split(said(service, "ExecStart", "")),
        environ,
        ready=READY,
        ends_at=signal.Signals[said(service, "KillSignal", "SIGTERM")],
        within_s=float(said(service, "TimeoutStopSec", "90")),
    )
    if fault:
        return f"{name} {fault}"
    RECORDS.mkdir(exist_ok=True)
    (RECORDS / name).touch()
    return 0


def settings(service: Section) -> dict[str, str]:
    """What its environment holds by the unit, and by the files that the unit names."""
    words = [word for value in service.get("Environment", ()) for word in shlex.split(value)]
    found = dict(word.split("=", 1) for word in words)
    for path in service.get("EnvironmentFile", ()):
        found |= settings_in(Path(path))
    return found


def said(service: Section, directive: str, default: str) -> str:
    """The last word on it, which is the one that counts."""
    return [default, *service.get(directive, ())][-1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
