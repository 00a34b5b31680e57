"""The version of what a card showed: the call's last change and the legs on the line."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.domain.changes import LastChange, LastChanges

UNKNOWN_PART = "-"
NO_CHANGE = "0"
_CHANGE_ID_LENGTH = 16


@dataclass(frozen=True, slots=True)
class CardVersion:
    """What a card was made from; each part may be unknown."""

    last_change: str = UNKNOWN_PART
    legs: str = UNKNOWN_PART

    @classmethod
    def of(
        cls,
        call_sid: str,
        *,
        legs_digest: str | None,
        last_changes: LastChanges | None,
    ) -> CardVersion:
        """The version of the call's card; None stands for what is not known."""
        if last_changes is None:
            return cls(legs=legs_digest or UNKNOWN_PART)
        return cls(_part_of(last_changes.get(call_sid)), legs_digest or UNKNOWN_PART)

    @classmethod
    def parse(cls, text: str) -> CardVersion:
        """The version that a button carries; junk is a version of which nothing is known."""
        last_change, _, legs = text.partition(".")
        return cls(last_change or UNKNOWN_PART, legs or UNKNOWN_PART)

    def with_last_change(self, last_change: LastChange | None) -> CardVersion:
        """The same, for somebody who is told of this last change."""
        return replace(self, last_change=_part_of(last_change))

    def __str__(self) -> str:
        return f"{self.last_change}.{self.legs}"

    def differences(self, current: CardVersion) -> tuple[str, ...]:
        """Which parts are known on both sides and differ: `change`, `legs`."""
        pairs = {
            "change": (self.last_change, current.last_change),
            "legs": (self.legs, current.legs),
        }
        return tuple(
            name
            for name, (shown, now) in pairs.items()
            if UNKNOWN_PART not in (shown, now) and shown != now
        )


def _part_of(last_change: LastChange | None) -> str:
    return last_change.change_id[:_CHANGE_ID_LENGTH] if last_change else NO_CHANGE
