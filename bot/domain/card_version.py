"""The version of what a card showed: the call's last change and the legs on the line."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.domain.calls import Conversation
from bot.domain.changes import LastChanges

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
        conversation: Conversation | None,
        last_changes: LastChanges | None,
    ) -> CardVersion:
        """The version of the call's card; None stands for what is not known."""
        legs = conversation.legs_digest() if conversation else UNKNOWN_PART
        if last_changes is None:
            return cls(legs=legs)
        last = last_changes.get(call_sid)
        return cls(last.change_id[:_CHANGE_ID_LENGTH] if last else NO_CHANGE, legs)

    @classmethod
    def parse(cls, text: str) -> CardVersion:
        """The version that a button carries; junk is a version of which nothing is known."""
        last_change, _, legs = text.partition(".")
        return cls(last_change or UNKNOWN_PART, legs or UNKNOWN_PART)

    def renewed(self, current: CardVersion) -> CardVersion:
        """The version for somebody who is shown all that is known now."""
        known = {"last_change": current.last_change, "legs": current.legs}
        return replace(self, **{name: now for name, now in known.items() if now != UNKNOWN_PART})

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
