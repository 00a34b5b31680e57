"""What a check came to, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain.audit import timestamp
from bot.domain.audit_chain import Verdict
from bot.domain.checkpoints import NO_EVIDENCE, Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of a check.

    Args:
        whole: what was checked, as a sentence begins with it.
        last: what its last entry is called.
        verdict: how far the chain holds.
        entries: how many were checked.
        evidence: what the checkpoints prove that it was held against.
        is_key_given: whether their key was given, and not taken from the first of them.
        notes: what else there is to say, to whoever asked for the check.
    """

    whole: str
    last: str
    verdict: Verdict
    entries: int
    evidence: Evidence = NO_EVIDENCE
    is_key_given: bool = False
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether all is as it was recorded."""
        return self.verdict.fault is None

    def findings(self) -> Iterator[str]:
        """What was found."""
        end, fault = self.verdict.end, self.verdict.fault
        if fault is not None:
            unbroken = f" Up to {end.seq}, whose hash is {end.hash}, the chain is unbroken."
            yield f"{self.whole} does not hold. {fault}{unbroken if end.seq > 0 else ''}"
            return
        if self.entries:
            counted = f"{self.entries} entries" if self.entries > 1 else "1 entry"
            yield f"{self.whole} holds: {counted}, and {self.last} has hash {end.hash}."
        else:
            yield f"{self.whole} has no entries."
        newest = self.evidence.newest
        if newest is not None:
            later, keys = max(0, end.seq - newest.seq), " or ".join(self.evidence.root_keys)
            yield (
                f"Checkpoints that fit: {self.evidence.count}. The newest was signed at entry "
                f"{newest.seq}, {timestamp(newest.signed_at)}; entries after it: {later}. "
                f"Their key is {keys}."
            )

    def remarks(self) -> Iterator[str]:
        """What the reader should know of how far that goes."""
        yield from self.notes
        if not self.holds:
            return
        if self.evidence.newest is None:
            yield (
                "No checkpoint was there to hold it against: whoever owned it could have computed "
                "it anew, or cut off its end."
            )
        elif not self.is_key_given:
            yield "Compare that key with the one you know, or give yours: --public-key."
        if self.evidence.outdated:
            yield (
                f"{self.evidence.outdated} checkpoints do not count: their key had been replaced "
                "before they were signed."
            )
