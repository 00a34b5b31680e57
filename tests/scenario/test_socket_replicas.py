"""Two bots on one PostgreSQL in Socket Mode: Slack gives each request to either of them."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from bot.sandbox.slack import Delivery
from bot.sandbox.twilio import Call
from bot.slack.socket_mode import CONNECTIONS
from tests.scenario.company import ANA, APP_TOKEN, BEN, SUPPORT
from tests.scenario.processes import BotProcess, Stage, stage
from tests.scenario.trouble import ON_POSTGRES, until

pytestmark = ON_POSTGRES
HANG_UP = {"Status": "completed"}


@pytest.fixture
async def set_up(database_url: str) -> AsyncIterator[Stage]:
    """Slack without the address of any bot, Twilio and a new database."""
    async with stage(database_url) as ready:
        ready.environ = {**ready.environ, "SLACK_APP_TOKEN": APP_TOKEN}
        yield ready


@pytest.fixture
async def bots(set_up: Stage) -> tuple[BotProcess, BotProcess]:
    """Two replicas, as they are served, with all their connections."""
    first, second = await asyncio.gather(set_up.start(), set_up.start())
    set_up.slack.request_url = None
    await until(lambda: len(set_up.slack.sockets.open) == 2 * CONNECTIONS)
    return first, second


def hang_up(set_up: Stage, who: str, call: Call) -> asyncio.Task[Delivery]:
    """The command is on its way."""
    return asyncio.create_task(set_up.slack.command(who, SUPPORT, f"/calls hangup {call.sid}"))


def calls_in_progress(set_up: Stage, count: int) -> list[Call]:
    return [set_up.call_in_progress() for _ in range(count)]


def is_told_who_was_first(delivery: Delivery) -> bool:
    return "was first: hanging it up" in delivery.body or "already ended" in delivery.body


async def all_ended(set_up: Stage, calls: list[Call]) -> Counter[str]:
    """How often the log has each event once every call has ended and all is settled."""
    await until(lambda: not any(call.is_live for call in calls))
    await until(set_up.is_settled)
    return Counter(await set_up.events())


@pytest.mark.usefixtures("bots")
async def test_a_request_and_its_copy_at_another_connection_are_one_change(set_up: Stage) -> None:
    connections = set(set_up.slack.sockets.open)
    calls = calls_in_progress(set_up, 20)

    first = await asyncio.gather(*(hang_up(set_up, ANA, call) for call in calls))
    copies = await asyncio.gather(*(set_up.slack.redeliver(delivery) for delivery in first))
    events = await all_ended(set_up, calls)

    assert {delivery.outcome for delivery in (*first, *copies)} == {"ok"}
    assert {sent.socket for sent in set_up.slack.sockets.envelopes} == connections
    assert [set_up.twilio.updates(call.sid) for call in calls] == [[HANG_UP]] * len(calls)
    assert events == {"requested": len(calls), "succeeded confirmed": len(calls)}
    assert await set_up.log_holds()


@pytest.mark.usefixtures("bots")
async def test_of_two_people_at_once_one_is_first_and_the_other_is_told_so(set_up: Stage) -> None:
    """So few that the log has every refusal: of one person's many in a minute it keeps a count."""
    calls = calls_in_progress(set_up, 5)

    deliveries: list[Delivery] = []
    for call in calls:
        deliveries += await asyncio.gather(*(hang_up(set_up, who, call) for who in (ANA, BEN)))
    events = await all_ended(set_up, calls)

    assert {delivery.outcome for delivery in deliveries} == {"ok"}
    assert sum(is_told_who_was_first(delivery) for delivery in deliveries) == len(calls)
    assert [set_up.twilio.updates(call.sid) for call in calls] == [[HANG_UP]] * len(calls)
    assert events["requested"] == events["succeeded confirmed"] == len(calls)
    assert events.total() == 3 * len(calls)


async def test_a_replica_that_is_deployed_anew_loses_no_click_without_a_word(
    set_up: Stage, bots: tuple[BotProcess, BotProcess]
) -> None:
    """What is on its way while a connection is closed has no effect, and Slack tells the person."""
    calls = calls_in_progress(set_up, 30)

    deeds = []
    for number, call in enumerate(calls):
        deeds.append(hang_up(set_up, ANA, call))
        await asyncio.sleep(0.1)
        if number == len(calls) // 3:
            bots[0].send(signal.SIGTERM)
    deliveries = await asyncio.gather(*deeds)
    exit_code = await bots[0].ended()
    lost = [one for one in zip(deliveries, calls, strict=True) if not one[0].is_ok]
    had_effect = [call for _, call in lost if set_up.twilio.updates(call.sid)]
    again = [await set_up.slack.redeliver(delivery) for delivery, _ in lost]
    events = await all_ended(set_up, calls)

    assert (exit_code, had_effect) == (0, [])
    assert all(delivery.shown_error for delivery, _ in lost)
    assert all(delivery.is_ok for delivery in again)
    assert len(lost) < len(calls) // 3
    assert [set_up.twilio.updates(call.sid) for call in calls] == [[HANG_UP]] * len(calls)
    assert events == {"requested": len(calls), "succeeded confirmed": len(calls)}
