"""How the two stand-ins can be made to misbehave from the page."""

from collections.abc import Callable, Mapping

from bot.sandbox.slack import SlackFaults
from bot.sandbox.slack.faults import EVERY_METHOD, RESPONSE_URL
from bot.sandbox.twilio import FaultKind, Faults

SLOW_S = 4.0
NORMAL = "normal"

TWILIO_MODES: Mapping[str, str] = {
    NORMAL: "works",
    FaultKind.TOO_MANY_REQUESTS: "says 429, too many requests",
    FaultKind.INTERNAL_ERROR: "says 500",
    FaultKind.SLOW: "is slow (4 s)",
    FaultKind.SILENT: "is silent",
    FaultKind.DROP_AFTER: "acts, then drops the line",
}
SLACK_MODES: Mapping[str, str] = {
    NORMAL: "works",
    "slow": "is slow (4 s)",
    "refuses": "refuses what the bot says",
}


class Misbehaviour:
    """What is wrong with each stand-in at the moment; the keys are those of the tables above."""

    def __init__(self, twilio: Faults, slack: SlackFaults, *, changed: Callable[[], None]) -> None:
        self.twilio = NORMAL
        self.slack = NORMAL
        self._twilio_faults = twilio
        self._slack_faults = slack
        self._changed = changed

    def set_twilio(self, mode: str) -> None:
        """Twilio behaves like this from now on.

        Raises:
            KeyError: There is no such mode.
        """
        self.twilio = _known(mode, TWILIO_MODES)
        self._twilio_faults.clear()
        if mode != NORMAL:
            self._twilio_faults.standing(FaultKind(mode), seconds=SLOW_S)
        self._changed()

    def set_slack(self, mode: str) -> None:
        """Slack behaves like this towards the bot from now on.

        Raises:
            KeyError: There is no such mode.
        """
        self.slack = _known(mode, SLACK_MODES)
        self._slack_faults.clear()
        for target in (EVERY_METHOD, RESPONSE_URL):
            if mode == "slow":
                self._slack_faults.slow(target, delay_s=SLOW_S, times=None)
            elif mode == "refuses":
                self._slack_faults.break_down(target, status=503, times=None)
        self._changed()


def _known(mode: str, modes: Mapping[str, str]) -> str:
    if mode not in modes:
        raise KeyError(mode)
    return mode
