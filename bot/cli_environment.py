"""Where the commands take their settings from: the environment, and below it a file."""

from __future__ import annotations

import os

import click


def environment() -> dict[str, str]:
    """The environment of this process over the file that `--env-file` names.

    Raises:
        SettingsError: the file cannot be used.
    """
    from bot.settings.env_file import read_environment

    named = click.get_current_context().find_root().params.get("env_file")
    return read_environment(os.environ, named)
