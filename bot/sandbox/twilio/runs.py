"""One call's way through what it does: steps that wait for the clock, or until they are woken."""

from collections.abc import Callable, Generator
from dataclasses import dataclass

from bot.sandbox.twilio.clock import Clock, Timer


@dataclass(frozen=True)
class End:
    """Why a call ends, and in which final status."""

    because: str
    status: str = "completed"


# A step yields how many seconds it waits; None waits until somebody wakes the run.
Steps = Generator[float | None, None, End]


class Run:
    """Steps in progress; they go on when their time has come or when they are woken."""

    def __init__(self, clock: Clock, steps: Steps, on_end: Callable[[End], None]) -> None:
        self._clock = clock
        self._steps = steps
        self._on_end = on_end
        self._timer: Timer | None = None
        self._is_stepping = False
        self._was_woken = False
        self._is_stopped = False

    def wake(self) -> None:
        """Goes on at once, however long the steps meant to wait."""
        if self._is_stepping:
            # A step can wake its own run, by an event that it causes itself.
            self._was_woken = True
            return
        self._cancel_timer()
        self._go_on()

    def stop(self) -> None:
        """Abandons the steps; nothing of them happens any more."""
        self._is_stopped = True
        self._cancel_timer()
        if not self._is_stepping:
            self._steps.close()

    def _go_on(self) -> None:
        wait_s: float | None = 0.0
        try:
            while wait_s == 0 and not self._is_stopped:
                wait_s = self._step()
        except StopIteration as end:
            if not self._is_stopped:
                self._on_end(end.value)
            return
        if self._is_stopped:
            self._steps.close()
        elif wait_s is not None:
            self._timer = self._clock.call_later(wait_s, self._go_on)

    def _step(self) -> float | None:
        self._was_woken = False
        self._is_stepping = True
        try:
            wait_s = next(self._steps)
        finally:
            self._is_stepping = False
        return 0.0 if self._was_woken else wait_s

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
