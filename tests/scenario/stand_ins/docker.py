"""docker compose, for a compose.yaml in the folder where it is typed.

The services of our own image run as processes in place of containers, with the command and the
environment that the image and the file give them; each replica until it is ready. The database is
one that these tests make. Images are not built, and what speaks https before the replicas is not
tried.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.scenario.stand_ins import elsewhere, run_until_ready, settings_in

OURS = "hookflash"
# The database in place of the service `db`, which these tests make.
DATABASE = "COMPOSE_DATABASE_URL"
RECORD = Path.home() / "compose-is-up"
READY = '"event": "ready"'
_VARIABLE = re.compile(r"\$\{(\w+):\?([^}]*)\}")


def main(words: Sequence[str]) -> int | str:
    """The exit code of the command, or what is wrong with it."""
    match words:
        case ["compose", "up", "--build", "--detach"]:
            return up(composed())
        case ["compose", "exec", name, *command] if command and RECORD.exists():
            return run(command, environ_of(composed(), name))
    return f"This stand-in does not know, or not yet: docker {shlex.join(words)}"


def composed() -> Mapping[str, Any]:
    """The services of the file, with the variables of `.env` in their places."""
    variables = settings_in(Path(".env")) if Path(".env").exists() else {}

    def meant(place: re.Match[str]) -> str:
        if not variables.get(place[1]):
            sys.exit(f"required variable {place[1]} is missing a value: {place[2]}")
        return variables[place[1]]

    services: Mapping[str, Any] = yaml.safe_load(
        _VARIABLE.sub(meant, Path("compose.yaml").read_text())
    )["services"]
    return services


def up(services: Mapping[str, Any]) -> int | str:
    """Run what ends by itself, and then each replica of what serves until it is ready."""
    command, _environ = image()
    for name, service in services.items():
        if service["image"] != OURS:
            continue
        waits_for = {f"{other} {how['condition']}" for other, how in service["depends_on"].items()}
        if "command" in service:
            if waits_for != {"db service_healthy"}:
                return f"{name} begins before the database answers."
            if code := run(service["command"], environ_of(services, name)):
                return f"{name} ended with {code}."
            continue
        if waits_for != {"migrate service_completed_successfully"}:
            return f"{name} begins before the tables are made."
        for _replica in range(service["deploy"]["replicas"]):
            fault = run_until_ready(
                command,
                environ_of(services, name),
                ready=READY,
                within_s=float(service["stop_grace_period"].removesuffix("s")),
            )
            if fault:
                return f"{name} {fault}"
    RECORD.touch()
    return 0


def run(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """The exit code of a command in a container."""
    return subprocess.run(command, check=False, env=environ).returncode  # noqa: S603 - our own file's


def environ_of(services: Mapping[str, Any], name: str) -> dict[str, str]:
    """What a container of the service has in its environment."""
    service, database = services[name], services["db"]["environment"]
    _command, of_image = image()
    given = {**of_image, **settings_in(Path(service["env_file"])), **service["environment"]}
    who = f"{database['POSTGRES_USER']}:{database['POSTGRES_PASSWORD']}"
    if given["DATABASE_URL"] != f"postgresql://{who}@db/{database['POSTGRES_DB']}":
        sys.exit(f"{name} does not reach the database.")
    # The port is free in a container, but not on the machine of these tests.
    return given | elsewhere({"DATABASE_URL": os.environ[DATABASE]})


def image() -> tuple[Sequence[str], dict[str, str]]:
    """What the image runs, and what it sets, but for the path to it."""
    dockerfile = Path("Dockerfile").read_text().replace("\\\n", " ")
    _build, last = dockerfile.rsplit("\nFROM ", 1)
    [command] = re.findall(r"^CMD (\[.*\])$", last, re.MULTILINE)
    words = shlex.split(" ".join(re.findall(r"^ENV (.*)$", last, re.MULTILINE)))
    settings = dict(word.split("=", 1) for word in words)
    del settings["PATH"]
    return json.loads(command), settings


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
