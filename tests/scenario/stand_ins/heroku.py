"""Heroku's command line and what is behind it, for the one app that lies in ~/heroku.

In place of what the Python buildpack would install stands what these tests run with.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.scenario.stand_ins import elsewhere, put_command

APP = Path.home() / "heroku"
REPOSITORY, CONFIG = APP / "repository", APP / "config.json"
# What was released last; a release that fails leaves it as it was.
SLUG = APP / "slug"
# The database that the add-on gives, which these tests make.
ADDON = "HEROKU_POSTGRESQL_URL"


def main(words: Sequence[str]) -> int | str:
    """The exit code of the command, or what is wrong with it."""
    match words:
        case ["create", _name, "--stack", _stack]:
            return create()
        case ["addons:create", plan, "--wait"] if plan.startswith("heroku-postgresql:"):
            return keep({"DATABASE_URL": os.environ[ADDON]})
        case ["config:set", *settings] if settings:
            return set_config(dict(setting.split("=", 1) for setting in settings))
        case ["run", command]:
            return run("run.1", command, folder=SLUG)
        case ["receive"]:  # what the repository's hook says, not a person
            return receive(sys.stdin.read())
    return f"This stand-in does not know: heroku {shlex.join(words)}"


def create() -> int:
    """Make the app's repository, and name it to the checkout in which this was typed."""
    git("init", "--quiet", "--bare", str(REPOSITORY))
    put_command(REPOSITORY / "hooks" / "pre-receive", "exec heroku receive")
    git("remote", "add", "heroku", str(REPOSITORY))
    CONFIG.write_text("{}")
    return 0


def set_config(settings: dict[str, str]) -> int | str:
    """Keep what the app's owner may set: the database's address is the add-on's."""
    if "DATABASE_URL" in settings:
        return "Cannot overwrite attachment values DATABASE_URL."
    return keep(settings)


def keep(settings: dict[str, str]) -> int:
    """Keep them in the app's config."""
    CONFIG.write_text(json.dumps(json.loads(CONFIG.read_text()) | settings))
    return 0


def receive(pushed: str) -> int | str:
    """Release what was pushed; otherwise the push fails."""
    for _old, commit, ref in map(str.split, pushed.splitlines()):
        if ref != "refs/heads/main":
            return f"Only what is pushed to main is built, not {ref}."
        built = Path(tempfile.mkdtemp(dir=APP))
        git("--work-tree", str(built), "checkout", "--quiet", commit, "--", ".")
        lines = (built / "Procfile").read_text().splitlines()
        commands = dict(line.split(": ", 1) for line in lines if line)
        if code := run("release.1", commands["release"], folder=built):
            return f"Release command failed with {code}."
        shutil.rmtree(SLUG, ignore_errors=True)
        built.rename(SLUG)
    return 0


def run(dyno: str, command: str, *, folder: Path) -> int:
    """The exit code of a command in a dyno that has these files."""
    config = json.loads(CONFIG.read_text())
    ran = subprocess.run(  # noqa: S603 - the command of our own Procfile or page
        ("bash", "-c", command),  # noqa: S607 - wherever it is installed
        check=False,
        cwd=folder,
        env=elsewhere({"DYNO": dyno, **config}),
    )
    return ran.returncode


def git(*words: str) -> None:
    """Run git where this was typed, or in the repository whose hook this is."""
    subprocess.run(("git", *words), check=True)  # noqa: S603, S607 - whichever git was typed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
