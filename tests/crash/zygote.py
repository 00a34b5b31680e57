"""A process that has imported the bot and forks off one life of it after the other.

A start costs 50 ms instead of a second, so thousands can be killed. What is forked off is the real
`serve`. Run as `python -m tests.crash.zygote`; it is told on stdin of each life a line of JSON, and
tells on stdout the life's process id, and how it ended once it has.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

import psycopg  # noqa: F401 - SQLAlchemy would load it anew in every life

from bot import bootstrap
from bot.application.deadlines import Deadlines
from bot.cli import main as hookflash
from tests.crash.points import Point, arm

# In the proportions of the real ones, so that a lost owner is soon replaced: an accept is given up
# (2 s) before Slack gives up the click (3 s), and that before a lease has run out. Nobody is taken
# over because the machine stalled for a second or two.
DEADLINES = Deadlines(
    claim_lease_s=3.5,
    twilio_s=1.0,
    finish_s=2.5,
    hang_up_try_s=0.6,
    look_s=0.4,
    second_look_after_s=0.1,
    told_within_s=4.0,
    settle_every_s=0.1,
)


def main() -> None:
    """Fork until stdin ends."""
    for line in sys.stdin:
        # Only the life holds the other end open: when that is closed, it is over.
        its_end, held_by_life = os.pipe()
        pid = os.fork()
        if pid == 0:
            _live(json.loads(line))
        os.close(held_by_life)
        _say(pid)
        _say(_exit_code(pid, its_end))


def _exit_code(pid: int, its_end: int) -> int:
    """How the life ended; it is ended where nobody is left who could want it."""
    readable, _, _ = select.select([its_end, sys.stdin], [], [])
    if its_end not in readable:
        os.kill(pid, signal.SIGKILL)
    os.close(its_end)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def _live(told: Mapping[str, Any]) -> None:
    """Be `hookflash serve` until killed; the process ends here."""
    os.dup2(os.open(os.devnull, os.O_RDWR), sys.stdout.fileno())
    arm(Point(told["point"]), told["nth"], signal.Signals(told["signal"]))
    os.environ.clear()
    os.environ.update(told["environ"])
    bootstrap.serve = partial(bootstrap.serve, deadlines=DEADLINES)
    hookflash(["serve"])


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
