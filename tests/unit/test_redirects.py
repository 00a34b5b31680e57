"""Targets of a redirect: how people write them, how they are kept, whom the policy lets pass."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.errors import InvalidInputError, InvalidTargetError, TargetNotAllowedError
from bot.domain.redirects import (
    BUILT_IN_TARGETS,
    BuiltInTarget,
    NamedTarget,
    RedirectPolicy,
    Target,
    TwimlTarget,
    UrlTarget,
    deserialise_target,
    parse_target,
    serialise_target,
)

URL = "https://voice.example.com/hold?a=1"
TWIML = "<Response><Say>Please  hold > all.</Say></Response>"
SPACED_TWIML = "<Response>\n<Hangup/>\n</Response >"
DECLARED_TWIML = '<?xml version="1.0"?>\n<Response></Response>'


@pytest.mark.parametrize(
    ("text", "target", "reason"),
    [
        (URL, UrlTarget(URL), ""),
        (f"  {URL}\tangry customer ", UrlTarget(URL), "angry customer"),
        ("HTTP://x.example", UrlTarget("HTTP://x.example"), ""),
        (TWIML, TwimlTarget(TWIML), ""),
        (f"{TWIML} angry customer", TwimlTarget(TWIML), "angry customer"),
        (f"{TWIML}angry", TwimlTarget(TWIML), "angry"),
        ("<Response/> why", TwimlTarget("<Response/>"), "why"),
        (SPACED_TWIML, TwimlTarget(SPACED_TWIML), ""),
        (f"{DECLARED_TWIML} why", TwimlTarget(DECLARED_TWIML), "why"),
        (f"{TWIML} </Response>", TwimlTarget(TWIML), "</Response>"),
        ("hold-music", NamedTarget("hold-music"), ""),
        ("Hold Music", NamedTarget("hold-music"), ""),
        ("HOLD   music customer asked", NamedTarget("hold-music"), "customer asked"),
        ("hold-music, customer asked", NamedTarget("hold-music"), "customer asked"),
        ('"Hold music" customer asked', NamedTarget("hold-music"), "customer asked"),
        ("'hold-music'", NamedTarget("hold-music"), ""),
        ("sorry about that", NamedTarget("sorry"), "about that"),
        ("Say sorry and hang up: fraud", NamedTarget("sorry"), "fraud"),
        ("say-sorry-and-hang-up", NamedTarget("sorry"), ""),
        ("own flow", NamedTarget("own-flow"), ""),
        ("back to the number's own flow please", NamedTarget("own-flow"), "please"),
        ("'back to the number's own flow' please", NamedTarget("own-flow"), "please"),
    ],
)
def test_target_ends_where_the_reason_begins(text: str, target: Target, reason: str) -> None:
    assert parse_target(text) == (target, reason)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Where to"),
        ("  ", "Where to"),
        ("-", "Where to"),
        ("hold-musik", "Did you mean hold-music"),
        ("hold", "Did you mean hold-music"),
        ("sory", "Did you mean sorry"),
        ("own-flou now", "Did you mean own-flow"),
        ("sorry-ish", "Did you mean sorry"),
        ("xyzzy", "no known target. The names are hold-music, sorry, own-flow"),
        ('"hold musicc" why', "Did you mean hold-music"),
        ("voice.example.com/hold", "no known target. The names are hold-music, sorry, own-flow"),
        ("<Say>x</Say>", "from <Response> to </Response>"),
        ("<Response><Say>x</Say>", "from <Response> to </Response>"),
        ("<ResponseX/>", "from <Response> to </Response>"),
    ],
)
def test_what_is_no_target_gets_a_hint_and_an_example(text: str, why: str) -> None:
    with pytest.raises(InvalidTargetError) as refusal:
        parse_target(text)

    assert re.search(why, refusal.value.problem)
    assert "hold-music" in refusal.value.example


@pytest.mark.parametrize("text", ["+442079460000 she asked", "+44 20 7946 0000", "+44(20)79460000"])
def test_who_names_a_number_is_shown_the_twiml_that_dials_it(text: str) -> None:
    with pytest.raises(InvalidTargetError) as refusal:
        parse_target(text)

    assert refusal.value.part == "+442079460000"
    assert refusal.value.problem == "TwiML sends a call to a number."
    assert refusal.value.example == "<Response><Dial>+442079460000</Dial></Response>"


def test_what_is_no_target_is_named_as_it_was_typed() -> None:
    with pytest.raises(InvalidTargetError) as refusal:
        parse_target("to hold-music, please, for five minutes")

    assert refusal.value.part == "to hold-music, please, for five"
    assert "Did you mean hold-music?" in refusal.value.problem


@pytest.mark.parametrize("target", BUILT_IN_TARGETS)
def test_built_in_target_goes_by_its_key_and_its_title(target: BuiltInTarget) -> None:
    assert parse_target(f"{target.key} why") == (NamedTarget(target.key), "why")
    assert parse_target(f"{target.title.upper()} why") == (NamedTarget(target.key), "why")


@given(st.text(max_size=80))
@example("<?xml ?><Response")
@example("'" * 5)
def test_parser_understands_or_refuses_and_nothing_else(text: str) -> None:
    try:
        target, reason = parse_target(text)
    except InvalidInputError:
        return

    assert reason in text
    assert deserialise_target(serialise_target(target)) == target


@given(
    st.one_of(
        st.text().map(UrlTarget),
        st.text().map(TwimlTarget),
        st.sampled_from([target.key for target in BUILT_IN_TARGETS]).map(NamedTarget),
    )
)
def test_kept_target_reads_back_as_it_was(target: Target) -> None:
    assert deserialise_target(serialise_target(target)) == target


@pytest.mark.parametrize("text", ["", "x", "file:x", "URL:x"])
def test_text_that_holds_no_target_is_refused(text: str) -> None:
    with pytest.raises(InvalidTargetError, match="no kind of target"):
        deserialise_target(text)


POLICY = RedirectPolicy(
    hosts=frozenset({"voice.example.com"}), dial_prefixes=frozenset({"+44"}), ask=("U0ADMIN",)
)
NOT_LISTED = [
    UrlTarget("https://other.example.com/"),
    TwimlTarget("<Response><Dial>+14155550123</Dial></Response>"),
    TwimlTarget("<Response><Play>https://other.example.com/a.mp3</Play></Response>"),
]


@pytest.mark.parametrize(
    "target",
    [UrlTarget(URL), TwimlTarget(TWIML)] + [NamedTarget(target.key) for target in BUILT_IN_TARGETS],
)
def test_operator_may_use_what_is_listed_or_built_in(target: Target) -> None:
    POLICY.check(target, is_admin=False)


@pytest.mark.parametrize("target", NOT_LISTED)
def test_refusal_by_a_list_says_whom_to_ask(target: Target) -> None:
    with pytest.raises(TargetNotAllowedError) as refusal:
        POLICY.check(target, is_admin=False)

    assert refusal.value.ask == ("U0ADMIN",)


@pytest.mark.parametrize("target", NOT_LISTED)
def test_admin_passes_the_lists(target: Target) -> None:
    POLICY.check(target, is_admin=True)


@pytest.mark.parametrize(
    "target",
    [
        UrlTarget("http://voice.example.com/"),
        TwimlTarget("<Response><Pay/></Response>"),
        NamedTarget("nowhere"),
    ],
)
def test_admin_does_not_pass_the_form(target: Target) -> None:
    with pytest.raises(InvalidTargetError):
        POLICY.check(target, is_admin=True)


@pytest.mark.parametrize("target", [target for target in BUILT_IN_TARGETS if target.twiml])
def test_twiml_of_built_in_targets_obeys_the_form(target: BuiltInTarget) -> None:
    RedirectPolicy().check(TwimlTarget(target.twiml), is_admin=True)
