"""The deadline of a change: no clock that jumps and no pause lets anything out after it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from bot.application.deadlines import DEFAULT_DEADLINES, Deadline
from bot.twilio.fenced_socket import (
    UNACKNOWLEDGED_S,
    DeadlinePassedError,
    current_fence,
    fenced,
    open_fenced_socket,
)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connection of ours, and its far end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        with open_fenced_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", address)) as near:
            near.connect(address)
            far, _ = server.accept()
            with far:
                yield near, far


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_that_jumps_never_gives_more_time(jump: timedelta) -> None:
    deadline = Deadline.after(10.0)

    with time_machine.travel(datetime.now(UTC) + jump):
        left_s = deadline.left_s

    assert left_s < 10.0
    assert (left_s <= 0) == (jump > timedelta(0))


def test_the_earlier_of_two_deadlines_holds() -> None:
    deadline = Deadline.after(5.0)

    assert deadline.at_most(1.0).left_s <= 1.0
    assert deadline.at_most(60.0) == deadline


def test_what_is_sent_after_the_deadline_is_held_back(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    near, far = ends

    with fenced(Deadline.after(60.0)):
        near.send(b"in ")
        near.sendmsg([b"time"])
    with fenced(Deadline.after(0.0)):
        with pytest.raises(DeadlinePassedError):
            near.send(b"late")
        with pytest.raises(DeadlinePassedError):
            near.sendmsg([b"late"])
        fence = current_fence()
    near.send(b", unfenced")
    near.close()

    assert fence is not None
    assert fence.was_reached
    assert far.makefile("rb").read() == b"in time, unfenced"


def test_the_kernel_gives_up_before_another_process_may_take_over(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    near, _ = ends

    timeout_ms = near.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

    assert timeout_ms == UNACKNOWLEDGED_S * 1000
    assert DEFAULT_DEADLINES.finish_s > UNACKNOWLEDGED_S
