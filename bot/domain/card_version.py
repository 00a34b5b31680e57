"""The version of what a card showed: the call's last change and the legs on the line."""

from __future__ import annotations

from dataclasses import dataclass

UNKNOWN_PART = "-"
_CHANGE_ID_LENGTH = 16


@dataclass(frozen=True, slots=True)
class CardVersion:
    """What a card was made from; each part may be unknown."""

    last_change: str = UNKNOWN_PART
    legs: str = UNKNOWN_PART

    @classmethod
    def of(cls, last_change_id: str | None, legs_digest: str | None) -> CardVersion:
        """The version of a card; None stands for what is not known, "" for no change so far."""
        change = UNKNOWN_PART if last_change_id is None else last_change_id[:_CHANGE_ID_LENGTH]
        return cls(change or "0", legs_digest or UNKNOWN_PART)

    @classmethod
    def parse(cls, text: str) -> CardVersion:
        """The version that a button carries; junk is a version of which nothing is known."""
        last_change, _, legs = text.partition(".")
        return cls(last_change or UNKNOWN_PART, legs or UNKNOWN_PART)

    def told_last_change(self, last_change_id: str) -> CardVersion:
        """The same with this last change, where the card told none, as on a list."""
        if self.last_change != UNKNOWN_PART:
            return self
        return CardVersion(self.of(last_change_id, None).last_change, self.legs)

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
