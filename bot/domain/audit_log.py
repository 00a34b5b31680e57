"""What is asked of the log and what it answers: requests as rows, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.audit import Action, AuditEntry, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Filters over the log. `before_seq` pages backwards.

    A request fits where its outcome and its person, call, channel and action do, and one of its
    entries, notes apart, lies in the time from `since` to before `until`. Numbers (`number` is
    either end of the call; one that ends in `*` is a prefix) and the words of the reason may stand
    with any of its entries in that time.
    """

    limit: int = 10
    before_seq: int | None = None
    by_user_id: str = ""
    call_sid: str = ""
    channel_id: str = ""
    request_id: str = ""
    from_number: str = ""
    to_number: str = ""
    number: str = ""
    words: str = ""
    action: Action | None = None
    outcome: Event | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def names_a_number(self) -> bool:
        """Whether the query itself tells a number."""
        return bool(self.from_number or self.to_number or self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One request as the log tells it now: its newest entry, with what is known in clear."""

    entry: AuditEntry
    requested_at: datetime
    personal: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """Rows, newest first; `next_before_seq` is None on the last page.

    Where rows that fit are far between, a page ends before it is full: then `looked_back_to` tells
    the moment up to which all were found.
    """

    rows: Sequence[AuditRow]
    next_before_seq: int | None
    looked_back_to: datetime | None = None
