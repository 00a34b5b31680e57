"""The real bot in a hurry, which signs the end of the log as often in a second as others in a day.

Run as `python -m tests.scenario.signing_bot`, with the bot's own environment.
"""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from functools import partial

from bot.application.checkpoints import Checkpointer, Rhythm
from bot.bootstrap import evidence, serve
from bot.settings import load_settings
from tests.scenario.dying_bot import DEADLINES

RHYTHM = Rhythm(
    every=timedelta(seconds=0.5),
    every_entries=5,
    at_least_apart=timedelta(seconds=0.1),
    look_every_s=0.05,
)

if __name__ == "__main__":
    setattr(evidence, "Checkpointer", partial(Checkpointer, rhythm=RHYTHM))  # noqa: B010 - not typed so
    asyncio.run(serve(load_settings(os.environ), deadlines=DEADLINES))
