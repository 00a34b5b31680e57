"""Misbehaviour on demand: what the stand-in does to the next requests, or to all of them."""

from dataclasses import dataclass

RESPONSE_URL = "response_url"
EVERY_METHOD = "*"


@dataclass(slots=True)
class Fault:
    """One way to misbehave; `times` counts down, and None lasts until it is cleared."""

    times: int | None
    error: str | None = None
    """Answered with 200 by the Web API, as Slack does, and with `status` by a response URL."""
    status: int = 503
    retry_after_s: int | None = None
    delay_s: float = 0.0
    is_silent: bool = False
    is_after_acting: bool = False


class SlackFaults:
    """The faults that are set, by Web API method, "response_url", or "*" for every method."""

    def __init__(self) -> None:
        self._faults: dict[str, list[Fault]] = {}

    def fail(self, target: str, error: str, *, status: int = 404, times: int | None = 1) -> None:
        """Answers with this error code and does nothing; a response URL also with this status."""
        self._add(target, Fault(times, error=error, status=status))

    def rate_limit(self, target: str, *, retry_after_s: int = 1, times: int | None = 1) -> None:
        """Answers 429 with this Retry-After and does nothing."""
        self._add(
            target, Fault(times, error="ratelimited", status=429, retry_after_s=retry_after_s)
        )

    def break_down(
        self,
        target: str,
        *,
        status: int = 500,
        is_after_acting: bool = False,
        times: int | None = 1,
    ) -> None:
        """Answers with an HTTP status and a page that is no JSON, before or after acting."""
        self._add(target, Fault(times, status=status, is_after_acting=is_after_acting))

    def slow(self, target: str, *, delay_s: float, times: int | None = 1) -> None:
        """Does what was asked, but only after this delay."""
        self._add(target, Fault(times, delay_s=delay_s))

    def silence(self, target: str, *, is_after_acting: bool = False, times: int | None = 1) -> None:
        """Never answers, whether or not it did what was asked."""
        self._add(target, Fault(times, is_silent=True, is_after_acting=is_after_acting))

    def clear(self, target: str | None = None) -> None:
        """Behaves well again, towards one target or all of them."""
        if target is None:
            self._faults.clear()
        else:
            self._faults.pop(target, None)

    def take(self, target: str) -> Fault | None:
        """The fault that this request meets, counted down."""
        for key in (target,) if target == RESPONSE_URL else (target, EVERY_METHOD):
            faults = self._faults.get(key)
            if not faults:
                continue
            fault = faults[0]
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    faults.pop(0)
            return fault
        return None

    def _add(self, target: str, fault: Fault) -> None:
        self._faults.setdefault(target, []).append(fault)
