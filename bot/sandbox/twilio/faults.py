"""Faults on demand: what the stand-in does wrong, to which request, and how often."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

from bot.sandbox.twilio.answers import BAD_REQUEST, TOO_MANY_REQUESTS, Answer, ApiError
from bot.sandbox.twilio.received import ReceivedRequest

INTERNAL_SERVER_ERROR = 500
BAD_GATEWAY = 502
SERVICE_UNAVAILABLE = 503


Match = str | Callable[[ReceivedRequest], bool]


class FaultKind(StrEnum):
    """The ways in which a request can go wrong."""

    NOT_IN_PROGRESS = "21220"
    """Says that the call is not in progress, of which a look at it may tell only a while later."""
    TOO_MANY_REQUESTS = "429"
    INTERNAL_ERROR = "500"
    BAD_GATEWAY = "502"
    """A page of a proxy, which is no JSON."""
    UNAVAILABLE = "503"
    SLOW = "slow"
    """Acts at once, answers after a while."""
    SILENT = "silent"
    """Never answers."""
    DROP_BEFORE = "drop_before"
    """Closes the connection without having acted."""
    DROP_AFTER = "drop_after"
    """Acts, and closes the connection instead of answering."""
    MALFORMED_JSON = "malformed_json"
    """Acts, and answers 200 with JSON that breaks off."""


ACTS = frozenset({FaultKind.SLOW, FaultKind.DROP_AFTER, FaultKind.MALFORMED_JSON})


@dataclass(eq=False, kw_only=True)
class Fault:
    """One thing to do wrong."""

    kind: FaultKind
    match: Match = ""
    times_left: int | None = None
    """None is until it is cleared."""
    seconds: float = 0.0
    acts: bool = False
    """Is the request carried out, though its answer is not what it should be?"""
    retry_after_s: int | None = None
    _is_let_go: asyncio.Event = field(default_factory=asyncio.Event)

    def fits(self, request: ReceivedRequest) -> bool:
        """Is this a request to spoil?"""
        if isinstance(self.match, str):
            return self.match in request.line
        return self.match(request)

    def let_go(self) -> None:
        """Has what is slow answered now, and not only after its time."""
        self._is_let_go.set()

    async def hold_up(self) -> None:
        """Returns after the time of what is slow, or once it is let go."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_let_go.wait(), self.seconds)

    def spoil(self, answer: Answer | None) -> Answer:
        """What is answered instead; `answer` is the right one, when the request was carried out."""
        headers = {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        if self.kind is FaultKind.MALFORMED_JSON and answer is not None:
            return Answer(answer.status, answer.body[: len(answer.body) // 2])
        if self.kind is FaultKind.BAD_GATEWAY:
            page = "<html><head><title>502 Bad Gateway</title></head></html>"
            return Answer(BAD_GATEWAY, page, "text/html", headers)
        error = ERRORS[self.kind].answer()
        return Answer(error.status, error.body, headers=headers)


ERRORS = {
    FaultKind.NOT_IN_PROGRESS: ApiError(BAD_REQUEST, 21220, "Call is not in-progress."),
    FaultKind.TOO_MANY_REQUESTS: ApiError(TOO_MANY_REQUESTS, 20429, "Too Many Requests"),
    FaultKind.INTERNAL_ERROR: ApiError(INTERNAL_SERVER_ERROR, 20500, "Internal Server Error"),
    FaultKind.UNAVAILABLE: ApiError(SERVICE_UNAVAILABLE, 20503, "Service is unavailable"),
}


@dataclass
class Faults:
    """The faults in force, oldest first."""

    rate_limit_concurrency: int | None = None
    """How many requests may be under way at once before others get a 429; None is any number."""
    latency_s: float = 0.0
    """How long every answer takes; without it hardly two requests are ever under way at once."""
    _faults: list[Fault] = field(default_factory=list)

    def next(
        self,
        kind: FaultKind | str,
        *,
        match: Match = "",
        times: int = 1,
        seconds: float = 1.0,
        acts: bool | None = None,
        retry_after_s: int | None = None,
    ) -> Fault:
        """Spoils the next requests that match: a part of `GET /path?query`, or a predicate.

        `acts` says whether they are carried out all the same, for the kinds that leave it open
        (`500`, `502`, `503`, `silent`); `seconds` is how long `slow` waits.
        """
        fault = Fault(
            kind=FaultKind(kind),
            match=match,
            times_left=times,
            seconds=seconds,
            acts=FaultKind(kind) in ACTS if acts is None else acts,
            retry_after_s=retry_after_s,
        )
        self._faults.append(fault)
        return fault

    def standing(
        self,
        kind: FaultKind | str,
        *,
        match: Match = "",
        seconds: float = 1.0,
        acts: bool | None = None,
        retry_after_s: int | None = None,
    ) -> Fault:
        """Spoils every request that matches until the fault is cleared."""
        fault = self.next(
            kind, match=match, seconds=seconds, acts=acts, retry_after_s=retry_after_s
        )
        fault.times_left = None
        return fault

    def clear(self, fault: Fault | None = None) -> None:
        """Takes back one fault, or all of them."""
        self._faults = [one for one in self._faults if fault is not None and one is not fault]

    def take(self, request: ReceivedRequest) -> Fault | None:
        """The fault that this request meets, used up by one."""
        for fault in self._faults:
            if fault.fits(request):
                if fault.times_left is not None:
                    fault.times_left -= 1
                    if fault.times_left == 0:
                        self.clear(fault)
                return fault
        return None
