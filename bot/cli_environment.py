"""Where the commands take their settings from: the environment, and below it a file."""

from __future__ import annotations

import os
from pathlib import Path

import click


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
