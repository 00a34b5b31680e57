"""What the listeners work with: the use cases, the replies, and the way to answer after the ack."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from bot.application.accept_change import ChangeDesk
from bot.application.find_call import CallFinder
from bot.application.freeze import FreezeSwitch
from bot.application.live_calls import LiveCalls
from bot.application.numbers import NumberBook
from bot.application.perform_change import ChangeWorker
from bot.application.ports import AuditReader, CallGateway, Clock, TaskSpawner
from bot.application.rights import Guard, Rights
from bot.domain.changes import Change, Origin
from bot.domain.errors import HookflashError
from bot.domain.people import Actor
from bot.slack.audiences import Audiences
from bot.slack.errors import explain
from bot.slack.live_list import LiveList
from bot.slack.replies import Replies
from bot.slack.views.formatting import Place

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """All that a listener may use."""

    guard: Guard
    rights: Rights
    changes: ChangeDesk
    worker: ChangeWorker
    live: LiveCalls
    gateway: CallGateway
    finder: CallFinder
    numbers: NumberBook
    freeze: FreezeSwitch
    log: AuditReader
    replies: Replies
    audiences: Audiences
    live_list: LiveList
    tasks: TaskSpawner
    clock: Clock
    place: Place

    def perform(self, change: Change | None) -> None:
        """Start the work of an accepted change; a repeated delivery has none."""
        if change is not None:
            self.answer(self.worker.perform(change), change.request.origin, change.actor)

    def answer(self, work: Coroutine[Any, Any, object], origin: Origin, actor: Actor) -> None:
        """Start work whose faults are told to the person who asked for it."""

        async def tell(fault: Exception) -> None:
            if not isinstance(fault, HookflashError):
                _log.error("an answer failed", exc_info=fault)
            view = explain(fault, command=self.place.command)
            await self.replies.to_asker(origin, actor.user_id, view)

        self.tasks.spawn(work, name="answer", on_fault=tell)
