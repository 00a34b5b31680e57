"""The telephone exchange: every call, number and conference, and the transitions between states."""

import itertools
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.sandbox.twilio.calls import Call, Dial, Number
from bot.sandbox.twilio.clock import Clock
from bot.sandbox.twilio.conferences import Conference, Participant
from bot.sandbox.twilio.example_hosts import BAD_REQUEST, ExampleHosts, Fetch, FetchFailedError
from bot.sandbox.twilio.parties import ANSWERS, Party
from bot.sandbox.twilio.runs import End, Run, Steps

REMEMBERED_FETCHES = 10_000
Listener = Callable[[Call | Conference], None]


class Exchange:
    """The state of the phone network; whatever changes it passes through here."""

    def __init__(self, *, account_sid: str, clock: Clock, fetch_time_s: float = 0.1) -> None:
        self.account_sid = account_sid
        self.clock = clock
        self.fetch_time_s = fetch_time_s
        self.calls: dict[str, Call] = {}
        self.conferences: dict[str, Conference] = {}
        self.numbers: dict[str, Number] = {}
        self.example_hosts = ExampleHosts()
        self.fetches: list[Fetch] = []
        self.parties: dict[str, Party] = {}
        self.default_party = ANSWERS
        self.dials: dict[str, Dial] = {}
        self._runs: dict[str, Run] = {}
        self._listeners: list[Listener] = []
        self._serials = itertools.count(1)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tells `listener` of each call or conference that changes, until the answer is called."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def add_number(
        self,
        phone_number: str,
        friendly_name: str,
        voice_url: str | None = None,
        voice_method: str = "POST",
    ) -> Number:
        """Gives the account a phone number."""
        number = Number(
            sid=new_sid("PN"),
            account_sid=self.account_sid,
            serial=next(self._serials),
            phone_number=phone_number,
            friendly_name=friendly_name,
            voice_url=voice_url,
            voice_method=voice_method,
            created_at=self.clock.now(),
        )
        self.numbers[number.sid] = number
        return number

    def number_at(self, phone_number: str) -> Number | None:
        """The account's number with these digits; None when it has no such number."""
        for number in self.numbers.values():
            if number.phone_number == phone_number:
                return number
        return None

    def party_at(self, phone_number: str) -> Party:
        """How the person at that number behaves."""
        return self.parties.get(phone_number, self.default_party)

    def add_call(self, *, from_: str, to: str, status: str, direction: str, **details: Any) -> Call:
        """A new call in the given status; `details` are further fields of `Call`."""
        now = self.clock.now()
        ours = self.number_at(to if direction == "inbound" else from_)
        details.setdefault("phone_number_sid", ours.sid if ours else None)
        details.setdefault("created_at", details.get("started_at") or now)
        details.setdefault("updated_at", details.get("ended_at") or details["created_at"])
        call = Call(
            sid=new_sid("CA"),
            account_sid=self.account_sid,
            serial=next(self._serials),
            from_=from_,
            to=to,
            status=status,
            direction=direction,
            **details,
        )
        call.hears_log.append((now, call.hears))
        self.calls[call.sid] = call
        self._tell(call)
        return call

    def change(self, call: Call, **fields: Any) -> None:
        """Sets fields of a call, and with them the time of its last change."""
        for name, value in fields.items():
            setattr(call, name, value)
        call.updated_at = self.clock.now()
        call.row = None
        self._tell(call)

    def hear(self, call: Call, sound: str) -> None:
        """From now on the person on this leg hears `sound`."""
        if not call.is_live or call.hears == sound:
            return
        call.hears = sound
        call.hears_log.append((self.clock.now(), sound))
        self._tell(call)

    def ring(self, call: Call) -> None:
        """The phone at the other end rings."""
        self.change(call, status="ringing", started_at=self.clock.now())
        self.hear(call, "ringing")

    def take(self, call: Call) -> None:
        """The call is up from now on; does nothing when it was already."""
        if call.is_live and not call.is_in_progress:
            now = self.clock.now()
            self.change(
                call, status="in-progress", started_at=call.started_at or now, answered_at=now
            )
            self.hear(call, "silence")

    def start(self, call: Call, steps: Steps) -> None:
        """Lets the call do these steps; when they are over, so is the call."""
        run = Run(self.clock, steps, lambda end: self._finish(call, end))
        self._runs[call.sid] = run
        run.wake()

    def take_over(self, call: Call) -> None:
        """Frees a call from what it does: its dialled legs drop, and whoever dialled it goes on."""
        self._stop(call)
        dial = self.dial_of_leg(call)
        if dial is not None:
            dial.legs.remove(call)
            self._wake(dial.parent.sid)

    def end(self, call: Call, status: str, because: str) -> None:
        """Brings a call to its final status; does nothing to one that is there already."""
        if not call.is_live:
            return
        self.hear(call, "the line is dead")
        self.change(call, status=status, ended_at=self.clock.now(), ended_because=because)
        self._stop(call)
        dial = self.dial_of_leg(call)
        if dial is not None:
            self._wake(dial.parent.sid)

    def dial_of_leg(self, call: Call) -> Dial | None:
        """The `<Dial>` that rang this leg and still holds it; None when there is none."""
        dial = self.dials.get(call.parent_call_sid or "")
        return dial if dial is not None and call in dial.legs else None

    def bridge(self, dial: Dial, leg: Call) -> None:
        """A dialled leg answers: it talks with its parent, and the other legs stop ringing."""
        self.take(leg)
        dial.answered = leg
        for other in dial.legs:
            if other is not leg:
                self.end(other, "canceled", f"{leg.party} answered first")
        self.hear(dial.parent, f"talking with {leg.party}")
        self.hear(leg, f"talking with {dial.parent.party}")
        self._wake(dial.parent.sid)

    def close_dial(self, parent: Call, *, leg_status: str = "canceled") -> None:
        """Forgets the `<Dial>` of a call; legs that are up complete, others get `leg_status`."""
        dial = self.dials.pop(parent.sid, None)
        for leg in dial.legs if dial is not None else ():
            status = "completed" if leg.is_in_progress else leg_status
            self.end(leg, status, f"the leg of {parent.party} let go of it")

    def join(self, call: Call, friendly_name: str, **rights: Any) -> Conference:
        """Puts a call into the live conference of that name, or into a new one."""
        now = self.clock.now()
        conference = self._live_conference(friendly_name) or self._new_conference(friendly_name)
        participant = Participant(
            call_sid=call.sid, joined_at=now, serial=next(self._serials), **rights
        )
        conference.admit(participant, now)
        self._sound(conference)
        return conference

    def conference_of(self, call: Call) -> Conference | None:
        """The conference that this call is in."""
        for conference in self.conferences.values():
            if call.sid in conference.participants:
                return conference
        return None

    def fetch(self, url: str, call: Call, method: str = "POST", **parameters: str) -> str:
        """The document at `url`, asked for on behalf of a call.

        Raises:
            FetchFailedError: No example host answers there, or with an error.
        """
        page = self.example_hosts.page_at(url)
        about = {"CallSid": call.sid, "CallStatus": call.status, "From": call.from_, "To": call.to}
        status = page[0] if page else None
        self.fetches.append(Fetch(url, self.clock.now(), method, about | parameters, status))
        del self.fetches[:-REMEMBERED_FETCHES]
        if page is None:
            raise FetchFailedError(f"nothing answers at {url}")
        if page[0] >= BAD_REQUEST:
            raise FetchFailedError(f"{url} answered with status {page[0]}")
        return page[1]

    def _finish(self, call: Call, end: End) -> None:
        self.end(call, end.status, end.because)

    def _stop(self, call: Call) -> None:
        run = self._runs.pop(call.sid, None)
        if run is not None:
            run.stop()
        self.close_dial(call)
        conference = self.conference_of(call)
        if conference is not None:
            self._leave(conference, call)

    def _leave(self, conference: Conference, call: Call) -> None:
        shut_out = conference.release(call.sid, self.clock.now())
        self._sound(conference)
        for call_sid in shut_out:
            self._wake(call_sid)

    def _live_conference(self, friendly_name: str) -> Conference | None:
        for conference in self.conferences.values():
            if conference.is_live and conference.friendly_name == friendly_name:
                return conference
        return None

    def _new_conference(self, friendly_name: str) -> Conference:
        now: datetime = self.clock.now()
        conference = Conference(
            sid=new_sid("CF"),
            account_sid=self.account_sid,
            serial=next(self._serials),
            friendly_name=friendly_name,
            created_at=now,
            updated_at=now,
        )
        self.conferences[conference.sid] = conference
        return conference

    def _sound(self, conference: Conference) -> None:
        for call_sid in conference.participants:
            self.hear(self.calls[call_sid], conference.sound)
        self._tell(conference)

    def _wake(self, call_sid: str) -> None:
        run = self._runs.get(call_sid)
        if run is not None:
            run.wake()

    def _tell(self, changed: Call | Conference) -> None:
        for listener in tuple(self._listeners):
            listener(changed)


def new_sid(prefix: str) -> str:
    """A SID that no other resource has."""
    return prefix + secrets.token_hex(16)
