"""Processes that stand still, as they do on a machine that hangs. Only Linux tells of them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.fixtures_database import administration, at_database

# Whether the server may be stopped, and its processes can be found.
MAY_STOP_SERVER = pytest.mark.skipif(
    "TEST_DATABASE_URL" in os.environ or sys.platform != "linux",
    reason="stops the server's own processes, which Linux tells of",
)
STOPS_WITHIN_S = 30.0
LOOKS_EVERY_S = 0.005
STANDS_STILL, HAS_ENDED = "T", "Z"


@contextmanager
def postgres_hanging(database_url: str) -> Iterator[None]:
    """The server does nothing any more, neither for those whom it serves nor for those who come.

    To stop those of its processes that it tells of is not enough: one that has just been asked for
    is in no list yet, and is at work a moment later.
    """
    with administration(at_database(database_url, "postgres")) as connection:
        folder = Path(str(connection.scalar(text("SHOW data_directory"))))
    server = int((folder / "postmaster.pid").read_text().split()[0])
    try:
        stand_still(server)  # before the others, since it makes more of them
        for process in _children(server):
            stand_still(process)
        yield
    finally:
        for process in (*_children(server), server):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def stand_still(pid: int) -> None:
    """Stop the process; it does nothing any more, or has ended, when this returns.

    Raises:
        TimeoutError: it goes on.
    """
    gives_up_at = time.monotonic() + STOPS_WITHIN_S
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    while state_of(pid) not in {STANDS_STILL, HAS_ENDED}:
        if time.monotonic() > gives_up_at:
            raise TimeoutError(f"process {pid} goes on")
        time.sleep(LOOKS_EVERY_S)


def state_of(pid: int) -> str:
    """The letter by which Linux tells what the process does."""
    return _told(pid)[0]


def _children(pid: int) -> list[int]:
    every = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    return [one for one in every if _told(one)[1] == str(pid)]


def _told(pid: int) -> tuple[str, str]:
    """What it does, and whose child it is."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return HAS_ENDED, ""
    return state, parent
