"""What the commands take from around them: their settings, and who runs them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bot.domain.people import Actor


def environment() -> dict[str, str]:
    """The environment of this process over the file that `--env-file` names.

    Raises:
        SettingsError: the file cannot be used.
    """
    from bot.settings.env_file import read_environment

    return read_environment(os.environ, named_env_file())


def named_env_file() -> Path | None:
    """The file that `--env-file` names; None where the command line has none."""
    named: Path | None = click.get_current_context().find_root().params.get("env_file")
    return named


def terminal_user() -> Actor:
    """Who runs this process: an account of the operating system, which no Slack id belongs to.

    Through sudo it is the account that asked; only root could make that up.
    """
    import pwd
    import socket

    from bot.domain.people import Actor

    user_id = os.getuid()
    try:
        name = pwd.getpwuid(user_id).pw_name
    except KeyError:
        name = f"uid {user_id}"
    asked_by = os.environ.get("SUDO_USER", "") if user_id == 0 else ""
    who = f"{asked_by} as {name}" if asked_by not in {"", name} else name
    return Actor(team_id="", user_id="", name=f"{who}@{socket.gethostname()}")
