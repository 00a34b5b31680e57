"""Looks at the live calls that replicas share: one looks at Twilio, all see what it saw."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from time import monotonic
from uuid import uuid4

from bot.application.deadlines import database_deadline
from bot.application.ports import LookBoard, TaskSpawner
from bot.application.snapshot import Snapshot
from bot.application.take_look import TwilioLooker
from bot.domain.errors import LogUnavailableError
from bot.domain.looks import NOTHING_LEARNT, Learnt, Look

_log = logging.getLogger(__name__)

LEASE_S = 4.0
RENEWALS_IN_A_LEASE = 4
# Without a notification the board is read this often; while another replica looks, more often.
READ_EVERY_S = 2.0
READ_WHILE_WAITING_EVERY_S = 0.25
BOARD_DEADLINE_S = 1.0
# A large snapshot takes longer to show than to claim the turn for it.
SHOW_DEADLINE_S = 3.0
# Of many calls that end in the same moment the others are told once.
GATHERED_FOR_S = 0.1
# Whoever cannot reach the board looks alone, and does not try it again before every look.
ALONE_FOR_S = 10.0


@dataclass(slots=True)
class _Turn:
    """The right to look, until a moment of `elapsed` unless it is renewed."""

    holder: str
    held_until: float


class SharedLooker:
    """Looks in turn with other replicas; alone where the board where they meet is out of reach.

    Args:
        owner: names this process.
        lease_s: a replica that is lost while it looks is waited for as long as this.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        looker: TwilioLooker,
        board: LookBoard,
        *,
        tasks: TaskSpawner,
        owner: str,
        lease_s: float = LEASE_S,
        elapsed: Callable[[], float] = monotonic,
    ) -> None:
        self._snapshot = snapshot
        self._looker = looker
        self._board = board
        self._tasks = tasks
        self._owner = owner
        self._lease_s = lease_s
        self._elapsed = elapsed
        self._alone_until = float("-inf")
        self._untold = NOTHING_LEARNT

    async def refresh(self) -> None:
        """Bring the snapshot up to date by another's look or an own one, or note the fault."""
        if self._elapsed() >= self._alone_until:
            try:
                await self._refresh_in_turn()
            except LogUnavailableError:
                _log.warning("the looks of other replicas cannot be read; looking alone")
                self._alone_until = self._elapsed() + ALONE_FOR_S
            else:
                return
        await self._looker.refresh()

    async def follow(self) -> None:
        """Take in what other replicas show and tell them what is learnt here, for ever."""
        while True:
            change = self._board.next_change()
            with suppress(LogUnavailableError):
                await self._tell()
                await self._catch_up()
            await asyncio.sleep(GATHERED_FOR_S)
            await _wait_for(change, timeout_s=READ_EVERY_S)

    def tell(self, learnt: Learnt) -> None:
        """Let the other replicas know soon."""
        is_being_told = bool(self._untold)
        self._untold |= learnt
        if not is_being_told:
            self._tasks.spawn(self._tell_at_once(), name="tell other replicas of calls that ended")

    async def _refresh_in_turn(self) -> None:
        """Return once the snapshot is current, by whichever replica's look.

        Raises:
            LogUnavailableError: the other replicas cannot be heard.
        """
        while True:
            change = self._board.next_change()
            await self._catch_up()
            if self._snapshot.is_current():
                return
            turn = _Turn(f"{self._owner}/{uuid4().hex[:8]}", held_until=self._lease_end())
            async with database_deadline(BOARD_DEADLINE_S):
                is_our_turn = await self._board.claim(turn.holder, lease_s=self._lease_s)
            if not is_our_turn:
                await _wait_for(change, timeout_s=READ_WHILE_WAITING_EVERY_S)
            elif await self._look(turn):
                return

    async def _look(self, turn: _Turn) -> bool:
        """Look; False where the turn was lost meanwhile, so that another has looked since.

        Whoever waits here need not wait until the others are shown what was seen.
        """
        async with self._holding(turn):
            look = await self._looker.look()
        ended_at = self._elapsed()
        if ended_at >= turn.held_until:
            return False
        self._snapshot.take(look)
        self._tasks.spawn(self._show(turn, look, ended_at), name="show a look to other replicas")
        return True

    async def _show(self, turn: _Turn, look: Look, ended_at: float) -> None:
        try:
            async with database_deadline(SHOW_DEADLINE_S):
                if look.is_for_all:
                    age_s = self._elapsed() - ended_at
                    await self._board.show(turn.holder, replace(look, age_s=age_s))
                else:
                    await self._board.give_back(turn.holder)
        except LogUnavailableError:
            _log.warning("a look could not be shown to other replicas")

    @asynccontextmanager
    async def _holding(self, turn: _Turn) -> AsyncIterator[None]:
        """Keep the turn for as long as the block takes and this process is alive."""
        renewing = asyncio.create_task(self._renew(turn), name="hold the turn to look")
        try:
            yield
        finally:
            renewing.cancel()

    async def _renew(self, turn: _Turn) -> None:
        while True:
            await asyncio.sleep(self._lease_s / RENEWALS_IN_A_LEASE)
            held_until = self._lease_end()
            with suppress(LogUnavailableError):
                async with database_deadline(BOARD_DEADLINE_S):
                    if await self._board.renew(turn.holder, lease_s=self._lease_s):
                        turn.held_until = held_until

    def _lease_end(self) -> float:
        """When a lease ends that is asked for now; the database lets it end a little later."""
        return self._elapsed() + self._lease_s

    async def _catch_up(self) -> None:
        async with database_deadline(BOARD_DEADLINE_S):
            news = await self._board.read()
        if news.look is not None:
            self._snapshot.take(news.look)
        self._snapshot.forget(news.ended)
        if news.outdated_for_s is not None:
            self._snapshot.outdate(age_s=news.outdated_for_s)

    async def _tell_at_once(self) -> None:
        await asyncio.sleep(GATHERED_FOR_S)
        with suppress(LogUnavailableError):  # it is told when the board is next read
            await self._tell()

    async def _tell(self) -> None:
        told, self._untold = self._untold, NOTHING_LEARNT
        if not told:
            return
        try:
            async with database_deadline(BOARD_DEADLINE_S):
                await self._board.tell(told)
        except LogUnavailableError:
            self._untold |= told
            raise


async def _wait_for(change: asyncio.Event, *, timeout_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await change.wait()
