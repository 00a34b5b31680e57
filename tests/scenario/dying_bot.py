"""The real `hookflash serve`, which sends itself a signal at one step of the first change there.

Run as `python -m tests.scenario.dying_bot STEP SIGNAL`, with the bot's own environment.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum
from functools import partial
from typing import Any

from aiohttp import ClientRequest

from bot import bootstrap
from bot.application.accept_change import ChangeDesk
from bot.application.deadlines import Deadlines
from bot.application.perform_change import ChangeWorker
from bot.application.send_change import ChangeSender
from bot.cli import main
from bot.database.transaction import SqlLedgerTransaction
from bot.slack.announcer import SlackAnnouncer
from bot.twilio.gateway import TwilioGateway

# Long enough for a healthy step, short enough for a test to wait until somebody else takes over.
DEADLINES = Deadlines(
    claim_lease_s=1.0,
    twilio_s=1.0,
    finish_s=0.2,
    hang_up_try_s=0.6,
    look_s=0.4,
    second_look_after_s=0.1,
    told_within_s=1.0,
    settle_every_s=0.1,
)
# An ack that was given has reached Slack by then.
ACKNOWLEDGED_AFTER_S = 0.3


class Step(StrEnum):
    """Where a change can be cut off, in the order in which it gets there."""

    BEFORE_ACCEPT_COMMITS = "before-accept-commits"
    BEFORE_ACK = "before-ack"
    BEFORE_SENT = "before-sent"
    BEFORE_TWILIO = "before-twilio"
    BEFORE_BYTES = "before-bytes"
    BEFORE_OUTCOME = "before-outcome"
    BEFORE_ANSWER = "before-answer"
    NEVER = "never"


def cut_off(step: Step, number: signal.Signals) -> None:
    """Wrap the one seam where the change gets to this step."""

    def end() -> None:
        os.kill(os.getpid(), number)

    async def end_after_ack() -> None:
        await asyncio.sleep(ACKNOWLEDGED_AFTER_S)
        end()

    wrap_to_send = partial(_wrap, ClientRequest, "send", before=end)
    seams = {
        Step.BEFORE_ACCEPT_COMMITS: partial(
            _wrap, SqlLedgerTransaction, "insert_change", after=end
        ),
        Step.BEFORE_ACK: partial(_wrap, ChangeDesk, "accept", after=end),
        Step.BEFORE_SENT: partial(_wrap, ChangeWorker, "perform", before=end_after_ack),
        Step.BEFORE_TWILIO: partial(_wrap, ChangeSender, "send", before=end),
        Step.BEFORE_BYTES: partial(_wrap, TwilioGateway, "_update", before=wrap_to_send),
        Step.BEFORE_OUTCOME: partial(_wrap, ChangeSender, "send", after=end),
        Step.BEFORE_ANSWER: partial(_wrap, SlackAnnouncer, "announce", before=end),
    }
    if step in seams:
        seams[step]()


Deed = Callable[[], Awaitable[None] | None]


def _wrap(owner: type, name: str, *, before: Deed | None = None, after: Deed | None = None) -> None:
    """Let *before* or *after* happen at the first call of this method."""
    real = getattr(owner, name)

    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        setattr(owner, name, real)
        await _do(before)
        result = await real(*args, **kwargs)
        await _do(after)
        return result

    setattr(owner, name, wrapped)


async def _do(deed: Deed | None) -> None:
    waiting = deed() if deed else None
    if waiting is not None:
        await waiting


if __name__ == "__main__":
    cut_off(Step(sys.argv[1]), signal.Signals[sys.argv[2]])
    bootstrap.serve = partial(bootstrap.serve, deadlines=DEADLINES)
    main(["serve"])
