"""A new version is rolled out while people click: no click is lost, and every card is right."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from bot.sandbox.slack import Delivery
from bot.sandbox.twilio import Call
from tests.scenario.company import ANA, SUPPORT
from tests.scenario.processes import Stage, stage
from tests.scenario.proxies import Balancer, balancer
from tests.scenario.reading import shown
from tests.scenario.trouble import ON_POSTGRES, until

pytestmark = ON_POSTGRES
CLICK_EVERY_S = 0.1
HANG_UP = {"Status": "completed"}


class Clicker:
    """Somebody who hangs up one call after the other until told to stop."""

    def __init__(self, set_up: Stage) -> None:
        self._set_up = set_up
        self._is_done = False
        self.calls: list[Call] = []
        self.deliveries: list[Delivery] = []

    async def click(self) -> None:
        """Hang up a call, and another one a moment later, until it is enough."""
        async with asyncio.TaskGroup() as clicks:
            while not self._is_done:
                call = self._set_up.call_in_progress()
                self.calls.append(call)
                clicks.create_task(self._hang_up(call))
                await asyncio.sleep(CLICK_EVERY_S)

    def stop(self) -> None:
        """It is enough."""
        self._is_done = True

    async def _hang_up(self, call: Call) -> None:
        command = f"/calls hangup {call.sid}"
        self.deliveries.append(await self._set_up.slack.command(ANA, SUPPORT, command))


@pytest.fixture
async def set_up(database_url: str) -> AsyncIterator[Stage]:
    """Slack, Twilio and a new database."""
    async with stage(database_url) as ready:
        yield ready


async def replace_all(set_up: Stage, balancing: Balancer, *, count: int) -> list[int]:
    """Start a new replica for each old one, then stop the old one; the exit codes of the old."""
    exit_codes = []
    for old in set_up.bots[:count]:
        new = await set_up.start()
        set_up.slack.request_url = f"{balancing.url}/slack/events"
        balancing.bot_urls = [*balancing.bot_urls, new.url]
        # The balancer learns only by a connection refused that the old one has gone.
        old.send(signal.SIGTERM)
        exit_codes.append(await old.ended())
        balancing.bot_urls = [url for url in balancing.bot_urls if url != old.url]
    return exit_codes


async def test_while_all_replicas_are_replaced_no_click_is_lost_and_no_card_is_wrong(
    set_up: Stage,
) -> None:
    clicker = Clicker(set_up)
    async with balancer() as balancing:
        old = [await set_up.start(), await set_up.start()]
        balancing.bot_urls = [bot.url for bot in old]
        set_up.slack.request_url = f"{balancing.url}/slack/events"
        clicking = asyncio.create_task(clicker.click())

        exit_codes = await replace_all(set_up, balancing, count=len(old))
        clicker.stop()
        await clicking
        await until(set_up.is_settled)
        await until(lambda: len(set_up.results()) == len(clicker.calls))

    assert exit_codes == [0, 0]
    assert all(delivery.is_ok for delivery in clicker.deliveries)
    many = len(clicker.calls)
    events = Counter(await set_up.events())
    assert [set_up.twilio.updates(call.sid) for call in clicker.calls] == [[HANG_UP]] * many
    assert events["requested"] == events["succeeded confirmed"] == many
    assert all("completed" in shown(result) for result in set_up.results())
    assert await set_up.log_holds()
