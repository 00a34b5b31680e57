"""Ports for programs that are told where to listen before they are started."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_port() -> Iterator[int]:
    """A port at which nobody listens until a program of ours does.

    The system gives it to nobody else meanwhile. It would give away one that was merely found to be
    free, while our program still starts: to any of the servers of the tests that run beside.
    """
    with socket.socket() as keeping:
        # Whoever asks for this very port, and says the same, may have it too: as all servers do.
        keeping.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeping.bind(("", 0))
        yield int(keeping.getsockname()[1])
