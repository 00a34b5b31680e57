"""How long personal values are kept: the age, and a run of entries that lose theirs together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.audit import Action, EntryDraft, Event, Surface
from bot.domain.people import Actor

MOST_DAYS = 36_500
_DAYS = re.compile(r"([1-9][0-9]{0,4})d", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class OldValues:
    """Entries that stand together and whose personal values are all old enough to go.

    `fields` are the names of their values, `values` how many these are. Between `first_seq` and
    `last_seq` no entry keeps a value. The search goes on after `searched_to`, None at its end.
    """

    first_seq: int = 0
    last_seq: int = 0
    entries: int = 0
    values: int = 0
    fields: frozenset[str] = frozenset()
    searched_to: int | None = None


def parse_age(text: str) -> timedelta:
    """The age that `180d` means: whole days, from one on.

    Raises:
        ValueError: with a predicate, such as `is no number of days`.
    """
    match = _DAYS.fullmatch(text.strip())
    if match is None or int(match[1]) > MOST_DAYS:
        raise ValueError(f"is no number of days from 1d to {MOST_DAYS}d")
    return timedelta(days=int(match[1]))


def redaction_entry(old: OldValues, *, request_id: str, by: Actor, surface: Surface) -> EntryDraft:
    """The entry that says that these values are deleted; the check of the chain goes by it."""
    return EntryDraft(
        request_id=request_id,
        event=Event.REDACTED,
        action=Action.REDACT_AUDIT,
        actor=by,
        surface=surface,
        details={
            "first_seq": old.first_seq,
            "last_seq": old.last_seq,
            "fields": sorted(old.fields),
            "entries": old.entries,
            "values": old.values,
        },
        personal={"actor_name": by.name},
    )
