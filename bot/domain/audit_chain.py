"""Checking a chain of audit entries: the first entry that is not as it was recorded, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from bot.domain.audit import (
    EMPTY_HEAD,
    SALT_BYTES,
    SCHEMA_VERSION,
    AuditEntry,
    Head,
    PersonalValue,
    hashed_form,
    personal_digest,
)
from bot.domain.canonical import canonical_json
from bot.domain.redactions import Redactions

# A personal value beside an entry: its field, the salt of its digest, and the value. Of these there
# are as many as four for each entry, and to make a plain tuple takes a third of the time.
Personal = tuple[str, bytes, str]


class Link(NamedTuple):
    """An entry as a check meets it: the form that its hash covers, the hash, what is beside it."""

    form: Mapping[str, Any]
    hash: str
    personal: Sequence[Personal] = ()

    @classmethod
    def of(cls, entry: AuditEntry, personal: Sequence[PersonalValue] = ()) -> Link:
        """The link that the entry is."""
        values = tuple((one.field, one.salt, one.value) for one in personal)
        return cls(hashed_form(entry), entry.hash, values)


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


NO_REDACTIONS = Redactions()


class ChainVerifier:
    """Takes the entries of one chain in order and keeps only its end in memory.

    *redactions* come later in the chain than what they explain, so they are gathered beforehand. A
    check of a part begins *after* the entry before it, which it takes as given. *anchors* are the
    hashes that checkpoints were signed for, by the number of their entry. After the first fault the
    chain is not worth feeding further.
    """

    def __init__(
        self,
        chain_id: str,
        redactions: Redactions = NO_REDACTIONS,
        *,
        after: Head = EMPTY_HEAD,
        anchors: Mapping[int, str] | None = None,
    ) -> None:
        self._chain_id = chain_id
        self._redactions = redactions
        self._anchors = anchors or {}
        self._seq, self._hash = after.seq, after.hash

    @property
    def end(self) -> Head:
        """The last entry that held."""
        return Head(self._seq, self._hash)

    @property
    def next_seq(self) -> int:
        """The number that the next entry must have."""
        return self._seq + 1

    def feed(self, link: Link) -> ChainFault | None:
        """What is wrong with the next entry, if anything is."""
        before = self._seq, self._hash
        fault = self.feed_form(link) or self.fault_of_personal(link)
        if fault is not None:
            self._seq, self._hash = before
        return fault

    def feed_form(self, link: Link) -> ChainFault | None:
        """The same, where the personal values are left out on purpose."""
        fault = self._fault_of_place(link.form) or self._fault_of_content(link)
        if fault is None:
            self._seq, self._hash = link.form["seq"], link.hash
        return fault

    def fault_of_personal(self, link: Link) -> ChainFault | None:
        """What is wrong with the personal values; the digests are taken as given."""
        seq, digests = link.form["seq"], digests_of(link.form["details"])
        problem = problem_with_personal(digests, link.personal)
        if problem is None:
            problem = self._lost(seq, digests, link.personal)
        return ChainFault(seq, problem) if problem is not None else None

    def _lost(
        self, seq: int, digests: Mapping[str, Any], personal: Sequence[Personal]
    ) -> str | None:
        if len(digests) == len(personal):
            return None
        for name in sorted(digests.keys() - {name for name, _salt, _value in personal}):
            if not self._redactions.cover(seq, name):
                return f"has lost its {name!r}, and no redaction covers that"
        return None

    def finish(self, head: Head) -> ChainFault | None:
        """What is wrong with the end, when it is held against the head that is kept beside it."""
        end = self.end
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
        return self.finish_at_anchors()

    def finish_at_anchors(self) -> ChainFault | None:
        """What is wrong with the end, as far as the checkpoints can tell."""
        last = max(self._anchors, default=0)
        if last <= self._seq:
            return None
        return ChainFault(
            self._seq + 1,
            f"is missing: the end of the log was cut off (a checkpoint was signed at {last})",
        )

    def _fault_of_place(self, form: Mapping[str, Any]) -> ChainFault | None:
        expected, seq = self.next_seq, form["seq"]
        if form["chain_id"] != self._chain_id:
            return ChainFault(expected, f"belongs to another chain ({form['chain_id']!r})")
        if seq > expected:
            gap = "" if seq == expected + 1 else f", with all up to {seq - 1}"
            return ChainFault(expected, f"is missing: it was removed{gap}")
        if seq < expected:
            return ChainFault(expected, f"is out of order: an entry numbered {seq} stands there")
        return None

    def _fault_of_content(self, link: Link) -> ChainFault | None:
        seq, version = link.form["seq"], link.form["schema_version"]
        if version != SCHEMA_VERSION:
            return ChainFault(seq, f"has version {version}, which this version cannot check")
        if not is_as_hashed(link):
            return ChainFault(seq, "was changed after it was recorded")
        if link.form["prev_hash"] != self._hash:
            return ChainFault(
                seq,
                "does not follow the entry before it: one of them was put in, moved or rewritten",
            )
        if self._anchors.get(seq, link.hash) != link.hash:
            signed_before = max((one for one in self._anchors if one < seq), default=0)
            return ChainFault(
                seq,
                "is not the one that a checkpoint was signed for: the log was rewritten from an "
                f"entry between {signed_before + 1} and {seq} on",
            )
        return None


def is_as_hashed(link: Link) -> bool:
    """Whether the hash is that of the form."""
    try:
        return sha256(canonical_json(link.form)).hexdigest() == link.hash
    except (RecursionError, TypeError, ValueError):
        return False


def digests_of(details: Mapping[str, Any]) -> Mapping[str, Any]:
    """The digests of the personal values that an entry was recorded with."""
    recorded = details.get("digests")
    return recorded if isinstance(recorded, dict) else {}


def problem_with_personal(digests: Mapping[str, Any], personal: Sequence[Personal]) -> str | None:
    """What is wrong with the personal values that are there; what is lost is another question."""
    for name, salt, value in personal:
        try:
            # Bytes could else be moved between the salt and the value, where a salt happens to hold
            # the name and a zero byte.
            is_as_digested = (
                digests[name] == personal_digest(salt, name, value) and len(salt) == SALT_BYTES
            )
        except KeyError:
            return f"was given a {name!r} that it was recorded without"
        except (AttributeError, TypeError, ValueError):
            # Neither SQLite nor JSON sees to it that what is there can be digested.
            is_as_digested = False
        if not is_as_digested:
            return f"has a {name!r} that was changed after it"
    return None
