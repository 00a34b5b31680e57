"""How Twilio takes what the bots ask, at random, and what the log says when a change gets there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random

from bot.sandbox.twilio import Call, Fault, FaultKind, Faults, ReceivedRequest
from tests.crash.log_reading import Claim, LogReader
from tests.crash.points import Point
from tests.crash.slack_moods import MoodySlack
from tests.crash.stalls import StallWatch

_ACTS = {FaultKind.SLOW: 1.0, FaultKind.DROP_AFTER: 1.0, FaultKind.MALFORMED_JSON: 1.0}
_NEVER_ACTS = {FaultKind.DROP_BEFORE: 0.0, FaultKind.TOO_MANY_REQUESTS: 0.0}
# How Twilio takes a change, and how often: most of the time well, after a moment.
_OF_CHANGES: dict[FaultKind, float] = {
    FaultKind.SLOW: 84,
    FaultKind.SILENT: 3,
    FaultKind.DROP_BEFORE: 2,
    FaultKind.DROP_AFTER: 2,
    FaultKind.INTERNAL_ERROR: 3,
    FaultKind.UNAVAILABLE: 2,
    FaultKind.MALFORMED_JSON: 1,
    FaultKind.TOO_MANY_REQUESTS: 3,
}
# How it takes a look at one call, which is what tells of a hang-up that got no answer.
_OF_LOOKS: dict[FaultKind, float] = {
    FaultKind.SLOW: 94,
    FaultKind.SILENT: 1,
    FaultKind.DROP_AFTER: 1,
    FaultKind.INTERNAL_ERROR: 2,
    FaultKind.TOO_MANY_REQUESTS: 2,
}
_LONGEST_THOUGHT_S = 0.08
_ONE_CALL = re.compile(r"/Calls/(CA\w+)\.json$")
_MARK = re.compile(r"<Say>(.*?)</Say>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A change of a call as it reached Twilio, and what the log held at that moment."""

    call_sid: str
    form: dict[str, str]
    at: datetime
    not_before: datetime
    """It may have come this early, if this program stood still."""
    claim: Claim | None
    """The change for which it was sent, as the database had it."""
    acts_on_live_call: bool
    is_turned_away: bool
    """Whether Twilio answers 429, which says that it was not looked at."""

    @property
    def mark(self) -> str:
        """The word of the redirect; empty for a hang-up."""
        return mark_of(self.form)

    @property
    def is_recorded(self) -> bool:
        """Whether the intent, and once the mark as sent, stood in the database."""
        return self.claim is not None and self.claim.is_requested and self.claim.was_sent

    @property
    def is_in_time(self) -> bool:
        """Whether the change was still marked as sent, so that nobody had taken it over."""
        return self.claim is not None and self.claim.state == "sent"


def mark_of(form: Mapping[str, str]) -> str:
    """The word of the redirect that this form asks for; empty for a hang-up."""
    found = _MARK.search(form.get("Twiml", ""))
    return found[1] if found else ""


class TwilioMoods(Faults):
    """Twilio's faults, drawn anew for every change and every look at one call."""

    def __init__(
        self,
        rng: Random,
        log: LogReader,
        calls: dict[str, Call],
        slack: MoodySlack,
        stalls: StallWatch,
    ) -> None:
        super().__init__()
        self.updates: list[Update] = []
        self.is_calm = False
        self._rng = rng
        self._log = log
        self._calls = calls
        self._slack = slack
        self._stalls = stalls

    def take(self, request: ReceivedRequest) -> Fault | None:
        """The fault that this request meets."""
        of_call = _ONE_CALL.search(request.path)
        if of_call is None:
            return None
        if request.method != "POST":
            return self._draw(_OF_LOOKS)
        fault = self._draw(_OF_CHANGES)
        self._note(request, of_call[1], fault)
        return fault

    def _note(self, request: ReceivedRequest, call_sid: str, fault: Fault | None) -> None:
        not_before = self._stalls.not_before()
        claim = self._log.claim_on(call_sid, mark=mark_of(request.form))
        self.updates.append(
            Update(
                call_sid=call_sid,
                form=request.form,
                at=self._slack.workspace.clock(),
                not_before=not_before,
                claim=claim,
                acts_on_live_call=(fault is None or fault.acts) and self._calls[call_sid].is_live,
                is_turned_away=fault is not None and fault.kind is FaultKind.TOO_MANY_REQUESTS,
            )
        )
        if claim is not None:
            self._slack.strike(Point.TWILIO_HAS_IT, way=claim.way)

    def _draw(self, moods: Mapping[FaultKind, float]) -> Fault | None:
        if self.is_calm:
            return None
        kind = self._rng.choices(list(moods), list(moods.values()))[0]
        return Fault(
            kind=kind,
            acts=self._rng.random() < (_ACTS | _NEVER_ACTS).get(kind, 0.5),
            seconds=self._rng.uniform(0, _LONGEST_THOUGHT_S),
        )
