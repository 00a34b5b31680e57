"""What is asked of the log and what it answers: requests as rows, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.audit import Action, AuditEntry, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Filters over the log. A number ending in `*` is a prefix. `before_seq` pages backwards."""

    limit: int = 10
    before_seq: int | None = None
    by_user_id: str = ""
    call_sid: str = ""
    from_number: str = ""
    to_number: str = ""
    action: Action | None = None
    outcome: Event | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One request as the log tells it now: its newest entry, with what is known in clear."""

    entry: AuditEntry
    requested_at: datetime
    personal: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """Rows, newest first; `next_before_seq` is None on the last page."""

    rows: Sequence[AuditRow]
    next_before_seq: int | None
