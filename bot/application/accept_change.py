"""Accepting a change: one transaction decides, takes the call's slot and records the intent."""

from __future__ import annotations

from asyncio import CancelledError
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from bot.application.deadlines import LOG_DEADLINE_S, Deadlines
from bot.application.live_calls import LiveCalls
from bot.application.ports import Clock, Ledger, LedgerTransaction
from bot.application.rights import Denials, Rights, denial
from bot.domain.audit import Action, EntryDraft, Event
from bot.domain.card_version import CardVersion
from bot.domain.changes import Change, ChangeRequest, ChangeState
from bot.domain.errors import (
    CallBusyError,
    CallNotActiveError,
    ChangeUnconfirmedError,
    CommitUnconfirmedError,
    FrozenError,
    LogUnavailableError,
    RefusedError,
    StaleCardError,
)
from bot.domain.people import Actor, Role
from bot.domain.redirects import RedirectPolicy, Target, deserialise_target, serialise_target
from bot.domain.requests import Asking

# Slack brings a request again within minutes, if at all.
MOST_REMEMBERED = 1000


class ChangeDesk:
    """Takes people's requests to change a call.

    `owner` names this process in the leases. `on_given_up` is told of a change that the log did not
    confirm in time and may hold after all: this process never sends it.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        rights: Rights,
        denials: Denials,
        live: LiveCalls,
        policy: RedirectPolicy,
        account_sid: str,
        owner: str,
        on_given_up: Callable[[Change], object],
        clock: Clock,
        deadlines: Deadlines,
    ) -> None:
        self._ledger = ledger
        self._rights = rights
        self._denials = denials
        self._live = live
        self._policy = policy
        self._account_sid = account_sid
        self._owner = owner
        self._on_given_up = on_given_up
        self._clock = clock
        self._deadlines = deadlines
        self._accepted: OrderedDict[str, None] = OrderedDict()  # ids of requests

    async def accept(self, request: ChangeRequest) -> Change | None:
        """The change, claimed by this process; None for a repeated delivery of a request.

        Nothing is sent to Twilio here, and nobody but the database is asked.

        Raises:
            RefusedError: it is not allowed; that is recorded.
            InvalidTargetError: the redirect's target is wrong in form.
            LogUnavailableError: the intent was not recorded, so nothing is done.
            ChangeUnconfirmedError: it may have been recorded, and be done by another process: an
                earlier delivery, or a hang-up that this one cannot withdraw first.
        """
        if request.request_id in self._accepted:
            return None  # also while the log is down: it has this one
        change = self._new_change(request)
        try:
            accepted = await self._ledger.write(
                lambda tx: self._accept(tx, change), within_s=LOG_DEADLINE_S
            )
        except RefusedError as refusal:
            await self._denials.record(self._denial(request, refusal))
            raise
        except (CommitUnconfirmedError, CancelledError) as fault:
            # Cancelled is who waited past the listener's own deadline.
            self._on_given_up(change)
            # Nobody sends what is not marked as sent.
            if change.state is ChangeState.SENT or request.is_repeated:
                raise ChangeUnconfirmedError(request.action) from fault
            raise
        except LogUnavailableError as fault:
            if request.is_repeated:
                raise ChangeUnconfirmedError(request.action) from fault
            raise
        self._remember(request.request_id)
        return accepted

    async def turn_away(self, asking: Asking, target: Target) -> None:
        """Return where the person may redirect calls there, so that nobody is asked in vain.

        Raises:
            NotPermittedError: they may redirect none; that is recorded.
            InvalidTargetError: the target is wrong in form.
            TargetNotAllowedError: they may not use it; that is recorded.
        """
        try:
            self._check_target(asking.actor, target)
        except RefusedError as refusal:
            personal = {"target": serialise_target(target)}
            await self._denials.record(denial(asking, Action.REDIRECT, refusal, personal=personal))
            raise

    def _check_target(self, actor: Actor, target: Target) -> None:
        role = self._rights.require(actor, Action.REDIRECT)
        self._policy.check(target, is_admin=role >= Role.ADMIN)

    def _remember(self, request_id: str) -> None:
        self._accepted[request_id] = None
        if len(self._accepted) > MOST_REMEMBERED:
            self._accepted.popitem(last=False)

    async def _accept(self, tx: LedgerTransaction, change: Change) -> Change | None:
        request = change.request
        is_hindered = await tx.is_hindered(request.request_id, self._account_sid, request.call_sid)
        if is_hindered and await tx.find_change(request.request_id):
            return None
        self._rights.require(request.actor, request.action)
        if is_hindered:
            await self._check_call(tx, request)
        if request.action is Action.REDIRECT:
            self._check_target(request.actor, deserialise_target(request.target))
            await self._check_card(tx, request)
        await tx.insert_change(change)
        await tx.append(self._requested(change))
        return change

    async def _check_call(self, tx: LedgerTransaction, request: ChangeRequest) -> None:
        freeze = await tx.current_freeze()
        if freeze:
            raise FrozenError(freeze)
        ending = await tx.ending_of(self._account_sid, request.call_sid)
        if ending:
            raise CallNotActiveError(request.call_sid, ending)
        held = await tx.open_change(self._account_sid, request.call_sid)
        if held:
            raise CallBusyError(
                by=held.actor,
                is_own=held.actor.user_id == request.actor.user_id,
                action=held.action,
                since=held.requested_at,
            )

    async def _check_card(self, tx: LedgerTransaction, request: ChangeRequest) -> None:
        if not request.card_version:
            return
        last_changes = await tx.last_changes(self._account_sid, [request.call_sid])
        conversation = self._live.conversation_of(request.call_sid)
        current = CardVersion.of(request.call_sid, conversation, last_changes)
        differences = CardVersion.parse(request.card_version).differences(current)
        if differences:
            last_change = last_changes.get(request.call_sid)
            raise StaleCardError(differences, str(current), last_change)

    def _new_change(self, request: ChangeRequest) -> Change:
        """A hang-up needs nothing more before it is sent, so it is accepted as sent already."""
        now = self._clock()
        change = Change(
            change_id=uuid4().hex,
            request=request,
            account_sid=self._account_sid,
            state=ChangeState.CLAIMED,
            requested_at=now,
            owner=self._owner,
            lease_until=now + timedelta(seconds=self._deadlines.claim_lease_s),
        )
        if request.action is not Action.HANG_UP:
            return change
        return replace(
            change,
            state=ChangeState.SENT,
            lease_until=now + timedelta(seconds=self._deadlines.sent_lease_s),
            deadline_at=now + timedelta(seconds=self._deadlines.twilio_s),
            attempts=1,
        )

    def _requested(self, change: Change) -> EntryDraft:
        request = change.request
        call = self._live.find(change.call_sid)
        details = {"status_before": call.status} if call else {}
        numbers = {"from": call.from_number, "to": call.to_number} if call else {}
        return EntryDraft(
            request_id=request.request_id,
            event=Event.REQUESTED,
            action=request.action,
            actor=request.actor,
            surface=request.surface,
            channel_id=request.origin.channel_id,
            account_sid=change.account_sid,
            call_sid=change.call_sid,
            details=details,
            personal=_personal(request) | {k: v for k, v in numbers.items() if v},
        )

    def _denial(self, request: ChangeRequest, refusal: RefusedError) -> EntryDraft:
        asking = Asking(
            request_id=request.request_id,
            actor=request.actor,
            surface=request.surface,
            channel_id=request.origin.channel_id,
        )
        return denial(
            asking,
            request.action,
            refusal,
            account_sid=self._account_sid,
            call_sid=request.call_sid,
            personal=_personal(request),
        )


def _personal(request: ChangeRequest) -> dict[str, str]:
    values = {
        "actor_name": request.actor.name,
        "reason": request.reason,
        "target": request.target,
    }
    return {name: value for name, value in values.items() if value}
