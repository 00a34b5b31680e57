"""Checking pieces in several processes, with their verdicts in order."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Protocol, TypeVar

PieceT = TypeVar("PieceT")
PieceT_contra = TypeVar("PieceT_contra", contravariant=True)
VerdictT = TypeVar("VerdictT")
VerdictT_co = TypeVar("VerdictT_co", covariant=True)

# To start a process takes about as long as to check one piece.
FEW_PIECES = 2


class Check(Protocol[PieceT_contra, VerdictT_co]):
    """What can be sent to another process and verifies pieces there."""

    def verify(self, piece: PieceT_contra, /) -> VerdictT_co:
        """The verdict on one piece."""


def verdicts(
    check: Check[PieceT, VerdictT], pieces: Sequence[PieceT]
) -> Iterator[tuple[PieceT, VerdictT]]:
    """Each piece with its verdict, in order; who stops asking stops the work."""
    workers = min(os.cpu_count() or 1, len(pieces))
    if workers <= 1 or len(pieces) <= FEW_PIECES:
        for piece in pieces:
            yield piece, check.verify(piece)
        return
    # A fresh process is the only kind that is safe wherever threads run.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=fresh) as executor:
        waiting: deque[tuple[PieceT, Future[VerdictT]]] = deque()
        try:
            for piece in pieces:
                waiting.append((piece, executor.submit(_verdict, check, piece)))
                if len(waiting) > 2 * workers:
                    yield _next_of(waiting)
            while waiting:
                yield _next_of(waiting)
        finally:
            executor.shutdown(cancel_futures=True)


def _verdict(check: Check[PieceT, VerdictT], piece: PieceT) -> VerdictT:
    """The verdict, with no look for cycles meanwhile, which takes a tenth of the time.

    A check makes none for each entry, so memory does not grow.
    """
    gc.disable()
    try:
        return check.verify(piece)
    finally:
        gc.enable()


def _next_of(waiting: deque[tuple[PieceT, Future[VerdictT]]]) -> tuple[PieceT, VerdictT]:
    piece, future = waiting.popleft()
    return piece, future.result()
