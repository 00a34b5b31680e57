"""What a call does on Twilio's side: its TwiML, verb by verb, on the network's clock."""

from collections.abc import Callable, Generator
from pathlib import PurePosixPath
from typing import ClassVar, TypeAlias, TypeVar
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

from bot.sandbox.twilio.calls import Call, Dial
from bot.sandbox.twilio.example_hosts import FetchFailedError
from bot.sandbox.twilio.exchange import Exchange
from bot.sandbox.twilio.parties import Party
from bot.sandbox.twilio.runs import End, Steps
from bot.sandbox.twilio.wire import whole_number

SHORTEST_FETCH_S = 0.001
"""A fetch takes time, or a document that redirects to itself would hold up the clock."""
PLAY_S = 10.0
SAY_S_PER_CHARACTER = 0.06
PAUSE_S = 1
DIAL_TIMEOUT_S = 30
GATHER_TIMEOUT_S = 5
LONGEST_S = 24 * 60 * 60
MOST_LOOPS = 1000

T = TypeVar("T")
Waits: TypeAlias = Generator[float | None, None, T]
Next: TypeAlias = Element | End | None
"""Where a verb leads: to another document, to the end of the call, or to the verb after it."""


class TwimlRun:
    """One call's way through TwiML."""

    def __init__(self, exchange: Exchange, call: Call) -> None:
        self._exchange = exchange
        self._call = call
        self._url = ""

    def from_twiml(self, twiml: str) -> Steps:
        """Runs an inline document."""
        return (yield from self._follow(self._parse(twiml)))

    def from_url(self, url: str, method: str = "POST", fallback_url: str | None = None) -> Steps:
        """Fetches a document and runs it; where that fails, the one at `fallback_url`."""
        document = yield from self._fetch(url, method)
        if isinstance(document, End) and fallback_url is not None:
            document = yield from self._fetch(fallback_url, "POST", ErrorUrl=url)
        return (yield from self._follow(document))

    def from_dial(self, to: str, party: Party, action_url: str | None) -> Steps:
        """Dials one number whose person behaves as told, as if a document had said so."""
        attributes = {} if action_url is None else {"action": action_url}
        then = yield from self._dial_out(Element("Dial", attributes), {to: party})
        return (yield from self._follow(then))

    def _follow(self, then: Next) -> Steps:
        while isinstance(then, Element):
            then = yield from self._run_verbs(then)
        return then or End("its TwiML document ended")

    def _run_verbs(self, parent: Element) -> Waits[Next]:
        for verb in parent:
            # Twilio warns of a verb that it does not know (12200), and goes on.
            run_verb = self._verbs.get(verb.tag)
            if run_verb is None:
                continue
            if verb.tag != "Reject":
                self._exchange.take(self._call)
            then = yield from run_verb(self, verb)
            if then is not None:
                return then
        return None

    def _say(self, verb: Element) -> Waits[Next]:
        text = " ".join("".join(verb.itertext()).split())
        self._hear(f"Say: {text}")
        yield from self._wait(_looped(verb, max(1.0, len(text) * SAY_S_PER_CHARACTER)))
        return None

    def _play(self, verb: Element) -> Waits[Next]:
        name = PurePosixPath(unquote(urlsplit((verb.text or "").strip()).path)).stem
        self._hear(f"Music: {name or 'unknown'}")
        yield from self._wait(_looped(verb, PLAY_S))
        return None

    def _pause(self, verb: Element) -> Waits[Next]:
        self._hear("silence")
        yield from self._wait(_number(verb, "length", PAUSE_S))
        return None

    def _gather(self, verb: Element) -> Waits[Next]:
        then = yield from self._run_verbs(verb)
        if then is None:
            self._hear("silence")
            yield from self._wait(_number(verb, "timeout", GATHER_TIMEOUT_S))
        return then

    def _enqueue(self, verb: Element) -> Waits[Next]:
        self._hear(f"Music: hold, waiting in queue {(verb.text or '').strip()}")
        yield from self._wait(None)
        return None

    def _redirect(self, verb: Element) -> Waits[Next]:
        return (yield from self._fetch(verb.text, _method(verb)))

    def _reject(self, verb: Element) -> Waits[Next]:
        yield from ()
        if self._call.is_in_progress:
            return End("its TwiML rejected it")
        status = "busy" if verb.get("reason") == "busy" else "no-answer"
        return End("its TwiML rejected it", status)

    def _hang_up(self, _verb: Element) -> Waits[Next]:
        yield from ()
        return End("its TwiML hung up")

    def _dial(self, verb: Element) -> Waits[Next]:
        conference = verb.find("Conference")
        if conference is not None:
            return (yield from self._dial_conference(verb, conference))
        numbers = [number for number in map(_dialled, [verb, *verb]) if number]
        parties = {number: self._exchange.party_at(number) for number in numbers}
        return (yield from self._dial_out(verb, parties))

    def _dial_conference(self, verb: Element, noun: Element) -> Waits[Next]:
        self._open_dial(verb)
        conference = self._exchange.join(
            self._call,
            (noun.text or "").strip(),
            label=noun.get("participantLabel"),
            is_muted=noun.get("muted") == "true",
            starts_conference_on_enter=noun.get("startConferenceOnEnter") != "false",
            ends_conference_on_exit=noun.get("endConferenceOnExit") == "true",
        )
        yield from self._wait(None, lambda: self._call.sid in conference.participants)
        return (yield from self._after_dial(verb, "completed"))

    def _dial_out(self, verb: Element, parties: dict[str, Party]) -> Waits[Next]:
        dial = self._open_dial(verb)
        self._hear("ringing tone")
        caller = verb.get("callerId") or self._call.party
        for number, party in parties.items():
            leg = self._exchange.add_call(
                from_=caller,
                to=number,
                status="initiated",
                direction="outbound-dial",
                parent_call_sid=self._call.sid,
            )
            dial.legs.append(leg)
            self._exchange.start(leg, answer_as(self._exchange, leg, party))
        yield from self._wait(_number(verb, "timeout", DIAL_TIMEOUT_S), lambda: dial.is_trying)
        if dial.answered is None:
            self._exchange.close_dial(self._call, leg_status="no-answer")
            status = dial.legs[-1].status if dial.legs else "failed"
            return (yield from self._after_dial(verb, status))
        yield from self._wait(_number(verb, "timeLimit", LONGEST_S), lambda: dial.is_talking)
        return (yield from self._after_dial(verb, "completed"))

    def _open_dial(self, verb: Element) -> Dial:
        action = verb.get("action")
        dial = Dial(self._call, None if action is None else urljoin(self._url, action))
        self._exchange.dials[self._call.sid] = dial
        return dial

    def _after_dial(self, verb: Element, dial_status: str) -> Waits[Next]:
        self._exchange.close_dial(self._call)
        self._hear("silence")
        action = verb.get("action")
        if action is None:
            return None
        return (yield from self._fetch(action, _method(verb), DialCallStatus=dial_status))

    def _fetch(self, url: str | None, method: str, **parameters: str) -> Waits[Element | End]:
        target = urljoin(self._url, (url or "").strip())
        yield from self._wait(max(self._exchange.fetch_time_s, SHORTEST_FETCH_S))
        try:
            twiml = self._exchange.fetch(target, self._call, method, **parameters)
        except FetchFailedError as failure:
            return self._fault(11200, str(failure))
        self._url = target
        return self._parse(twiml)

    def _parse(self, twiml: str) -> Element | End:
        try:
            root: Element = fromstring(twiml, forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError) as fault:
            return self._fault(12100, f"the document does not parse: {fault}")
        if root.tag != "Response":
            return self._fault(12100, f"the document is no <Response> but <{root.tag}>")
        return root

    def _fault(self, code: int, text: str) -> End:
        self._hear("Say: We are sorry, an application error has occurred. Goodbye.")
        status = "completed" if self._call.is_in_progress else "failed"
        return End(f"{code}: {text}", status)

    def _hear(self, sound: str) -> None:
        self._exchange.hear(self._call, sound)

    def _wait(
        self, at_most_s: float | None, still: Callable[[], bool] = lambda: True
    ) -> Waits[None]:
        """Waits while it is `still` so, however often the run is woken, and not for longer."""
        if at_most_s is None:
            while still():
                yield None
            return
        clock = self._exchange.clock
        begin_at = clock.now()
        while still() and (left_s := at_most_s - clock.passed_s(begin_at, clock.now())) > 0:
            yield left_s

    _verbs: ClassVar[dict[str, "VerbRun"]] = {
        "Dial": _dial,
        "Enqueue": _enqueue,
        "Gather": _gather,
        "Hangup": _hang_up,
        "Pause": _pause,
        "Play": _play,
        "Redirect": _redirect,
        "Reject": _reject,
        "Say": _say,
    }


VerbRun: TypeAlias = Callable[[TwimlRun, Element], Waits[Next]]


def answer_as(exchange: Exchange, leg: Call, party: Party) -> Steps:
    """What happens on a dialled leg, as its person behaves."""
    yield party.rings_after_s
    if party.outcome == "failed":
        return End("the number cannot be reached", "failed")
    exchange.ring(leg)
    if party.outcome == "no-answer":
        yield None
    yield party.answers_after_s
    if party.outcome == "busy":
        return End(f"{leg.to} was busy", "busy")
    dial = exchange.dial_of_leg(leg)
    if dial is not None:
        exchange.bridge(dial, leg)
    yield party.talks_for_s
    return End(f"{leg.to} hung up")


def _dialled(noun: Element) -> str:
    """The number or address in a noun of `<Dial>`, or in the text of `<Dial>` itself."""
    text = (noun.text or "").strip()
    if noun.tag == "Client":
        return f"client:{text}"
    return text if noun.tag in {"Dial", "Number", "Sip"} else ""


def _method(verb: Element) -> str:
    """How the verb wants its URL fetched."""
    return verb.get("method", "POST").upper()


def _looped(verb: Element, once_s: float) -> float | None:
    """How long a sound lasts with its repetitions; None for one that never ends."""
    loops = _number(verb, "loop", 1)
    return once_s * min(loops, MOST_LOOPS) if loops else None


def _number(verb: Element, attribute: str, otherwise: int) -> int:
    """The number in an attribute; Twilio takes its default where there is none or nonsense."""
    value = whole_number(verb.get(attribute, ""))
    return otherwise if value is None else min(value, LONGEST_S)
