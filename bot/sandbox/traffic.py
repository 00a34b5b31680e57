"""Calls that come and go by themselves, so that there is always something to look at."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from xml.sax.saxutils import escape

from bot.sandbox import company, scenes
from bot.sandbox.twilio import Call, PhoneNetwork

TICK_S = 6.0
MOST_CONVERSATIONS = 8
COMES_BACK_AFTER_S = 45.0
RINGS_FOR_S = 9.0
BURST_RINGS_FOR_S = 2.0
BURST_CALL_LASTS_S = 600.0
ENDED_CALLS_KEPT = 200
_LENGTHS_S = (75.0, 160.0, 45.0, 240.0, 110.0)

Scene = Callable[[PhoneNetwork], list[Call]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """How much goes on by itself."""

    most_conversations: int
    tick_s: float
    """How often somebody rings in, unless so many are on the line."""
    standing: tuple[Scene, ...]
    """What is always there, and comes back a while after it is gone."""


_ORDINARY = Day(
    most_conversations=MOST_CONVERSATIONS,
    tick_s=TICK_S,
    standing=(scenes.talk, scenes.huddle, scenes.hostile, scenes.fraud),
)
DAYS: Mapping[str, Day] = {
    "ordinary": _ORDINARY,
    "quiet": Day(most_conversations=2, tick_s=40.0, standing=(scenes.talk,)),
    "busy": Day(most_conversations=40, tick_s=1.5, standing=_ORDINARY.standing),
}
SCENES: Mapping[str, str] = {
    "ordinary": "Ordinary day",
    "quiet": "Quiet afternoon",
    "busy": "Busy Monday",
    "conference": "Support conference",
    "fraud": "Toll-fraud burst",
}
"""What can be played, and what it is called."""


class Traffic:
    """The callers of the company; they live on the clock of the phone network."""

    def __init__(self, network: PhoneNetwork) -> None:
        self.day = "ordinary"
        self._network = network
        self._callers = itertools.cycle(company.CALLERS)
        self._numbers = itertools.cycle(company.NUMBERS)
        self._lengths_s = itertools.cycle(_LENGTHS_S)
        self._burst_serials = itertools.cycle(range(10_000))
        self._round = 0
        self._placed: list[Call] = []
        self._standing: dict[Scene, _Standing] = {}

    def start(self) -> None:
        """Begins the day: what stands, one call that rings, and more until it is stopped."""
        self._round += 1
        self._ring_in()
        self._tick()

    def stop(self) -> None:
        """Places no more calls; those that are up stay."""
        self._round += 1

    def play(self, scene: str) -> None:
        """Another day, for which those who do not belong to it hang up, or an event in this one.

        Raises:
            KeyError: There is no such scene.
        """
        if scene not in SCENES:
            raise KeyError(scene)
        if scene == "conference":
            self._placed += scenes.support_conference(self._network)
        elif scene == "fraud":
            gap_s = scenes.BURST_LASTS_S / scenes.BURST_CALLS
            for number in range(scenes.BURST_CALLS):
                self._later(number * gap_s, self._burst_call)
        else:
            self.day = scene
            self._send_away()
            self.start()

    def place_call(self) -> Call:
        """The next caller rings the next number, and stays until somebody hangs up."""
        caller, _name = next(self._callers)
        number, _friendly_name, _voice_url = next(self._numbers)
        return self._network.place_call(caller, number)

    def _tick(self) -> None:
        day = DAYS[self.day]
        for scene in day.standing:
            self._standing.setdefault(scene, _Standing(scene)).play_when_due(self._network)
        if self._conversations() < day.most_conversations:
            self._ring_in()
        self._forget_old_calls()
        self._later(day.tick_s, self._tick)

    def _send_away(self) -> None:
        """Ends what was placed by itself, but for what stands in the new day too."""
        leaving = self._placed
        self._placed = []
        for scene in [each for each in self._standing if each not in DAYS[self.day].standing]:
            leaving += self._standing.pop(scene).calls
        for call in leaving:
            if call.is_live:
                self._network.hang_up_party(call.sid)

    def _conversations(self) -> int:
        live = [call for call in self._network.calls.values() if call.is_live]
        first_legs = [call for call in live if call.parent_call_sid is None]
        in_rooms = [
            len(room.participants) for room in self._network.conferences.values() if room.is_live
        ]
        return len(first_legs) - sum(in_rooms) + len(in_rooms)

    def _ring_in(self) -> None:
        """A call that rings a while, is answered by the number's own page, and ends by itself."""
        caller, _name = next(self._callers)
        number, _friendly_name, voice_url = next(self._numbers)
        call = self._network.call_ringing(
            caller,
            number,
            "inbound",
            hears="ringing tone",
            twiml=f"<Response><Redirect>{escape(voice_url)}</Redirect></Response>",
        )
        self._lives(call, rings_for_s=RINGS_FOR_S, lasts_s=next(self._lengths_s))

    def _burst_call(self) -> None:
        call = scenes.burst_call(self._network, next(self._burst_serials))
        self._lives(call, rings_for_s=BURST_RINGS_FOR_S, lasts_s=BURST_CALL_LASTS_S)

    def _lives(self, call: Call, *, rings_for_s: float, lasts_s: float) -> None:
        self._placed.append(call)
        for delay_s, act in (
            (rings_for_s, self._network.answer),
            (rings_for_s + lasts_s, self._network.hang_up_party),
        ):
            self._later(delay_s, partial(self._act_on, call, act))

    def _act_on(self, call: Call, act: Callable[[str], None]) -> None:
        """A call that has ended may be forgotten by the network too."""
        if call.is_live:
            act(call.sid)

    def _later(self, delay_s: float, act: Callable[[], None]) -> None:
        begun_in = self._round
        self._network.clock.call_later(delay_s, lambda: act() if self._round == begun_in else None)

    def _forget_old_calls(self) -> None:
        self._placed = [call for call in self._placed if call.is_live]
        ended = [call for call in self._network.calls.values() if not call.is_live]
        for call in ended[:-ENDED_CALLS_KEPT]:
            self._network.remove(call)


class _Standing:
    """Calls that stand until somebody acts on them, and come back a while after they are gone."""

    def __init__(self, begin: Scene) -> None:
        self.calls: list[Call] = []
        self._begin = begin
        self._gone_since: datetime | None = None

    def play_when_due(self, network: PhoneNetwork) -> None:
        """Begins anew when all its calls have been gone for long enough."""
        now = network.clock.now()
        if any(call.is_live for call in self.calls):
            self._gone_since = None
            return
        if self.calls and self._gone_since is None:
            self._gone_since = now
        gone_for_s = network.clock.passed_s(self._gone_since, now) if self._gone_since else None
        if gone_for_s is None or gone_for_s >= COMES_BACK_AFTER_S:
            self.calls = self._begin(network)
            self._gone_since = None
