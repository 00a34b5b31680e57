"""Three bots on one PostgreSQL look at Twilio as one: by turns, and in each other's stead."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from bot.sandbox.slack import Message
from bot.sandbox.twilio import Call
from tests.scenario.company import ANA, BEN, SUPPORT, VERA
from tests.scenario.processes import BotProcess, Stage, stage
from tests.scenario.proxies import way_to
from tests.scenario.reading import shown
from tests.scenario.trouble import ON_POSTGRES, until

pytestmark = ON_POSTGRES
POLL_S = 1.0
LONG_POLL_S = 120.0
# Sooner than the next look.
HEARD_OF_WITHIN_S = 40.0
IN_PROGRESS = "Calls.json?Status=in-progress"
# Sooner than Twilio answers the one that is lost.
TAKEN_OVER_WITHIN_S = 40.0
LOG_IS_DOWN = "*The log does not answer*"


@pytest.fixture
async def set_up(database_url: str) -> AsyncIterator[Stage]:
    """Slack, Twilio and a new database; looks are shared for as short as the settings allow."""
    async with stage(database_url) as ready:
        ready.environ = {**ready.environ, "HOOKFLASH_POLL_S": f"{POLL_S:g}"}
        yield ready


@pytest.fixture
def call(set_up: Stage) -> Call:
    """The one live call."""
    return set_up.call_in_progress()


def looks(set_up: Stage) -> int:
    """How often Twilio was looked at."""
    return sum(IN_PROGRESS in request.line for request in set_up.twilio.requests)


def lists_for(set_up: Stage, who: str) -> list[Message]:
    """The lists that the person was shown, oldest first."""
    messages = set_up.slack.workspace.messages_for(who, SUPPORT)
    return [one for one in messages if one.ephemeral_to == who]


async def listed_by(set_up: Stage, bot: BotProcess, who: str, *, within_s: float = 30.0) -> str:
    """What the person is shown who asks this replica for the live calls."""
    before = len(lists_for(set_up, who))
    await set_up.command_by(bot, who, "/calls")
    await until(lambda: len(lists_for(set_up, who)) > before, within_s=within_s)
    return shown(lists_for(set_up, who)[-1])


async def test_people_at_three_replicas_cost_twilio_what_one_costs_and_see_what_one_sees(
    set_up: Stage, call: Call
) -> None:
    """They share looks; and a call that was hung up at one is gone at another before the next."""
    other = set_up.call_in_progress()
    settings = {"HOOKFLASH_POLL_S": f"{LONG_POLL_S:g}"}
    bots = await asyncio.gather(*(set_up.start(**settings) for _ in range(3)))
    before = looks(set_up)
    began = asyncio.get_running_loop().time()

    texts = [
        await listed_by(set_up, bot, who)
        for _ in range(4)
        for bot, who in zip(bots, (ANA, BEN, VERA), strict=True)
    ]
    await set_up.command_by(bots[0], ANA, f"/calls hangup {call.sid}")
    await until(set_up.is_settled)

    async def is_gone_at_another() -> bool:
        return "1 live call\n" in await listed_by(set_up, bots[1], BEN)

    await until(is_gone_at_another, within_s=HEARD_OF_WITHIN_S)
    lasted_s = asyncio.get_running_loop().time() - began
    assert all("2 live calls\n" in text for text in texts)
    assert other.is_live
    assert looks(set_up) - before <= 1 + lasted_s / LONG_POLL_S


@pytest.mark.parametrize("lost_by", [signal.SIGKILL, signal.SIGSTOP])
async def test_another_looks_when_the_one_that_looks_is_lost(
    set_up: Stage, call: Call, lost_by: signal.Signals
) -> None:
    lost, other = await asyncio.gather(set_up.start(), set_up.start())
    set_up.twilio.faults.next("slow", match=IN_PROGRESS, seconds=60.0)
    await set_up.command_by(lost, ANA, "/calls")
    await until(lambda: looks(set_up) == 1)
    lost.send(lost_by)

    text = await listed_by(set_up, other, BEN, within_s=TAKEN_OVER_WITHIN_S)

    assert call.from_[-4:] in text


async def test_a_replica_that_is_cut_off_from_the_database_lists_calls_all_the_same(
    set_up: Stage, call: Call, database_url: str
) -> None:
    async with way_to(database_url) as way:
        cut_off, other = await asyncio.gather(set_up.start(DATABASE_URL=way.url), set_up.start())
        await listed_by(set_up, cut_off, ANA)
        way.cut()
        await asyncio.sleep(POLL_S)

        alone = await listed_by(set_up, cut_off, ANA)
        together = await listed_by(set_up, other, BEN)
        delivery = await set_up.command_by(cut_off, ANA, f"/calls hangup {call.sid}")
        way.mend()

        assert call.from_[-4:] in alone
        assert LOG_IS_DOWN in alone
        assert call.from_[-4:] in together
        assert LOG_IS_DOWN not in together
        assert "It was *not* done" in delivery.body
        assert call.is_live
