"""The keys that an own key stands in line with: those that led to it, and those that it led to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.domain.audit import EMPTY_HEAD, MAIN_CHAIN, Head
from bot.domain.checkpoints import Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    """The line of one key, as what its owners signed tells it.

    Args:
        keys: all of them.
        successions: what names each but the first, in the order of the line.
        successor: the key that the own one named; empty where it is still the last.
    """

    keys: frozenset[str]
    successions: tuple[Checkpoint, ...] = ()
    successor: str = ""

    def counts(self, checkpoint: Checkpoint) -> bool:
        """Whether it is of a key of the line that had not been replaced by then."""
        replaced_at = {one.public_key: one.seq for one in self.successions}
        limit = replaced_at.get(checkpoint.public_key, checkpoint.seq)
        return checkpoint.public_key in self.keys and checkpoint.seq <= limit

    def furthest_end(
        self, checkpoints: Iterable[Checkpoint], *, is_signed: Callable[[Checkpoint], bool]
    ) -> Head:
        """The end of the log that the furthest of those was signed for that count."""
        ends = [
            Head(one.seq, one.hash)
            for one in checkpoints
            if one.chain_id == MAIN_CHAIN and self.counts(one) and is_signed(one)
        ]
        return max(ends, key=lambda end: end.seq, default=EMPTY_HEAD)


def line_of(
    own_key: str, successions: Iterable[Checkpoint], *, is_signed: Callable[[Checkpoint], bool]
) -> KeyLine:
    """The line that the key stands in; what its key did not sign names nobody."""
    ordered = sorted(successions, key=lambda one: (one.seq, one.signed_at))
    sound = [one for one in ordered if one.public_key != one.next_public_key and is_signed(one)]
    # Of two that name the same, or are of the same key, the first counts.
    by_next = {one.next_public_key: one for one in reversed(sound)}
    by_key = {one.public_key: one for one in reversed(sound)}
    before = tuple(_walk(own_key, by_next, lambda one: one.public_key))[::-1]
    after = tuple(_walk(own_key, by_key, lambda one: one.next_public_key))
    line = (*before, *after)
    named = (key for one in line for key in (one.public_key, one.next_public_key))
    return KeyLine(
        keys=frozenset((own_key, *named)),
        successions=line,
        successor=after[0].next_public_key if after else "",
    )


def _walk(
    key: str, steps: Mapping[str, Checkpoint], onward: Callable[[Checkpoint], str]
) -> Iterator[Checkpoint]:
    """Step by step away from the key, and never through a key again."""
    passed: set[str] = set()
    while key in steps and key not in passed:
        passed.add(key)
        yield steps[key]
        key = onward(steps[key])
