"""The simulated phone network: what people and Twilio do to calls."""

from datetime import datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

from bot.sandbox.twilio.calls import Call
from bot.sandbox.twilio.clock import Clock, Timer
from bot.sandbox.twilio.conferences import Conference
from bot.sandbox.twilio.example_hosts import FetchFailedError
from bot.sandbox.twilio.exchange import Exchange
from bot.sandbox.twilio.parties import ANSWERS_AT_ONCE, LETS_IT_RING, OUT_OF_REACH
from bot.sandbox.twilio.twiml_engine import TwimlRun

CALLER = "+14155550123"
CALLEE = "+442079460000"
PARTY_IN_STATUS = {
    "initiated": OUT_OF_REACH,
    "ringing": LETS_IT_RING,
    "in-progress": ANSWERS_AT_ONCE,
}


class PhoneNetwork(Exchange):
    """Calls that live: placed, answered, dialled on, redirected and hung up."""

    def __init__(self, *, account_sid: str, clock: Clock, fetch_time_s: float = 0.1) -> None:
        super().__init__(account_sid=account_sid, clock=clock, fetch_time_s=fetch_time_s)
        self._time_limits: dict[str, Timer] = {}

    def call_queued(
        self, from_: str = CALLER, to: str = CALLEE, direction: str = "outbound-api", **details: Any
    ) -> Call:
        """A call that waits for its turn to be dialled; `details` are further fields of `Call`."""
        return self.add_call(from_=from_, to=to, status="queued", direction=direction, **details)

    def call_ringing(
        self, from_: str = CALLER, to: str = CALLEE, direction: str = "outbound-api", **details: Any
    ) -> Call:
        """A call that nobody has answered yet; with `twiml`, that is what it does once answered."""
        details.setdefault("started_at", self.clock.now())
        details.setdefault("hears", "ringing")
        return self.add_call(from_=from_, to=to, status="ringing", direction=direction, **details)

    def call_in_progress(
        self, from_: str = CALLER, to: str = CALLEE, direction: str = "inbound", **details: Any
    ) -> Call:
        """A call that is up; it runs `twiml`, or without it stays as it is until somebody acts."""
        details.setdefault("started_at", self.clock.now())
        details.setdefault("answered_at", details["started_at"])
        call = self.add_call(
            from_=from_, to=to, status="in-progress", direction=direction, **details
        )
        self._run_own_twiml(call)
        return call

    def call_ended(
        self,
        from_: str = CALLER,
        to: str = CALLEE,
        direction: str = "inbound",
        *,
        status: str = "completed",
        started_at: datetime | None = None,
        duration_s: float = 60.0,
        **details: Any,
    ) -> Call:
        """A call that is over; without `started_at` it ended just now."""
        length = timedelta(seconds=duration_s)
        begin_at = started_at or self.clock.now() - length
        details.setdefault("hears", "the line is dead")
        return self.add_call(
            from_=from_,
            to=to,
            status=status,
            direction=direction,
            started_at=begin_at,
            answered_at=begin_at if status == "completed" else None,
            ended_at=begin_at + length,
            **details,
        )

    def place_call(self, from_: str, to: str, **details: Any) -> Call:
        """Somebody rings one of our numbers: its voice URL is fetched, and its TwiML runs.

        Raises:
            ValueError: `to` is not a number of the account, or has no voice URL.
        """
        number = self.number_at(to)
        if number is None or number.voice_url is None:
            raise ValueError(f"{to} is no number of this account with a voice URL")
        call = self.call_ringing(from_, to, "inbound", hears="ringing tone", **details)
        self.start(call, TwimlRun(self, call).from_url(number.voice_url))
        return call

    def dial(
        self,
        parent: Call,
        to: str = "+442079460111",
        status: str = "in-progress",
        action_url: str | None = None,
    ) -> Call:
        """The leg that `parent` rings with a `<Dial>`.

        `status` is `in-progress` for a person who has answered, `ringing` for one who lets it
        ring, `initiated` for a phone that does not ring yet.

        Raises:
            ValueError: The parent is not in progress.
        """
        self._need_in_progress(parent)
        self.take_over(parent)
        run = TwimlRun(self, parent)
        self.start(parent, run.from_dial(to, PARTY_IN_STATUS[status], action_url))
        return self.dials[parent.sid].legs[0]

    def join_conference(self, call: Call, friendly_name: str) -> Conference:
        """The conference that the call is in from now on; its TwiML has sent it there.

        Raises:
            ValueError: The call is not in progress.
        """
        self._need_in_progress(call)
        self.take_over(call)
        name = escape(friendly_name)
        twiml = f"<Response><Dial><Conference>{name}</Conference></Dial></Response>"
        self.start(call, TwimlRun(self, call).from_twiml(twiml))
        conference = self.conference_of(call)
        if conference is None:
            raise ValueError(f"{friendly_name!r} is no name for a conference")
        return conference

    def answer(self, call_sid: str) -> None:
        """The person on a ringing leg picks up; does nothing where nothing rings."""
        call = self.calls[call_sid]
        if not call.is_live or call.is_in_progress:
            return
        dial = self.dial_of_leg(call)
        if dial is not None:
            self._stop(call)
            self.bridge(dial, call)
            return
        self.take(call)
        self._run_own_twiml(call)

    def hang_up_party(self, call_sid: str) -> None:
        """The person on that leg hangs up, or turns the call away while it rings."""
        call = self.calls[call_sid]
        if call.is_in_progress:
            status = "completed"
        else:
            status = "no-answer" if call.direction == "inbound" else "busy"
        self.end(call, status, f"{call.party} hung up")

    def hang_up(self, call: Call) -> None:
        """Ends a call for the API; one that was never up counts as canceled."""
        status = "completed" if call.is_in_progress else "canceled"
        self.end(call, status, "hung up through the API")

    def redirect(
        self,
        call: Call,
        *,
        twiml: str | None = None,
        url: str | None = None,
        method: str = "POST",
        fallback_url: str | None = None,
    ) -> None:
        """Leaves what the call does, and runs the new TwiML.

        Of an interrupted `<Dial>`, Twilio still fetches the action and discards the answer.
        """
        dial = self.dials.get(call.sid)
        self.take_over(call)
        if dial is not None and dial.action_url is not None:
            self._fetch_in_vain(dial.action_url, call)
        run = TwimlRun(self, call)
        if twiml is not None:
            self.start(call, run.from_twiml(twiml))
        elif url is not None:
            self.hear(call, "silence")
            self.start(call, run.from_url(url, method, fallback_url))

    def limit_time(self, call: Call, limit_s: float) -> None:
        """Ends the call when it has been up for that long."""
        before = self._time_limits.pop(call.sid, None)
        if before is not None:
            before.cancel()
        up_since = call.answered_at or self.clock.now()
        left_s = limit_s - self.clock.passed_s(up_since, self.clock.now())
        self._time_limits[call.sid] = self.clock.call_later(
            max(0.0, left_s), lambda: self.end(call, "completed", "its time limit was reached")
        )

    def remove(self, call: Call) -> None:
        """Deletes the record of a call that is over."""
        del self.calls[call.sid]

    def _run_own_twiml(self, call: Call) -> None:
        if call.twiml is not None:
            self.start(call, TwimlRun(self, call).from_twiml(call.twiml))

    def _fetch_in_vain(self, url: str, call: Call) -> None:
        try:
            self.fetch(url, call, DialCallStatus="completed")
        except FetchFailedError:
            return

    def _need_in_progress(self, call: Call) -> None:
        if not call.is_in_progress:
            raise ValueError(f"{call.sid} is {call.status}, not in-progress")
