"""Looks at all live calls: what came of one, and what was learnt of calls since."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.calls import Listing
from bot.domain.errors import TwilioError, TwilioUnavailableError


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What came of one look at Twilio: a listing, or why there is none.

    It took `took_s` seconds, and ended `age_s` seconds ago. After a fault nobody looks again for
    `pause_s` seconds.
    """

    listing: Listing | None = None
    fault: TwilioError | None = None
    took_s: float = 0.0
    age_s: float = 0.0
    pause_s: float = 0.0

    @property
    def is_for_all(self) -> bool:
        """Whether every process would have seen the same; who cannot reach Twilio is alone."""
        return not isinstance(self.fault, TwilioUnavailableError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What was learnt of calls by other ways than a look.

    Args:
        ended: SIDs of calls that are over, which is for good.
        is_outdated: others may have dropped with them, so that the next asker has to look.
    """

    ended: frozenset[str] = frozenset()
    is_outdated: bool = False

    def __bool__(self) -> bool:
        return bool(self.ended) or self.is_outdated

    def __or__(self, other: Learnt) -> Learnt:
        return Learnt(
            ended=self.ended | other.ended, is_outdated=self.is_outdated or other.is_outdated
        )


NOTHING_LEARNT = Learnt()


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What other processes have shown since the last time that they were asked.

    Args:
        look: the newest look, where it is not known yet.
        ended: SIDs of calls that ended lately.
        outdated_for_s: seconds since somebody learnt that the newest look shows too many calls.
    """

    look: Look | None = None
    ended: frozenset[str] = frozenset()
    outdated_for_s: float | None = None
