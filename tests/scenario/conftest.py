"""The company at work, watched: nothing that it sees may be wrong by Slack's rules or ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenario.company import Company
from tests.scenario.company import company as company_at_work
from tests.scenario.reading import shown

# Calls are hung up and redirected, legs drop, conversations end: nothing is ever called so.
FORBIDDEN_WORDS = ("kill", "terminat", "session")


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    """Everybody at work, on a log of their own.

    At the end of every test: each request was answered in time with 200, Slack had nothing to
    complain of, and nobody was shown a word that is not the field's.
    """
    async with company_at_work(f"sqlite:///{tmp_path}/hookflash.db") as here:
        yield here
    assert [delivery for delivery in here.slack.deliveries if not delivery.is_ok] == []
    assert here.slack.workspace.complaints == []
    for message in here.slack.workspace.messages:
        words = shown(message).lower()
        assert [word for word in FORBIDDEN_WORDS if word in words] == [], words
