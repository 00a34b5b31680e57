"""What the log keeps of those who read it at a terminal, where it shows whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.audit import Action, EntryDraft, Event, Surface
from bot.domain.people import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Somebody reads the log with a command and its filters.

    Filters may name numbers and people, so only their kinds stand in the entry itself.
    """

    request_id: str
    action: Action
    command: str
    filters: Sequence[str]
    by: Actor

    def asked(self) -> EntryDraft:
        """The entry before the first line of many is shown."""
        return self._entry(Event.REQUESTED)

    def shown(self, entries: int) -> EntryDraft:
        """The entry that says how many entries, or requests of a list, are shown."""
        return self._entry(Event.SUCCEEDED, entries=entries)

    def _entry(self, event: Event, **details: int) -> EntryDraft:
        kinds = sorted({word.partition(":")[0].lower() for word in self.filters if ":" in word})
        return EntryDraft(
            request_id=self.request_id,
            event=event,
            action=self.action,
            actor=self.by,
            surface=Surface.TERMINAL,
            details={"command": self.command, "filters": kinds, **details},
            personal={"actor_name": self.by.name, "filters": " ".join(self.filters)},
        )
