"""The company at work, watched, and where its Slack and Twilio are for programs of their own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.database import migrate
from bot.slack.manifest import SCOPES
from tests.ports import kept_port
from tests.scenario.company import Company, outside_world
from tests.scenario.company import company as company_at_work
from tests.scenario.newcomer import API_KEY, API_SECRET
from tests.scenario.reading import shown

# Calls are hung up and redirected, legs drop, conversations end: nothing is ever called so.
FORBIDDEN_WORDS = ("kill", "terminat", "session")


@pytest.fixture(scope="session")
def empty_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without entries: to migrate one takes longer than most of the tests do."""
    path = tmp_path_factory.mktemp("log") / "hookflash.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
async def company(empty_log: Path, tmp_path: Path) -> AsyncIterator[Company]:
    """Everybody at work, on a log of their own.

    At the end of every test: each request was answered in time with 200, Slack had nothing to
    complain of, and nobody was shown a word that is not the field's.
    """
    log = shutil.copy(empty_log, tmp_path)
    async with company_at_work(f"sqlite:///{log}") as here:
        yield here
    assert [delivery for delivery in here.slack.deliveries if not delivery.is_ok] == []
    assert here.slack.workspace.complaints == []
    for message in here.slack.workspace.messages:
        words = shown(message).lower()
        assert [word for word in FORBIDDEN_WORDS if word in words] == [], words


@pytest.fixture
async def addresses() -> AsyncIterator[dict[str, str]]:
    """Where Slack and Twilio are, which know the newcomer's tokens and keys, and the bot is."""
    async with outside_world() as (slack, twilio), AsyncExitStack() as keeping:
        slack.web_api.scopes = set(SCOPES)
        twilio.account.api_keys[API_KEY] = API_SECRET
        port = keeping.enter_context(kept_port())
        yield {"SLACK_API_URL": slack.api_url, "TWILIO_API_URL": twilio.url, "PORT": str(port)}
