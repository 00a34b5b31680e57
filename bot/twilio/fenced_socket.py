"""Sockets that send nothing after a deadline, however long their process was stopped before it."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.application.deadlines import Deadline

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
    from aiohttp.connector import AddrInfoType

# What the kernel has taken it goes on sending by itself, also for a process that was stopped or has
# given up. A connection on which nothing arrives for so long is given up by the kernel too, before
# the lease of the change runs out (`Deadlines.finish_s`).
# Source: https://man7.org/linux/man-pages/man7/tcp.7.html (TCP_USER_TIMEOUT)
UNACKNOWLEDGED_S = 2.5


class DeadlinePassedError(OSError):
    """The deadline was over when the bytes were to be sent. None of them was."""


@dataclass(slots=True)
class Fence:
    """Holds back what would be sent too late.

    What is held back may also be how TLS takes leave of a server that did not answer in time. So
    `has_let_out` tells whether some of the request has gone before.
    """

    deadline: Deadline
    was_reached: bool = False
    has_let_out: bool = False
    is_connected: bool = False

    def begin_try(self) -> None:
        """What goes out from now on makes a connection, if there is none yet."""
        self.is_connected = self.has_let_out = False

    def begin_request(self) -> None:
        """What goes out from now on is the request."""
        self.is_connected = True

    def check(self) -> None:
        """Return while there is time.

        Raises:
            DeadlinePassedError: there is none left.
        """
        if self.deadline.left_s <= 0:
            self.was_reached = True
            raise DeadlinePassedError("the deadline for sending has passed")
        self.has_let_out = self.is_connected

    @property
    def has_kept_all(self) -> bool:
        """Whether the request was held back, and nothing of it has gone out."""
        return self.was_reached and not self.has_let_out


_fence: ContextVar[Fence | None] = ContextVar("fence", default=None)


@contextmanager
def fenced(deadline: Deadline) -> Iterator[None]:
    """Let nothing that this block sends to Twilio go out after the deadline."""
    token = _fence.set(Fence(deadline))
    try:
        yield
    finally:
        _fence.reset(token)


def current_fence() -> Fence | None:
    """The fence around what is being sent now."""
    return _fence.get()


class FencedSocket(socket.socket):
    """Looks at the deadline in the last statement before the system call that sends."""

    def send(self, data: ReadableBuffer, flags: int = 0, /) -> int:
        """Send what the kernel takes, unless it is too late.

        Raises:
            DeadlinePassedError: it is.
        """
        _check()
        return super().send(data, flags)

    def sendmsg(self, buffers: Iterable[ReadableBuffer], /, *more: Any) -> int:
        """Send what the kernel takes of several buffers, unless it is too late.

        Raises:
            DeadlinePassedError: it is.
        """
        _check()
        return super().sendmsg(buffers, *more)


def open_fenced_socket(address: AddrInfoType) -> socket.socket:
    """A socket for the address, as aiohttp asks for one."""
    family, kind, protocol, *_ = address
    opened = FencedSocket(family, kind, protocol)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(UNACKNOWLEDGED_S * 1000))
    return opened


def _check() -> None:
    fence = _fence.get()
    if fence is not None:
        fence.check()
