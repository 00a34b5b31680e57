"""A bot that was paused so long that it takes its own change over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from bot.application.deadlines import Deadlines
from bot.domain.audit import Action, Surface
from bot.domain.changes import Change, ChangeRequest, Origin, OriginKind
from bot.domain.people import Actor
from bot.domain.redirects import SORRY, NamedTarget, serialise_target
from bot.sandbox.twilio import Call
from tests.scenario.company import ANA, SUPPORT, Company, company
from tests.scenario.trouble import outcomes

SHORT = Deadlines(claim_lease_s=0.1, settle_every_s=60.0)


class LaterSpawner:
    """Keeps work until the test lets it run."""

    def __init__(self) -> None:
        self._kept: list[Coroutine[Any, Any, object]] = []

    def spawn(
        self,
        work: Coroutine[Any, Any, object],
        *,
        name: str,
        on_fault: Callable[[Exception], Awaitable[None]] | None = None,
    ) -> None:
        """Keep it."""
        del name, on_fault
        self._kept.append(work)

    async def run(self) -> None:
        """Run what was kept."""
        for work in self._kept:
            await work


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Company]:
    """The company at work; a claim lasts a moment only."""
    async with company(f"sqlite:///{tmp_path}/hookflash.db", deadlines=SHORT) as at_work:
        yield at_work


async def accepted(here: Company, call: Call, action: Action = Action.REDIRECT) -> Change:
    """A change that was accepted and is not being performed."""
    change = await here.bot.changes.accept(
        ChangeRequest(
            request_id="a request",
            action=action,
            call_sid=call.sid,
            actor=Actor(team_id=here.slack.workspace.team_id, user_id=ANA),
            surface=Surface.BUTTON,
            origin=Origin(kind=OriginKind.COMMAND, channel_id=SUPPORT),
            target=serialise_target(NamedTarget(SORRY.key)) if action is Action.REDIRECT else "",
        )
    )
    assert change is not None
    return change


async def test_what_was_taken_over_is_not_sent_by_who_had_it_though_both_are_one_process(
    here: Company,
) -> None:
    """Both wake up together: the settler has said "not sent", so that must stay true."""
    call = here.twilio.network.call_in_progress()
    change = await accepted(here, call)
    await asyncio.sleep(2 * SHORT.claim_lease_s)
    settling = LaterSpawner()
    here.bot.settler._tasks = settling

    await here.bot.settler.settle_abandoned()
    await here.bot.worker.perform(change)
    await settling.run()

    assert here.changes_sent() == []
    assert await outcomes(here.bot) == [
        ("requested", "", "button"),
        ("failed", "not_sent", "machine"),
    ]


async def test_a_change_whose_deadline_has_passed_before_it_was_sent_is_not_sent(
    here: Company,
) -> None:
    """Whoever was paused between the mark and the sending finds out by the clock alone."""
    call = here.twilio.network.call_in_progress()
    change = await accepted(here, call)
    here.bot.worker._deadlines = Deadlines(twilio_s=-1.0)

    await here.bot.worker.perform(change)

    assert here.changes_sent() == []
    assert await outcomes(here.bot) == [("requested", "", "button")]


async def test_a_claim_whose_lease_has_run_out_is_not_sent_though_nobody_took_it_over_yet(
    here: Company,
) -> None:
    call = here.twilio.network.call_in_progress()
    change = await accepted(here, call)
    await asyncio.sleep(2 * SHORT.claim_lease_s)

    await here.bot.worker.perform(change)
    await here.bot.settler.settle_abandoned()
    await here.at_rest()

    assert here.changes_sent() == []
    assert (await outcomes(here.bot))[-1] == ("failed", "not_sent", "machine")


async def test_a_hang_up_that_waited_until_its_deadline_is_not_sent(here: Company) -> None:
    """It is accepted as sent, so between its accept and Twilio only the clock can stop it."""
    call = here.twilio.network.call_in_progress()
    here.bot.changes._deadlines = Deadlines(twilio_s=0.0)
    change = await accepted(here, call, Action.HANG_UP)

    await here.bot.worker.perform(change)

    assert here.changes_sent() == []
    assert await outcomes(here.bot) == [("requested", "", "button")]
