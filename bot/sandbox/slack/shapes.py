"""Small rules about JSON values, from which the rules of Block Kit are put together."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong at one place of a payload."""

    pointer: str
    message: str

    def __str__(self) -> str:
        return f"[ERROR] {self.message} [json-pointer:{self.pointer}]"


Rule = Callable[[Any, str], Iterator[Flaw]]
"""Yields the flaws of a value that stands at this JSON pointer."""


def string(longest: int | None = None, *, shortest: int = 1, pattern: str | None = None) -> Rule:
    """A rule for strings; lengths are counted in characters."""
    compiled = re.compile(pattern) if pattern else None

    def rule(value: Any, at: str) -> Iterator[Flaw]:
        if not isinstance(value, str):
            yield Flaw(at, "must be a string")
            return
        if len(value) < shortest:
            yield Flaw(at, f"must be more than {shortest - 1} characters")
        if longest is not None and len(value) > longest:
            yield Flaw(at, f"must be less than {longest + 1} characters")
        if compiled and not compiled.fullmatch(value):
            yield Flaw(at, f"does not match `{compiled.pattern}`")

    return rule


def boolean(value: Any, at: str) -> Iterator[Flaw]:
    """A rule for true and false."""
    if not isinstance(value, bool):
        yield Flaw(at, "must be a boolean")


def number(lowest: float | None = None, highest: float | None = None) -> Rule:
    """A rule for numbers, whole or not, both ends included."""

    def rule(value: Any, at: str) -> Iterator[Flaw]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield Flaw(at, "must be a number")
        elif lowest is not None and value < lowest:
            yield Flaw(at, f"must be at least {lowest}")
        elif highest is not None and value > highest:
            yield Flaw(at, f"must be at most {highest}")

    return rule


def integer(lowest: int | None = None, highest: int | None = None) -> Rule:
    """A rule for whole numbers, both ends included."""
    in_range = number(lowest, highest)

    def rule(value: Any, at: str) -> Iterator[Flaw]:
        if isinstance(value, bool) or not isinstance(value, int):
            yield Flaw(at, "must be an integer")
        else:
            yield from in_range(value, at)

    return rule


def one_of(*choices: str) -> Rule:
    """A rule for strings out of a closed list."""

    def rule(value: Any, at: str) -> Iterator[Flaw]:
        if value not in choices:
            yield Flaw(at, f"must be one of: {', '.join(choices)}")

    return rule


def array(item: Rule, fewest: int = 0, most: int | None = None) -> Rule:
    """A rule for lists, both ends included."""

    def rule(value: Any, at: str) -> Iterator[Flaw]:
        if not isinstance(value, list):
            yield Flaw(at, "must be an array")
            return
        if len(value) < fewest:
            yield Flaw(at, f"no fewer than {fewest} items allowed")
        if most is not None and len(value) > most:
            yield Flaw(at, f"no more than {most} items allowed")
        for index, each in enumerate(value):
            yield from item(each, f"{at}/{index}")

    return rule


@dataclass(frozen=True)
class Shape:
    """A rule for objects with known fields; anything else in them is a flaw."""

    required: Mapping[str, Rule]
    optional: Mapping[str, Rule]
    needs_one: tuple[str, ...] = ()
    at_most_one: tuple[str, ...] = ()
    also: Rule | None = None
    """What holds for the fields together; asked only when each of them is good."""

    def __call__(self, value: Any, at: str) -> Iterator[Flaw]:
        """Yields what is wrong with the object and its fields."""
        if not isinstance(value, dict):
            yield Flaw(at, "must be an object")
            return
        flaws = [*self._about_presence(value, at), *self._about_fields(value, at)]
        yield from flaws
        if self.also is not None and not flaws:
            yield from self.also(value, at)

    def _about_fields(self, value: dict[str, Any], at: str) -> Iterator[Flaw]:
        rules = {**self.required, **self.optional}
        for name, each in value.items():
            if name in rules:
                yield from rules[name](each, f"{at}/{name}")
            else:
                yield Flaw(at, f"invalid additional property: {name}")

    def _about_presence(self, value: dict[str, Any], at: str) -> Iterator[Flaw]:
        for name in self.required:
            if name not in value:
                yield Flaw(at, f"missing required field: {name}")
        if self.needs_one and not any(name in value for name in self.needs_one):
            yield Flaw(at, f"needs one of: {', '.join(self.needs_one)}")
        if sum(name in value for name in self.at_most_one) > 1:
            yield Flaw(at, f"takes only one of: {', '.join(self.at_most_one)}")


def shape(
    required: Mapping[str, Rule] | None = None,
    optional: Mapping[str, Rule] | None = None,
    *,
    needs_one: tuple[str, ...] = (),
    at_most_one: tuple[str, ...] = (),
    also: Rule | None = None,
) -> Rule:
    """A rule for objects with these fields and no others."""
    return Shape(required or {}, optional or {}, needs_one, at_most_one, also)


def by_type(rules: Mapping[str, Rule]) -> Rule:
    """A rule for objects whose `type` says which of these rules holds for the rest."""

    def rule(value: Any, at: str) -> Iterator[Flaw]:
        if not isinstance(value, dict):
            yield Flaw(at, "must be an object")
            return
        kind = value.get("type")
        if not isinstance(kind, str):
            yield Flaw(at, "missing required field: type")
        elif kind not in rules:
            yield Flaw(f"{at}/type", f"unsupported type: {kind}")
        else:
            rest = {name: each for name, each in value.items() if name != "type"}
            yield from rules[kind](rest, at)

    return rule
