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
from bot.domain.changes import Change, Origin, OriginKind
from bot.domain.errors import HookflashError
from bot.domain.people import Actor
from bot.slack.audiences import Audiences
from bot.slack.errors import explain, words
from bot.slack.filter_seal import FilterSeal
from bot.slack.home_tab import HomeTab
from bot.slack.live_list import LiveList
from bot.slack.payloads import Click, Command, HomeOpening
from bot.slack.replies import Replies
from bot.slack.views.formatting import Place

_log = logging.getLogger(__name__)


Asked = Command | Click | HomeOpening


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
    home: HomeTab
    seal: FilterSeal
    tasks: TaskSpawner
    clock: Clock
    place: Place

    def perform(self, change: Change | None) -> None:
        """Start the work of an accepted change; a repeated delivery has none."""
        if change is not None:
            self.answer_at(change.request.origin, change.actor, self._perform(change))

    async def _perform(self, change: Change) -> None:
        """What fails after the accept tells nothing of the change, so "not done" is not its word.

        Raises:
            RuntimeError: it failed with a fault whose words would say that nothing was done.
        """
        try:
            await self.worker.perform(change)
        except (HookflashError, TimeoutError) as fault:
            raise RuntimeError("the work on an accepted change failed") from fault

    def answer(self, asked: Asked, work: Coroutine[Any, Any, object]) -> None:
        """Start work whose faults are told to the person who asked for it, where they asked."""
        self.answer_at(asked.origin, asked.asking.actor, work)

    def answer_at(self, origin: Origin, actor: Actor, work: Coroutine[Any, Any, object]) -> None:
        """Start work whose faults are told to this person, there."""

        async def tell(fault: Exception) -> None:
            if not isinstance(fault, HookflashError):
                _log.error("an answer failed", exc_info=fault)
            await self.tell(fault, origin, actor)

        self.tasks.spawn(work, name="answer", on_fault=tell)

    async def tell(self, fault: Exception, origin: Origin, actor: Actor) -> None:
        """Say what went wrong, where the person is looking."""
        view = explain(fault, command=self.place.command)
        if origin.view_id:
            await self.replies.replace(origin, actor.user_id, view)
        elif origin.kind is not OriginKind.HOME:
            await self.replies.to_asker(origin, actor.user_id, view)
        else:
            sentence = words(fault, self.place.command)
            if not await self.home.show_again(origin, actor, banner=sentence):
                await self.replies.to_asker(origin, actor.user_id, view)
