"""Stopping all changes everywhere at once, and allowing them again."""

from __future__ import annotations

from asyncio import CancelledError

from bot.application.deadlines import LOG_DEADLINE_S
from bot.application.ports import AuditReader, Ledger, LedgerTransaction
from bot.application.rights import Denials, Guard, denial
from bot.domain.audit import Action, EntryDraft, Event
from bot.domain.changes import Freeze
from bot.domain.errors import (
    ChangeUnconfirmedError,
    CommitUnconfirmedError,
    FrozenError,
    LogUnavailableError,
    RepeatedRequestError,
)
from bot.domain.requests import Asking


class FreezeSwitch:
    """The freeze is what the log says: there is no freeze without a record of who and why."""

    def __init__(
        self,
        guard: Guard,
        *,
        ledger: Ledger,
        log: AuditReader,
        denials: Denials,
        account_sid: str,
    ) -> None:
        self._guard = guard
        self._ledger = ledger
        self._log = log
        self._denials = denials
        self._account_sid = account_sid

    async def freeze(self, asking: Asking, reason: str) -> Freeze | None:
        """Stop all changes from now on; the freeze that was in force before, if one was.

        Raises:
            NotPermittedError: the person is no admin.
            RepeatedRequestError: it was done when it first came, and was lifted since.
            LogUnavailableError: the log did not record it.
            ChangeUnconfirmedError: the log did not say in time whether it recorded it.
        """
        return await self._turn(asking, Action.FREEZE, reason)

    async def unfreeze(self, asking: Asking) -> Freeze | None:
        """Allow changes again; the freeze that was in force, None where there was none.

        Raises:
            NotPermittedError: the person is no admin.
            RepeatedRequestError: it was done when it first came, and all is frozen anew since.
            LogUnavailableError: the log did not record it.
            ChangeUnconfirmedError: the log did not say in time whether it recorded it.
        """
        return await self._turn(asking, Action.UNFREEZE, "")

    async def turn_away(self, asking: Asking, action: Action, call_sid: str = "") -> None:
        """Return where nothing is frozen, so that nobody is asked for what cannot be done.

        Where the call is not looked up yet, *call_sid* is empty.

        A change is stopped when it is accepted and when it is sent, whatever this says.

        Raises:
            FrozenError: all changes are frozen; that is recorded.
            LogUnavailableError: the log does not tell.
        """
        freeze = await self._log.current_freeze()
        if freeze is not None:
            refusal = FrozenError(freeze)
            account_sid = self._account_sid if call_sid else ""
            await self._denials.record(
                denial(asking, action, refusal, account_sid=account_sid, call_sid=call_sid)
            )
            raise refusal

    async def _turn(self, asking: Asking, action: Action, reason: str) -> Freeze | None:
        await self._guard.admit(asking, action)
        draft = EntryDraft(
            request_id=asking.request_id,
            event=Event.SUCCEEDED,
            action=action,
            actor=asking.actor,
            surface=asking.surface,
            channel_id=asking.channel_id,
            personal={
                name: value
                for name, value in (("actor_name", asking.actor.name), ("reason", reason))
                if value
            },
        )

        async def turn(tx: LedgerTransaction) -> Freeze | None:
            before = await tx.current_freeze()
            is_needed = (before is None) == (action is Action.FREEZE)
            if is_needed:
                if await tx.is_recorded(asking.request_id):
                    raise RepeatedRequestError("others have acted since it first came")
                await tx.append(draft)
            return before

        try:
            return await self._ledger.write(turn, within_s=LOG_DEADLINE_S)
        except (CommitUnconfirmedError, CancelledError) as fault:
            # Cancelled is who waited past the listener's own deadline.
            raise ChangeUnconfirmedError(action) from fault
        except LogUnavailableError as fault:
            if asking.is_repeated:
                raise ChangeUnconfirmedError(action) from fault
            raise
