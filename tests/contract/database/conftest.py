"""The command line, on the database of the test."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable

import pytest
from click.testing import CliRunner, Result

from bot.cli import main

Hookflash = Callable[..., Result]
Command = Callable[..., Awaitable[Result]]


@pytest.fixture
def hookflash(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Hookflash:
    """Runs the command line on the new database; stdout and stderr are told apart."""
    for name in list(os.environ):
        if name.startswith(("SLACK_", "TWILIO_", "HOOKFLASH_")) or name == "DYNO":
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", database_url)
    return lambda *words, **options: CliRunner().invoke(main, words, **options)


@pytest.fixture
def command(hookflash: Hookflash) -> Command:
    """The same, for tests that run in an event loop themselves."""

    async def run(*words: str, **options: str) -> Result:
        return await asyncio.to_thread(hookflash, *words, **options)

    return run
