"""A ledger in memory that takes entries or does not, for tests of what goes on around it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

from bot.application.ports import LedgerTransaction
from bot.domain.audit import EntryDraft
from bot.domain.errors import CommitUnconfirmedError, LogUnavailableError

T = TypeVar("T")


class FakeLedger:
    """Keeps what is appended in `drafts`, while it is not down or full. It knows no changes.

    One that `is_silent` does what it is asked and does not say so. What is to happen in between is
    `after_each`.
    """

    def __init__(self) -> None:
        self.drafts: list[EntryDraft] = []
        self.is_down = False
        self.is_full = False
        self.is_silent = False
        self.after_each: Callable[[], None] | None = None

    async def write(
        self,
        work: Callable[[LedgerTransaction], Awaitable[T]],
        *,
        within_s: float | None = None,
    ) -> T:
        """Run the work.

        Raises:
            LogUnavailableError: the log is down.
            CommitUnconfirmedError: it does not say that it did.
        """
        del within_s
        if self.is_down:
            raise LogUnavailableError("down")
        result = await work(cast("LedgerTransaction", self))
        if self.after_each is not None:
            self.after_each()
        if self.is_silent:
            raise CommitUnconfirmedError("silent")
        return result

    async def is_recorded(self, request_id: str) -> bool:
        """Whether there is an entry of this request."""
        return any(draft.request_id == request_id for draft in self.drafts)

    async def append(self, draft: EntryDraft) -> None:
        """Keep the draft.

        Raises:
            LogUnavailableError: there is no room.
        """
        await self.rehearse(draft)
        self.drafts.append(draft)

    async def rehearse(self, _draft: EntryDraft) -> None:
        """Keep nothing.

        Raises:
            LogUnavailableError: there is no room.
        """
        if self.is_full:
            raise LogUnavailableError("full")

    @property
    def told(self) -> list[tuple[str, dict[str, object]]]:
        """Of each entry its event and details."""
        return [(draft.event.value, dict(draft.details)) for draft in self.drafts]
