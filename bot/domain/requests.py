"""What every request carries: who asks, from where, and an id that its retries share."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.audit import Surface
from bot.domain.people import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One request of one person. A retry of the same request has the same `request_id`.

    Of one that `is_repeated` this or another process may have had an earlier delivery.
    """

    request_id: str
    actor: Actor
    surface: Surface
    channel_id: str = ""
    is_repeated: bool = False
