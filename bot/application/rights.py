"""Who may do what, decided at click time; refusals are recorded."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from bot.application.append_once import append_once
from bot.application.deadlines import DENIAL_DEADLINE_S
from bot.application.ports import Clock, Ledger, MemberDirectory
from bot.domain.audit import Action, EntryDraft, Event, Surface
from bot.domain.errors import (
    CommitUnconfirmedError,
    LogUnavailableError,
    NotPermittedError,
    RefusedError,
)
from bot.domain.people import MACHINE, Actor, Role, RoleLists
from bot.domain.requests import Asking

_log = logging.getLogger(__name__)

ONE_MINUTE = timedelta(minutes=1)
DENIALS_A_MINUTE = 5
MOST_PEOPLE = 200
NEEDED_ROLE = {
    Action.LIST: Role.VIEWER,
    Action.HANG_UP: Role.OPERATOR,
    Action.REDIRECT: Role.OPERATOR,
    Action.READ_AUDIT: Role.OPERATOR,
    Action.FREEZE: Role.ADMIN,
    Action.UNFREEZE: Role.ADMIN,
}


class Rights:
    """Roles from the settings, and membership from Slack where `*` makes it matter."""

    def __init__(self, roles: RoleLists, directory: MemberDirectory) -> None:
        self._roles = roles
        self._directory = directory

    def must_learn(self, actor: Actor) -> bool:
        """Whether the role of this person hangs on a membership that is not known yet."""
        return (
            self._roles.depends_on_membership(actor.user_id)
            and self._directory.is_full_member(actor) is None
        )

    async def learn(self, actor: Actor) -> None:
        """Ask Slack who this is; never before an ack."""
        await self._directory.learn(actor)

    def role_of(self, actor: Actor) -> Role:
        """The person's role; who is not known to be a full member is none."""
        is_full_member = self._directory.is_full_member(actor) is True
        return self._roles.role_of(actor.user_id, is_full_member=is_full_member)

    def require(self, actor: Actor, action: Action) -> Role:
        """The person's role, which is high enough for *action*.

        Raises:
            NotPermittedError: it is not.
        """
        held, needed = self.role_of(actor), NEEDED_ROLE[action]
        if held < needed:
            raise NotPermittedError(needed=needed, held=held, ask=self._roles.who_to_ask(needed))
        return held

    def who_to_ask(self, needed: Role) -> tuple[str, ...]:
        """User ids of people who hold the role or hand it out."""
        return self._roles.who_to_ask(needed)


@dataclass(slots=True)
class _Minute:
    began_at: datetime
    written: int = 0
    held_back: int = 0
    last: EntryDraft | None = None
    may_stand: EntryDraft | None = None


class Denials:
    """Writes `denied` entries; a flood becomes one entry a minute that counts.

    Of each person DENIALS_A_MINUTE are written in full and the rest are counted. When MOST_PEOPLE
    were turned away within a minute, those of all others are counted together.
    """

    def __init__(self, ledger: Ledger, *, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._minutes: dict[Actor, _Minute] = {}
        self._others: _Minute | None = None

    async def record(self, draft: EntryDraft) -> None:
        """Write the entry, or count it where there has been enough for this minute.

        A log that does not answer keeps nobody from being turned away: its fault is told by
        `/readyz` and in the log of the process.
        """
        minute = self._minute_of(draft.actor)
        if minute is self._others or minute.written >= DENIALS_A_MINUTE:
            minute.held_back += 1
            minute.last = draft
            return
        minute.written += 1
        try:
            await self._ledger.write(lambda tx: tx.append(draft), within_s=DENIAL_DEADLINE_S)
        except LogUnavailableError:
            _log.exception("a refusal could not be recorded")

    async def flush(self, *, everything: bool = False) -> None:
        """Write what was counted in minutes that are over; what the log does not take is kept."""
        for actor, minute in list(self._minutes.items()):
            if (everything or self._is_over(minute)) and await self._write_counted(minute):
                del self._minutes[actor]
        others = self._others
        if others and (everything or self._is_over(others)) and await self._write_counted(others):
            self._others = None

    def _minute_of(self, actor: Actor) -> _Minute:
        """The person's minute, or the one that all have together who are too many."""
        minute = self._minutes.get(actor)
        if minute is not None:
            return minute
        minute = _Minute(began_at=self._clock())
        if len(self._minutes) < MOST_PEOPLE:
            self._minutes[actor] = minute
            return minute
        self._others = self._others or minute
        return self._others

    def _is_over(self, minute: _Minute) -> bool:
        # A minute that begins in the future was begun before the clock was set back.
        return abs(self._clock() - minute.began_at) >= ONE_MINUTE

    async def _write_counted(self, minute: _Minute) -> bool:
        """Whether nothing is left to write of it; more may be counted while this one is written."""
        if minute.last is None:
            return True
        tell = _counted_of_others if minute is self._others else _counted
        draft = minute.may_stand or tell(minute.last, minute.held_back)
        try:
            await self._ledger.write(lambda tx: append_once(tx, draft), within_s=DENIAL_DEADLINE_S)
        except CommitUnconfirmedError:
            minute.may_stand = draft
            return False
        except LogUnavailableError:
            return False
        minute.may_stand = None
        minute.held_back -= draft.details["more_like_it"]
        return minute.held_back == 0


def _counted(last: EntryDraft, count: int) -> EntryDraft:
    details = dict(last.details) | {"more_like_it": count}
    return replace(last, request_id=_new_id(), surface=Surface.MACHINE, details=details)


def _counted_of_others(last: EntryDraft, count: int) -> EntryDraft:
    """They are of many people and for many reasons: of the last of them only its kind is told."""
    return EntryDraft(
        request_id=_new_id(),
        event=Event.DENIED,
        action=last.action,
        actor=MACHINE,
        surface=Surface.MACHINE,
        account_sid=last.account_sid,
        details={"reason": "many_people", "more_like_it": count},
    )


def _new_id() -> str:
    return f"denials-{uuid4().hex}"


def denial(
    asking: Asking,
    action: Action,
    refusal: RefusedError,
    *,
    account_sid: str = "",
    call_sid: str = "",
    personal: Mapping[str, str] | None = None,
) -> EntryDraft:
    """The entry that a refusal leaves."""
    details: dict[str, Any] = {"reason": refusal.code}
    if isinstance(refusal, NotPermittedError):
        details |= {"needed": refusal.needed.title, "held": refusal.held.title}
    return EntryDraft(
        request_id=asking.request_id,
        event=Event.DENIED,
        action=action,
        actor=asking.actor,
        surface=asking.surface,
        channel_id=asking.channel_id,
        account_sid=account_sid,
        call_sid=call_sid,
        details=details,
        personal={"actor_name": asking.actor.name} | dict(personal or {}),
    )


class Guard:
    """Admits people to what they may see, and records whom it turned away."""

    def __init__(self, rights: Rights, denials: Denials) -> None:
        self._rights = rights
        self._denials = denials

    async def admit(self, asking: Asking, action: Action) -> Role:
        """The person's role.

        Raises:
            NotPermittedError: it is too low; that is recorded.
        """
        try:
            return self._rights.require(asking.actor, action)
        except NotPermittedError as refusal:
            await self._denials.record(denial(asking, action, refusal))
            raise
