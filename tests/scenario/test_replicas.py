"""Two bots on one PostgreSQL: one change for one click, and nobody overtakes anybody."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from bot.sandbox.twilio import Call
from tests.scenario.company import ADA, ANA, BEN, SUPPORT
from tests.scenario.dying_bot import Step
from tests.scenario.processes import BotProcess, Stage, stage
from tests.scenario.trouble import ON_POSTGRES, until

pytestmark = ON_POSTGRES
DYING = "tests.scenario.dying_bot"
# Longer than whoever goes on after a SIGCONT needs to do what it had in mind.
GOES_ON_FOR_S = 0.5


@pytest.fixture
async def set_up(database_url: str) -> AsyncIterator[Stage]:
    """Slack, Twilio and a new database."""
    async with stage(database_url) as ready:
        yield ready


@pytest.fixture
def call(set_up: Stage) -> Call:
    """The one live call."""
    return set_up.call_in_progress()


async def two_bots(set_up: Stage) -> tuple[BotProcess, BotProcess]:
    """Two replicas, as they are served."""
    first, second = await asyncio.gather(set_up.start(), set_up.start())
    return first, second


async def test_copies_of_one_delivery_that_reach_both_replicas_are_one_change(
    set_up: Stage, call: Call
) -> None:
    """Ten at the same moment, and one when all is over."""
    bots = await two_bots(set_up)
    set_up.slack.request_url = "http://127.0.0.1:9/nobody"
    delivery = await set_up.slack.command(ANA, SUPPORT, f"/calls hangup {call.sid}")

    copies = []
    for bot in bots:
        set_up.slack.request_url = bot.request_url
        copies += [
            asyncio.create_task(set_up.slack.send_signed(delivery.sent_body)) for _ in range(5)
        ]
        await asyncio.sleep(0)  # they are on their way to this one
    answers = await asyncio.gather(*copies)
    await until(set_up.is_settled)
    answers.append(await set_up.slack.send_signed(delivery.sent_body))

    assert set(answers) == {(200, "")}
    assert len(set_up.twilio.updates(call.sid)) == 1
    assert await set_up.events() == ["requested", "succeeded confirmed"]


async def test_of_two_people_at_two_replicas_the_later_learns_who_was_first(
    set_up: Stage, call: Call
) -> None:
    first, second = await two_bots(set_up)
    slow = set_up.twilio.faults.next("slow", match="POST /", seconds=60.0)
    await set_up.command_by(first, ANA, f"/calls hangup {call.sid}")

    delivery = await set_up.command_by(second, BEN, f"/calls redirect {call.sid} hold-music")
    slow.let_go()
    await until(lambda: not call.is_live)
    await until(set_up.is_settled)

    assert f"<@{ANA}> was first: hanging it up" in delivery.body
    assert set_up.twilio.updates(call.sid) == [{"Status": "completed"}]
    assert await set_up.events() == ["requested", "denied busy", "succeeded confirmed"]


async def test_a_freeze_at_one_replica_holds_at_the_other_at_once(
    set_up: Stage, call: Call
) -> None:
    first, second = await two_bots(set_up)
    for bot in (first, second):
        await set_up.command_by(bot, ANA, "/calls")

    await set_up.command_by(first, ADA, "/calls freeze fraud")
    refused = await set_up.command_by(second, ANA, f"/calls hangup {call.sid}")
    await set_up.command_by(second, ADA, "/calls unfreeze")
    await set_up.command_by(first, ANA, f"/calls hangup {call.sid}")
    await until(lambda: not call.is_live)

    assert "fraud" in refused.body
    assert len(set_up.twilio.updates(call.sid)) == 1


@pytest.mark.parametrize(
    ("step", "text", "outcome", "updates"),
    [
        (Step.BEFORE_SENT, "redirect {} hold-music", "failed not_sent", 0),
        (Step.BEFORE_TWILIO, "hangup {}", "succeeded confirmed", 1),
        (Step.BEFORE_TWILIO, "redirect {} hold-music", "unknown no_answer", 0),
        (Step.BEFORE_BYTES, "hangup {}", "succeeded confirmed", 1),
        (Step.BEFORE_BYTES, "redirect {} hold-music", "unknown no_answer", 0),
        (Step.BEFORE_OUTCOME, "redirect {} hold-music", "unknown no_answer", 1),
    ],
)
async def test_a_replica_that_was_stopped_and_goes_on_neither_sends_nor_records_any_more(
    set_up: Stage, call: Call, *, step: Step, text: str, outcome: str, updates: int
) -> None:
    """Its lease ran out and the other has settled the change: it is fenced off."""
    stopped = await set_up.start(DYING, step, "SIGSTOP")
    command = asyncio.create_task(
        set_up.slack.command(ANA, SUPPORT, f"/calls {text.format(call.sid)}")
    )
    await set_up.start_here()
    await until(set_up.is_settled)
    settled = await set_up.events()

    stopped.send(signal.SIGCONT)
    await asyncio.sleep(GOES_ON_FOR_S)
    await command

    assert settled == ["requested", outcome]
    assert await set_up.events() == settled
    assert len(set_up.twilio.updates(call.sid)) == updates
    assert len(set_up.results()) == 1
    assert await set_up.log_holds()
