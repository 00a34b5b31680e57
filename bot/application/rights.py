"""Who may do what, decided at click time; refusals are recorded."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.application.deadlines import DENIAL_DEADLINE_S, database_deadline
from bot.application.ports import Clock, Ledger, MemberDirectory
from bot.domain.audit import Action, EntryDraft, Event, Surface
from bot.domain.errors import LogUnavailableError, NotPermittedError, RefusedError
from bot.domain.people import Actor, Role, RoleLists
from bot.domain.requests import Asking

_log = logging.getLogger(__name__)

ONE_MINUTE = timedelta(minutes=1)
DENIALS_A_MINUTE = 5
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


class Denials:
    """Writes `denied` entries; a flood by one person becomes one entry a minute that counts."""

    def __init__(self, ledger: Ledger, *, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._minutes: dict[Actor, _Minute] = {}

    async def record(self, draft: EntryDraft) -> None:
        """Write the entry, or count it where the person has had enough for this minute.

        A log that does not answer keeps nobody from being turned away: its fault is told by
        `/readyz` and in the log of the process.
        """
        minute = self._minutes.setdefault(draft.actor, _Minute(began_at=self._clock()))
        if minute.written >= DENIALS_A_MINUTE:
            minute.held_back += 1
            minute.last = draft
            return
        minute.written += 1
        await self._write(draft)

    async def flush(self, *, everything: bool = False) -> None:
        """Write what was counted in minutes that are over."""
        now = self._clock()
        over = [
            (actor, minute)
            for actor, minute in self._minutes.items()
            if everything or now - minute.began_at >= ONE_MINUTE
        ]
        for actor, minute in over:
            del self._minutes[actor]
            if minute.last is not None:
                await self._write(_counted(minute.last, minute.held_back))

    async def _write(self, draft: EntryDraft) -> None:
        try:
            async with database_deadline(DENIAL_DEADLINE_S):
                await self._ledger.write(lambda tx: tx.append(draft))
        except LogUnavailableError:
            _log.exception("a refusal could not be recorded")


def _counted(last: EntryDraft, count: int) -> EntryDraft:
    details = dict(last.details) | {"more_like_it": count}
    return replace(last, surface=Surface.MACHINE, details=details)


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
