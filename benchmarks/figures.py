"""The figures of one run: shares of many times, a table with verdicts, and the exit code."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

HEADINGS = ("", "ours", "floor", "difference", "ratio", "bound", "verdict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing measured. Without a bound it is context and cannot fail."""

    name: str
    unit: str
    ours: float
    floor: float | None = None
    bound: str = ""
    limit: float | None = None
    is_more_better: bool = False

    @property
    def holds(self) -> bool:
        """Whether the figure keeps to its bound."""
        if self.limit is None:
            return True
        return self.ours >= self.limit if self.is_more_better else self.ours <= self.limit

    def cells(self) -> tuple[str, ...]:
        """The figure as a row of the table."""
        floor = difference = ratio = ""
        if self.floor is not None:
            floor = f"{self.floor:.2f} {self.unit}"
            difference = f"{self.ours - self.floor:+.2f} {self.unit}"
            ratio = f"{self.ours / self.floor:.2f}" if self.floor else ""
        verdict = "" if self.limit is None else "PASS" if self.holds else "FAIL"
        ours = f"{self.ours:.2f} {self.unit}"
        return (self.name, ours, floor, difference, ratio, self.bound, verdict)


def at_most(
    limit: float, name: str, ours: float, unit: str, *, floor: float | None = None
) -> Figure:
    """A figure with an absolute bound; the floor is context."""
    bound = f"at most {limit:g} {unit}"
    return Figure(name=name, unit=unit, ours=ours, floor=floor, bound=bound, limit=limit)


def at_least(limit: float, name: str, ours: float, unit: str) -> Figure:
    """A figure of which more is better."""
    bound = f"at least {limit:g} {unit}"
    return Figure(name=name, unit=unit, ours=ours, bound=bound, limit=limit, is_more_better=True)


def at_most_more(more: float, name: str, ours: float, floor: float, unit: str) -> Figure:
    """A figure that may exceed its floor by so much."""
    bound = f"floor + {more:g} {unit}"
    return Figure(name=name, unit=unit, ours=ours, floor=floor, bound=bound, limit=floor + more)


def at_most_times(times: float, name: str, ours: float, floor: float, unit: str) -> Figure:
    """A figure that may be so many times its floor."""
    bound = f"{times:g} x floor"
    return Figure(name=name, unit=unit, ours=ours, floor=floor, bound=bound, limit=floor * times)


def context(name: str, ours: float, floor: float | None, unit: str) -> Figure:
    """A figure that nothing is claimed of."""
    return Figure(name=name, unit=unit, ours=ours, floor=floor)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values (0 to 1) does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, round(share * len(ordered)) - 1))]


def median_of_rounds(rounds: Sequence[Sequence[float]], share: float) -> float:
    """The median, over the rounds, of each round's percentile; a disturbed round tells little."""
    return median(percentile(values, share) for values in rounds)


def report(title: str, figures: Sequence[Figure]) -> int:
    """Print the table; the exit code is 1 where a bound does not hold."""
    rows = [HEADINGS, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    print(f"{title} (Python {platform.python_version()}, {platform.system()})\n")
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    return 0 if all(figure.holds for figure in figures) else 1


def arguments(
    doc: str | None, add: Callable[[argparse.ArgumentParser], object] | None = None
) -> argparse.Namespace:
    """The command line of a program, whose docstring is its help; each takes `--quick`."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a short run, with rougher figures")
    if add is not None:
        add(parser)
    return parser.parse_args()
