"""A witness that cannot tell what it has: replicas note for each other what they have shown it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from bot.application.ports import CheckpointPost, CheckpointShowings, Turn
from bot.domain.checkpoints import Checkpoint
from bot.domain.errors import LogUnavailableError


class NotedWitness:
    """Fulfils `bot.application.ports.CheckpointWitness`.

    It has a checkpoint twice only where a process died, or lost the database, between showing it
    and noting that, or never learnt that it had arrived.
    """

    def __init__(self, place: CheckpointPost, showings: CheckpointShowings) -> None:
        self._place = place
        self._showings = showings
        self._shown: set[Checkpoint] = set()
        self._noted: set[Checkpoint] = set()

    @property
    def name(self) -> str:
        """What to call it in the log."""
        return self._place.name

    async def show(self, checkpoints: Sequence[Checkpoint]) -> bool:
        """Show those that were not shown there, in order; False where another replica is at it.

        Raises:
            WitnessUnavailableError: it did not take one.
            LogUnavailableError: the database does not tell whose turn it is.
        """
        for kept in (self._shown, self._noted):
            kept.intersection_update(checkpoints)
        for one in checkpoints:
            if one not in self._noted and not await self._is_shown(one):
                return False
            self._noted.add(one)
        return True

    async def _is_shown(self, checkpoint: Checkpoint) -> bool:
        """Whether it is there now, by us or by another replica."""
        if checkpoint not in self._shown:
            turn = await self._showings.take(self.name, checkpoint)
            if turn is not Turn.OURS:
                return turn is Turn.OVER
            await self._post(checkpoint)
        await self._showings.note(self.name, checkpoint)
        return True

    async def _post(self, checkpoint: Checkpoint) -> None:
        try:
            await self._place.post(checkpoint)
            self._shown.add(checkpoint)
        finally:
            if checkpoint not in self._shown:
                with suppress(LogUnavailableError):  # then its turn runs out
                    await self._showings.give_back(self.name, checkpoint)
