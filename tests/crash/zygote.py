"""A process that has imported the bot and forks off one life of it after the other.

A start costs 50 ms instead of a second, so thousands can be killed. What is forked off is the real
`serve`. Run as `python -m tests.crash.zygote`; it is told on stdin of each life a line of JSON, and
tells on stdout the life's process id, and how it ended once it has.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import sys
from collections.abc import Mapping
from typing import Any

import psycopg  # noqa: F401 - SQLAlchemy would load it anew in every life

from bot.bootstrap import serve
from bot.settings import load_settings
from tests.crash.points import Point, arm
from tests.scenario.dying_bot import DEADLINES


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
    """Serve until killed; the process ends here."""
    os.dup2(os.open(os.devnull, os.O_RDWR), sys.stdout.fileno())
    arm(Point(told["point"]), told["nth"])
    asyncio.run(serve(load_settings(told["environ"]), deadlines=DEADLINES))
    sys.exit(0)


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
