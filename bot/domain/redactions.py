"""What `redacted` entries explain: which personal values were deleted on purpose."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any

Run = tuple[int, int]


class Redactions:
    """Fields of runs of entries, as all `redacted` entries of a chain together name them.

    Each is given as the form that is hashed. It can only speak of entries before it, and one that
    names no run covers nothing.
    """

    def __init__(self, forms: Iterable[Mapping[str, Any]] = ()) -> None:
        runs: defaultdict[str, list[Run]] = defaultdict(list)
        for form in forms:
            details = form["details"]
            first, last, fields = (details.get(key) for key in ("first_seq", "last_seq", "fields"))
            if isinstance(first, int) and isinstance(last, int) and isinstance(fields, list):
                for name in map(str, fields):
                    runs[name].append((first, min(last, form["seq"] - 1)))
        self._runs = {name: _merged(of_name) for name, of_name in runs.items()}

    def cover(self, seq: int, name: str) -> bool:
        """Whether one of them explains that this value is gone."""
        runs = self._runs.get(name, [])
        place = bisect_right(runs, seq, key=itemgetter(0))
        return place > 0 and seq <= runs[place - 1][1]

    def touch(self, first_seq: int, last_seq: int) -> bool:
        """Whether one of them speaks of any entry between the two."""
        runs = (run for of_name in self._runs.values() for run in of_name)
        return any(first <= last_seq and first_seq <= last for first, last in runs)


def _merged(runs: list[Run]) -> list[Run]:
    """The runs in order, those that meet put together."""
    merged: list[Run] = []
    for first, last in sorted(runs):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        elif first <= last:
            merged.append((first, last))
    return merged
