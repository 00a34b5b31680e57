"""Calls that come and go by themselves, so that there is always something to look at."""

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from xml.sax.saxutils import escape

from bot.sandbox import company
from bot.sandbox.twilio import Call, PhoneNetwork

TICK_S = 6.0
MOST_CONVERSATIONS = 8
COMES_BACK_AFTER = timedelta(seconds=45)
RINGS_FOR_S = 9.0
ENDED_CALLS_KEPT = 200
_LENGTHS_S = (75.0, 160.0, 45.0, 240.0, 110.0)

# A caller names himself, so the name is an attacker's: a loud mention, a false link, and text
# that runs backwards.
HOSTILE_NAME = "<!channel> *free* <https://evil.example|click> \u202egnp.ecioveni"


class Traffic:
    """The callers of the company; they live on the clock of the phone network."""

    def __init__(self, network: PhoneNetwork) -> None:
        self._network = network
        self._callers = itertools.cycle(company.CALLERS)
        self._numbers = itertools.cycle(company.NUMBERS)
        self._lengths_s = itertools.cycle(_LENGTHS_S)
        self._is_going = False
        self._scenes: list[_Scene] = [
            _Scene(scene) for scene in (self._talk, self._huddle, self._hostile, self._fraud)
        ]

    def start(self) -> None:
        """Begins the standing calls, lets one more ring, and goes on until it is stopped."""
        self._is_going = True
        self._ring_in()
        self._tick()

    def stop(self) -> None:
        """Places no more calls; those that are up stay."""
        self._is_going = False

    def place_call(self) -> Call:
        """The next caller rings the next number, and stays until somebody hangs up."""
        caller, _name = next(self._callers)
        number, _friendly_name, _voice_url = next(self._numbers)
        return self._network.place_call(caller, number)

    def _tick(self) -> None:
        if not self._is_going:
            return
        now = self._network.clock.now()
        for scene in self._scenes:
            scene.play_when_due(now)
        if self._conversations() < MOST_CONVERSATIONS:
            self._ring_in()
        self._forget_old_calls()
        self._network.clock.call_later(TICK_S, self._tick)

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
        self._later(RINGS_FOR_S, lambda: self._network.answer(call.sid))
        self._later(
            RINGS_FOR_S + next(self._lengths_s), lambda: self._network.hang_up_party(call.sid)
        )

    def _later(self, delay_s: float, act: Callable[[], None]) -> None:
        self._network.clock.call_later(delay_s, lambda: act() if self._is_going else None)

    def _forget_old_calls(self) -> None:
        ended = [call for call in self._network.calls.values() if not call.is_live]
        for call in ended[:-ENDED_CALLS_KEPT]:
            self._network.remove(call)

    def _ago(self, **passed: float) -> datetime:
        return self._network.clock.now() - timedelta(**passed)

    def _talk(self) -> list[Call]:
        """A caller who talks with the support desk: one conversation, two legs."""
        call = self._network.call_in_progress(
            company.MARIA,
            company.SUPPORT_LINE,
            caller_name="LOPEZ MARIA",
            started_at=self._ago(minutes=3, seconds=12),
        )
        self._network.dial(call, company.DESK_AGENT)
        return [call]

    def _huddle(self) -> list[Call]:
        """Three people in a conference, called by the support line."""
        calls = [
            self._network.call_in_progress(
                company.SUPPORT_LINE, number, "outbound-api", started_at=self._ago(minutes=14)
            )
            for number in company.HUDDLE
        ]
        for call in calls:
            self._network.join_conference(call, "Weekly support huddle")
        return calls

    def _hostile(self) -> list[Call]:
        """A caller whose name is an attack on whoever reads it."""
        return [
            self._network.call_in_progress(
                company.HOSTILE_CALLER,
                company.SALES_LINE,
                caller_name=HOSTILE_NAME,
                started_at=self._ago(seconds=50),
                twiml=f"<Response><Redirect>{company.VOICE}/sales</Redirect></Response>",
            )
        ]

    def _fraud(self) -> list[Call]:
        """What toll fraud looks like: a long call that was passed on to a premium-rate number."""
        call = self._network.call_in_progress(
            company.FRAUDSTER, company.FRAUD_DESK, started_at=self._ago(minutes=47)
        )
        leg = self._network.dial(call, company.PREMIUM_LINE)
        self._network.change(
            leg, started_at=self._ago(minutes=46), answered_at=self._ago(minutes=46)
        )
        return [call]


class _Scene:
    """Calls that stand until somebody acts on them, and come back a while after they are gone."""

    def __init__(self, begin: Callable[[], list[Call]]) -> None:
        self._begin = begin
        self._calls: list[Call] = []
        self._gone_since: datetime | None = None

    def play_when_due(self, now: datetime) -> None:
        """Begins anew when all its calls have been gone for long enough."""
        if any(call.is_live for call in self._calls):
            self._gone_since = None
            return
        if self._calls and self._gone_since is None:
            self._gone_since = now
        if self._gone_since is None or now - self._gone_since >= COMES_BACK_AFTER:
            self._calls = self._begin()
            self._gone_since = None
