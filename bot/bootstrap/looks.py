"""The look at the live calls, which replicas on one database share."""

from __future__ import annotations

from bot.application.live_calls import LiveCalls
from bot.application.ports import LookBoard
from bot.application.shared_looks import SharedLooker
from bot.application.snapshot import Snapshot
from bot.application.take_look import TwilioLooker
from bot.application.tasks import TaskSupervisor
from bot.bootstrap.outside import Outside


class Looks:
    """The live calls, and what keeps them in step with other replicas where there may be any."""

    def __init__(
        self, outside: Outside, *, poll_s: float, tasks: TaskSupervisor, owner: str
    ) -> None:
        self._tasks = tasks
        self._board: LookBoard | None = outside.look_board
        if self._board is None:
            self.live = LiveCalls.alone(outside.gateway, poll_s=poll_s)
        else:
            snapshot = Snapshot(poll_s=poll_s)
            looker = TwilioLooker(outside.gateway, snapshot)
            self._shared = SharedLooker(snapshot, looker, self._board, tasks=tasks, owner=owner)
            self.live = LiveCalls(snapshot, self._shared, on_learnt=self._shared.tell)

    def start(self) -> None:
        """Follow what other replicas see, until shutdown."""
        if self._board is not None:
            self._tasks.serve(self._board.listen, name="hear of the looks of other replicas")
            self._tasks.serve(self._shared.follow, name="follow the looks of other replicas")
