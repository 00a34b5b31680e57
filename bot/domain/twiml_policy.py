"""Which inline TwiML an operator may send: verbs, nouns, attributes and values on a list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

from bot.domain.errors import InvalidTargetError, TargetNotAllowedError
from bot.domain.phone_numbers import is_e164
from bot.domain.url_policy import check_redirect_url

# Source: https://www.twilio.com/docs/voice/api/call-resource (the parameter Twiml).
MAX_TWIML_LENGTH = 4000
ANY_PREFIX = "*"
_EXAMPLE = "<Response><Say>Please hold.</Say></Response>"

# A declared encoding or version would let Twilio read another text than the one judged here.
_XML_DECLARATION = re.compile(
    r"""<\?xml\s+version=(["'])1\.0\1(\s+encoding=(["'])utf-8\3)?\s*\?>""", re.IGNORECASE
)
_MARKUP_BESIDES_ELEMENTS = re.compile(r"<[!?]")
_BARE_AMPERSAND = re.compile(r"&(?!(?:#[0-9]+|#x[0-9A-Fa-f]+|[a-z]+);)")
# All but tab and line ends; the characters that turn the direction of text; what XML cannot hold.
_CONTROL_CHARACTERS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
_BLANKS = " \t\r\n"


@dataclass(frozen=True, slots=True)
class _Lists:
    """What the settings allow to operators; it does not bind an admin."""

    hosts: Iterable[str]
    dial_prefixes: Iterable[str]
    is_admin: bool


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a value may be, in words and as a test; the test raises where a list forbids it."""

    expects: str
    fits: Callable[[str, _Lists], bool]


@dataclass(frozen=True, slots=True)
class _Rule:
    """What an element may hold. Without *text* it holds none of its own."""

    attributes: Mapping[str, _Kind] = field(default_factory=dict)
    children: Mapping[str, _Rule] = field(default_factory=dict)
    text: _Kind | None = None
    is_text_required: bool = False


def _matching(pattern: str, expects: str) -> _Kind:
    expression = re.compile(pattern, re.ASCII)
    return _Kind(expects, lambda value, _lists: expression.fullmatch(value) is not None)


def _one_of(*values: str) -> _Kind:
    return _Kind(f"one of {', '.join(values)}", lambda value, _lists: value in values)


def _some_of(*values: str) -> _Kind:
    return _Kind(
        f"some of {', '.join(values)}",
        lambda value, _lists: value != "" and set(value.split(" ")) <= set(values),
    )


def _whole(lowest: int, highest: int) -> _Kind:
    def fits(value: str, _lists: _Lists) -> bool:
        return re.fullmatch("[0-9]{1,6}", value) is not None and lowest <= int(value) <= highest

    return _Kind(f"a whole number from {lowest} to {highest}", fits)


def _is_allowed_url(value: str, lists: _Lists) -> bool:
    check_redirect_url(value, allowed_hosts=lists.hosts, is_admin=lists.is_admin)
    return True


def _is_allowed_number(value: str, lists: _Lists) -> bool:
    if not is_e164(value):
        return False
    if not lists.is_admin and not any(
        prefix == ANY_PREFIX or value.startswith(prefix) for prefix in lists.dial_prefixes
    ):
        raise TargetNotAllowedError(
            value, "This number may not be dialled; its prefix is not on the list."
        )
    return True


_ANY_TEXT = _Kind("text", lambda _value, _lists: True)
_NAME = _matching(r"[^\n]{1,64}", "a name of at most 64 characters")
_URL = _Kind("an https URL", _is_allowed_url)
_URL_OR_NOTHING = _Kind(
    "an https URL or nothing", lambda value, lists: not value or _is_allowed_url(value, lists)
)
_DIALLED_NUMBER = _Kind("a number in E.164 such as +14155550123", _is_allowed_number)
_CALLER_ID = _Kind("a number in E.164 such as +14155550123", lambda value, _lists: is_e164(value))
_BOOLEAN = _one_of("true", "false")
_METHOD = _one_of("GET", "POST")
_DIGITS = _matching(r"[0-9*#wW]{1,64}", "digits, *, # and w")
_LANGUAGE = _matching(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", "a language such as en-GB")
_WORD = _matching(r"[A-Za-z0-9.+%\-]{1,64}", "a word")
_LOOP = _whole(0, 1000)
_TIMEOUT_S = _whole(1, 600)
_LEG_EVENTS = _some_of("initiated", "ringing", "answered", "completed")
_CONFERENCE_EVENTS = _some_of(
    "start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"
)

# SSML nests in itself, so the table is filled after the rules that point to it.
# Source: https://www.twilio.com/docs/voice/twiml/say/text-speech
_SSML: dict[str, _Rule] = {}
_SSML |= {
    "break": _Rule({"strength": _WORD, "time": _WORD}),
    "emphasis": _Rule({"level": _WORD}, _SSML, _ANY_TEXT),
    "lang": _Rule({"{http://www.w3.org/XML/1998/namespace}lang": _LANGUAGE}, _SSML, _ANY_TEXT),
    "p": _Rule({}, _SSML, _ANY_TEXT),
    "phoneme": _Rule({"alphabet": _WORD, "ph": _ANY_TEXT}, {}, _ANY_TEXT),
    "prosody": _Rule({"volume": _WORD, "rate": _WORD, "pitch": _WORD}, _SSML, _ANY_TEXT),
    "s": _Rule({}, _SSML, _ANY_TEXT),
    "say-as": _Rule({"interpret-as": _WORD, "format": _WORD}, {}, _ANY_TEXT),
    "sub": _Rule({"alias": _ANY_TEXT}, {}, _ANY_TEXT),
    "w": _Rule({"role": _matching(r"[A-Za-z0-9:\-]{1,64}", "a role")}, {}, _ANY_TEXT),
}

# Source: https://www.twilio.com/docs/voice/twiml and the page of each verb and noun.
_NUMBER = _Rule(
    {
        "url": _URL,
        "method": _METHOD,
        "sendDigits": _DIGITS,
        "statusCallback": _URL,
        "statusCallbackMethod": _METHOD,
        "statusCallbackEvent": _LEG_EVENTS,
    },
    text=_DIALLED_NUMBER,
    is_text_required=True,
)
_CONFERENCE = _Rule(
    {
        "muted": _BOOLEAN,
        "beep": _one_of("true", "false", "onEnter", "onExit"),
        "startConferenceOnEnter": _BOOLEAN,
        "endConferenceOnExit": _BOOLEAN,
        "waitUrl": _URL_OR_NOTHING,
        "waitMethod": _METHOD,
        "maxParticipants": _whole(2, 250),
        "region": _WORD,
        "participantLabel": _NAME,
        "statusCallback": _URL,
        "statusCallbackMethod": _METHOD,
        "statusCallbackEvent": _CONFERENCE_EVENTS,
    },
    text=_NAME,
    is_text_required=True,
)
_SAY = _Rule({"voice": _WORD, "language": _LANGUAGE, "loop": _LOOP}, _SSML, _ANY_TEXT)
_PLAY = _Rule({"loop": _LOOP, "digits": _DIGITS}, text=_URL)
_PAUSE = _Rule({"length": _TIMEOUT_S})
_DIAL = _Rule(
    {
        "action": _URL,
        "method": _METHOD,
        "timeout": _TIMEOUT_S,
        "timeLimit": _whole(1, 86_400),
        "callerId": _CALLER_ID,
        "hangupOnStar": _BOOLEAN,
        "answerOnBridge": _BOOLEAN,
        "ringTone": _LANGUAGE,
        "sequential": _BOOLEAN,
    },
    {"Number": _NUMBER, "Conference": _CONFERENCE},
    _DIALLED_NUMBER,
)
_GATHER = _Rule(
    {
        "action": _URL,
        "method": _METHOD,
        "input": _some_of("dtmf", "speech"),
        "timeout": _TIMEOUT_S,
        "speechTimeout": _matching(r"auto|[1-9][0-9]{0,2}", "auto or seconds"),
        "numDigits": _whole(1, 64),
        "finishOnKey": _matching(r"[0-9*#]?", "one key"),
        "language": _LANGUAGE,
        "hints": _ANY_TEXT,
        "bargeIn": _BOOLEAN,
        "profanityFilter": _BOOLEAN,
        "actionOnEmptyResult": _BOOLEAN,
    },
    {"Say": _SAY, "Play": _PLAY, "Pause": _PAUSE},
)
_ENQUEUE = _Rule(
    {"action": _URL, "method": _METHOD, "waitUrl": _URL, "waitUrlMethod": _METHOD}, text=_NAME
)
_RESPONSE = _Rule(
    children={
        "Say": _SAY,
        "Play": _PLAY,
        "Pause": _PAUSE,
        "Dial": _DIAL,
        "Gather": _GATHER,
        "Enqueue": _ENQUEUE,
        "Leave": _Rule(),
        "Redirect": _Rule({"method": _METHOD}, text=_URL, is_text_required=True),
        "Hangup": _Rule(),
        "Reject": _Rule({"reason": _one_of("rejected", "busy")}),
    }
)

_SENDS_ELSEWHERE = "it sends the call's sound or words elsewhere"
_RECORDS = "it records people"
_DIALS_UNSEEN = "only numbers, whose prefixes are on a list, and conferences may be dialled"
_WHY_REFUSED = {
    "Application": _DIALS_UNSEEN,
    "Client": _DIALS_UNSEEN,
    "Connect": "it hands the call to another service",
    "Message": "it sends messages",
    "Pay": "it takes card details",
    "Prompt": "it takes card details",
    "Queue": _DIALS_UNSEEN,
    "Record": _RECORDS,
    "Recording": _RECORDS,
    "Refer": "it hands the call to another exchange",
    "Sim": _DIALS_UNSEEN,
    "Sip": _DIALS_UNSEEN,
    "Siprec": _SENDS_ELSEWHERE,
    "Sms": "it sends messages",
    "Start": _SENDS_ELSEWHERE,
    "Stop": "it stops recordings and streams that others rely on",
    "Stream": _SENDS_ELSEWHERE,
    "Task": "it makes work in TaskRouter",
    "Transcription": _SENDS_ELSEWHERE,
    "WhatsApp": _DIALS_UNSEEN,
}


def check_twiml(
    twiml: str, *, allowed_hosts: Iterable[str], dial_prefixes: Iterable[str], is_admin: bool
) -> None:
    """Return only where the TwiML may be sent to Twilio; the lists do not bind an admin.

    Sip, Client, Sim, Queue and Application are refused to admins as well: what they reach cannot be
    seen in the document, and an admin who needs them can redirect to a URL.

    Args:
        allowed_hosts: patterns as `normalise_host_pattern` returns them, for every URL inside.
        dial_prefixes: beginnings of E.164 numbers (`+44`), or `*`.

    Raises:
        InvalidTargetError: no TwiML that anybody may send.
        TargetNotAllowedError: it names a host or dials a number that is not on the list.
    """
    root = _parse(twiml)
    if root.tag != "Response":
        raise _malformed(f"<{root.tag}>", "TwiML starts with <Response>.")
    lists = _Lists(allowed_hosts, dial_prefixes, is_admin)
    # A list of work instead of recursion: SSML nests deeper than Python's stack.
    waiting = [(root, _RESPONSE)]
    while waiting:
        element, rule = waiting.pop()
        _check_attributes(element, rule, lists)
        _check_text(element, rule, lists)
        waiting.extend((child, _rule_of(child, element, rule)) for child in element)


def _parse(twiml: str) -> Element:
    if len(twiml) > MAX_TWIML_LENGTH:
        raise _malformed("TwiML", f"It may have at most {MAX_TWIML_LENGTH:,} characters.")
    _refuse_control_characters(twiml)
    declaration = _XML_DECLARATION.match(twiml)
    body = twiml[declaration.end() :] if declaration else twiml
    # Comments and CDATA go too: they split a text, and readers differ in joining its parts.
    if _MARKUP_BESIDES_ELEMENTS.search(body):
        raise _malformed(
            "TwiML", "It may hold no DTD, entities, comments, CDATA or processing instructions."
        )
    try:
        root: Element = fromstring(twiml, forbid_dtd=True)
    except ParseError as error:
        line, column = error.position
        hint = " Write & as &amp;." if _BARE_AMPERSAND.search(body) else ""
        raise _malformed(
            "TwiML", f"It is not well-formed XML (line {line}, column {column + 1}).{hint}"
        ) from error
    except DefusedXmlException as error:
        raise _malformed("TwiML", "It may hold no DTD and no entities.") from error
    return root


def _refuse_control_characters(text: str) -> None:
    if _CONTROL_CHARACTERS.search(text):
        raise _malformed("TwiML", "It may hold no control characters.")


def _rule_of(child: Element, parent: Element, parent_rule: _Rule) -> _Rule:
    rule = parent_rule.children.get(child.tag)
    if rule is None:
        reason = _WHY_REFUSED.get(child.tag)
        allowed = ", ".join(f"<{name}>" for name in parent_rule.children) or "nothing"
        raise _malformed(
            f"<{child.tag}>",
            f"<{child.tag}> is refused: {reason}."
            if reason
            else f"<{parent.tag}> may hold {allowed}.",
        )
    return rule


def _check_attributes(element: Element, rule: _Rule, lists: _Lists) -> None:
    for name, value in element.attrib.items():
        kind = rule.attributes.get(name)
        if kind is None:
            raise _malformed(f"{name} of <{element.tag}>", "This attribute is not allowed here.")
        _check_value(value, kind, lists, part=f"{name} of <{element.tag}>")


def _check_text(element: Element, rule: _Rule, lists: _Lists) -> None:
    """Check each piece of the text alone: readers differ in joining what stands around nouns."""
    pieces = [element.text, *(child.tail for child in element)]
    texts = [text for piece in pieces if (text := (piece or "").strip(_BLANKS))]
    part = f"the text of <{element.tag}>"
    if not texts and rule.is_text_required:
        raise _malformed(part, "It is missing.")
    for text in texts:
        if rule.text is None:
            raise _malformed(part, "This element holds no text of its own.")
        _check_value(text, rule.text, lists, part=part)


def _check_value(value: str, kind: _Kind, lists: _Lists, *, part: str) -> None:
    _refuse_control_characters(value)
    if not kind.fits(value, lists):
        raise _malformed(part, f"It must be {kind.expects}.")


def _malformed(part: str, problem: str) -> InvalidTargetError:
    return InvalidTargetError(part, problem, _EXAMPLE)
