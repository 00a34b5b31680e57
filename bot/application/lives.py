"""The record of when a process serves, so that the log tells silence from absence."""

from __future__ import annotations

import logging
from uuid import uuid4

from bot.application.deadlines import LOG_DEADLINE_S
from bot.application.ports import Ledger
from bot.domain.audit import Action, EntryDraft, Event, Surface
from bot.domain.errors import LogUnavailableError
from bot.domain.people import MACHINE

_log = logging.getLogger(__name__)


class Life:
    """One process from its start to its end; a `started` without a `stopped` was killed."""

    def __init__(self, ledger: Ledger, *, replica: str, version: str) -> None:
        self._ledger = ledger
        self._request_id = f"serve-{uuid4().hex}"
        self._details = {"replica": replica, "version": version}
        self._has_started = False

    async def started(self) -> None:
        """Append that the process serves now."""
        self._has_started = True
        await self._append(Event.STARTED)

    async def stopped(self) -> None:
        """Append that the process has finished what it had taken, if it ever served."""
        if self._has_started:
            await self._append(Event.STOPPED)

    async def _append(self, event: Event) -> None:
        draft = EntryDraft(
            request_id=self._request_id,
            event=event,
            action=Action.SERVE,
            actor=MACHINE,
            surface=Surface.MACHINE,
            details=self._details,
        )
        try:
            await self._ledger.write(lambda tx: tx.append(draft), within_s=LOG_DEADLINE_S)
        except LogUnavailableError:
            _log.warning("the log does not tell that this process has %s", event)
