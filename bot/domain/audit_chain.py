"""Checking a chain of audit entries: the first entry that is not as it was recorded, and why."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import attrgetter

import rfc8785

from bot.domain.audit import (
    EMPTY_HEAD,
    SCHEMA_VERSION,
    AuditEntry,
    Head,
    PersonalValue,
    entry_hash,
    personal_digest,
)


@dataclass(frozen=True, slots=True)
class ChainFault:
    """The first entry that is wrong, and what is wrong with it."""

    seq: int
    problem: str

    def __str__(self) -> str:
        """One sentence."""
        return f"Entry {self.seq} {self.problem}."


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far a chain holds: its *end*, or the last entry before the *fault*."""

    end: Head
    fault: ChainFault | None


@dataclass(frozen=True, slots=True)
class Redaction:
    """What a `redacted` entry says was deleted on purpose: *fields* of a range of entries."""

    at_seq: int
    first_seq: int
    last_seq: int
    fields: frozenset[str]

    @classmethod
    def of(cls, entry: AuditEntry) -> Redaction:
        """The redaction that the entry records; one without a range covers nothing."""
        first, last = entry.details.get("first_seq"), entry.details.get("last_seq")
        fields = entry.details.get("fields")
        if not isinstance(first, int) or not isinstance(last, int) or not isinstance(fields, list):
            return cls(entry.seq, 0, 0, frozenset())
        return cls(entry.seq, first, last, frozenset(map(str, fields)))

    def covers(self, seq: int, name: str) -> bool:
        """Whether it explains that this value is gone; it can only speak of entries before it."""
        return self.first_seq <= seq <= self.last_seq and seq < self.at_seq and name in self.fields


class Redactions:
    """What all `redacted` entries of a chain together explain."""

    def __init__(self, entries: Iterable[AuditEntry]) -> None:
        self._by_first = sorted(map(Redaction.of, entries), key=attrgetter("first_seq"))
        # Up to each of them, how far the farthest reaches: ranges may overlap.
        self._reach = list(accumulate((one.last_seq for one in self._by_first), max))

    def cover(self, seq: int, name: str) -> bool:
        """Whether one of them explains that this value is gone."""
        at = bisect_right(self._by_first, seq, key=attrgetter("first_seq")) - 1
        while at >= 0 and self._reach[at] >= seq:
            if self._by_first[at].covers(seq, name):
                return True
            at -= 1
        return False


class ChainVerifier:
    """Takes the entries of one chain in order and keeps only its end in memory.

    *redactions* are the chain's own `redacted` entries, which come later than what they explain.
    A check of the last entries alone begins *after* the one before them, which it takes as given.
    After the first fault the chain is not worth feeding further.
    """

    def __init__(
        self, chain_id: str, redactions: Iterable[AuditEntry] = (), *, after: Head = EMPTY_HEAD
    ) -> None:
        self._chain_id = chain_id
        self._redactions = Redactions(redactions)
        self._end = after

    @property
    def end(self) -> Head:
        """The last entry that held."""
        return self._end

    def feed(self, entry: AuditEntry, personal: Sequence[PersonalValue]) -> ChainFault | None:
        """What is wrong with the next entry, if anything is."""
        fault = self._fault_of_place(entry) or self._fault_of_content(entry, personal)
        if fault is None:
            self._end = Head(entry.seq, entry.hash)
        return fault

    def finish(self, head: Head) -> ChainFault | None:
        """What is wrong with the end, when it is held against the head that is kept beside it."""
        end = self._end
        if end.seq < head.seq:
            return ChainFault(
                end.seq + 1,
                f"is missing: the end of the log was cut off (the head stands at {head.seq})",
            )
        if end.seq > head.seq:
            return ChainFault(
                head.seq + 1, f"was added past the head of the log, which stands at {head.seq}"
            )
        if end.hash != head.hash:
            return ChainFault(end.seq, "is not the one that the head of the log was made from")
        return None

    def _fault_of_place(self, entry: AuditEntry) -> ChainFault | None:
        expected = self._end.seq + 1
        if entry.chain_id != self._chain_id:
            return ChainFault(expected, f"belongs to another chain ({entry.chain_id!r})")
        if entry.seq > expected:
            gap = "" if entry.seq == expected + 1 else f", with all up to {entry.seq - 1}"
            return ChainFault(expected, f"is missing: it was removed{gap}")
        if entry.seq < expected:
            return ChainFault(
                expected, f"is out of order: an entry numbered {entry.seq} stands there"
            )
        return None

    def _fault_of_content(
        self, entry: AuditEntry, personal: Sequence[PersonalValue]
    ) -> ChainFault | None:
        if entry.schema_version != SCHEMA_VERSION:
            return ChainFault(
                entry.seq, f"has version {entry.schema_version}, which this version cannot check"
            )
        if not _is_as_hashed(entry):
            return ChainFault(entry.seq, "was changed after it was recorded")
        if entry.prev_hash != self._end.hash:
            return ChainFault(
                entry.seq,
                "does not follow the entry before it: one of them was put in, moved or rewritten",
            )
        return self._fault_of_personal(entry, {value.field: value for value in personal})

    def _fault_of_personal(
        self, entry: AuditEntry, values: Mapping[str, PersonalValue]
    ) -> ChainFault | None:
        recorded = entry.details.get("digests")
        digests = recorded if isinstance(recorded, Mapping) else {}
        for name in sorted(digests.keys() | values.keys()):
            value = values.get(name)
            if name not in digests:
                return ChainFault(entry.seq, f"was given a {name!r} that it was recorded without")
            if value is None:
                if not self._redactions.cover(entry.seq, name):
                    return ChainFault(
                        entry.seq, f"has lost its {name!r}, and no redaction covers that"
                    )
            elif personal_digest(value.salt, name, value.value) != digests[name]:
                return ChainFault(entry.seq, f"has a {name!r} that was changed after it")
        return None


def _is_as_hashed(entry: AuditEntry) -> bool:
    try:
        return entry_hash(entry) == entry.hash
    except rfc8785.CanonicalizationError:
        return False
