"""The snapshot of the live calls: the newest look at Twilio, and what was learnt since."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import replace
from time import monotonic

from bot.domain.calls import Call, Listing, newest_first
from bot.domain.errors import TwilioError, TwilioRateLimitedError
from bot.domain.looks import Learnt, Look

# Reading Twilio's listings must never take more than a fifth of the time.
COST_FACTOR = 5
REMEMBERED_FOR_S = 60.0
LONGEST_PAUSE_S = 60.0
# Longer than other replicas tell of an ending, so that none is learnt twice.
ENDING_REMEMBERED_FOR_S = 2 * REMEMBERED_FOR_S
LONG_AGO = float("-inf")


class Snapshot:
    """What this process knows of the live calls. It asks nobody.

    `poll_s` is how many seconds one look is shared.
    """

    def __init__(self, *, poll_s: float, elapsed: Callable[[], float] = monotonic) -> None:
        self._poll_s = poll_s
        self._elapsed = elapsed
        self._known: Listing | None = None
        self._known_at = LONG_AGO
        self._began_at = LONG_AGO
        self._outdated_at = LONG_AGO
        self._fault: TwilioError | None = None
        self._looked_at = LONG_AGO
        self._pause_s = poll_s
        self._ended: OrderedDict[str, float] = OrderedDict()

    @property
    def known(self) -> Listing | None:
        """The last listing, however old."""
        return self._known

    @property
    def recent(self) -> Listing | None:
        """The last listing, unless that is too long ago to tell anything."""
        return self._known if self._elapsed() - self._known_at <= REMEMBERED_FOR_S else None

    def is_current(self) -> bool:
        """Whether the last look still stands for a new one, or failed too short a time ago."""
        if self._fault is not None:
            return self._elapsed() < self._looked_at + self._pause_s
        if self._known is None or self._outdated_at >= self._began_at:
            return False
        shared_for_s = min(max(self._poll_s, COST_FACTOR * self._known.took_s), LONGEST_PAUSE_S)
        return self._elapsed() - self._known_at < shared_for_s

    def listing(self) -> Listing:
        """What the last look found.

        Raises:
            TwilioError: it failed.
        """
        if self._fault is not None:
            raise self._fault.with_traceback(None)  # it was raised for somebody else before
        if self._known is None:
            raise RuntimeError("nobody has looked yet")
        return self._known

    def pause_after(self, fault: TwilioError) -> float:
        """Seconds to leave Twilio in peace; the longer, the more often it was asked too much."""
        if not isinstance(fault, TwilioRateLimitedError):
            return self._pause_s
        return min(max(2 * self._pause_s, fault.retry_after_s), LONGEST_PAUSE_S)

    def take(self, look: Look) -> None:
        """Take in a look, unless a newer one is here. Calls that have ended stay away."""
        looked_at = self._elapsed() - look.age_s
        if looked_at < self._looked_at:
            return
        self._looked_at = looked_at
        self._fault = look.fault
        self._pause_s = look.pause_s if look.fault else self._poll_s
        if look.listing is not None:
            self._known_at = looked_at
            self._began_at = looked_at - look.took_s
            self._known = replace(
                look.listing,
                calls=tuple(call for call in look.listing.calls if call.sid not in self._ended),
            )

    def learn(self, calls: Iterable[Call]) -> Learnt:
        """Take newer sights of some calls in; what of it others should know."""
        sights = {call.sid: call for call in calls}
        learnt = self.forget(sid for sid, call in sights.items() if not call.is_active)
        active = {
            sid: call for sid, call in sights.items() if call.is_active and sid not in self._ended
        }
        if self._known is not None and active:
            merged = {call.sid: call for call in self._known.calls} | active
            self._known = replace(self._known, calls=newest_first(merged.values()))
        return learnt

    def learn_redirected(self, call: Call) -> Learnt:
        """Take in a call that was sent elsewhere: who was on the line with it may have dropped."""
        learnt = self.learn([call])
        conversation = self._known.conversation_of(call.sid) if self._known else None
        if conversation and conversation.others_than(call.sid):
            self.outdate()
            return learnt | Learnt(is_outdated=True)
        return learnt

    def forget(self, ended: Iterable[str]) -> Learnt:
        """Drop calls that are over; those on the line with them may be over too."""
        now = self._elapsed()
        while self._ended and now - next(iter(self._ended.values())) >= ENDING_REMEMBERED_FOR_S:
            self._ended.popitem(last=False)  # the oldest
        new = frozenset(sid for sid in ended if sid not in self._ended)
        self._ended |= dict.fromkeys(new, now)
        if self._known is None or not new:
            return Learnt(ended=new)
        left = tuple(call for call in self._known.calls if call.sid not in new)
        is_outdated = _are_on_the_line(left, self._known, new)
        self._known = replace(self._known, calls=left)
        if is_outdated:
            self.outdate()
        return Learnt(ended=new, is_outdated=is_outdated)

    def outdate(self, *, age_s: float = 0.0) -> None:
        """Share a look no longer that began more than *age_s* seconds ago."""
        self._outdated_at = max(self._outdated_at, self._elapsed() - age_s)


def _are_on_the_line(calls: Iterable[Call], known: Listing, ended: frozenset[str]) -> bool:
    """Whether any of the calls had dialled one that has ended, or was dialled by it."""
    parents = {call.parent_call_sid for call in known.calls if call.sid in ended}
    return any(call.parent_call_sid in ended or call.sid in parents for call in calls)
