"""The filters that people type: what they let through, and what is said about wrong ones."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.calls import Call
from bot.domain.errors import InvalidFilterError
from bot.domain.filter_words import split_filters
from bot.domain.filters import (
    MAX_CALLS,
    CallFilter,
    number_fits,
    parse_call_filters,
)

NOW = datetime(2026, 11, 22, 14, 2, 7, 123456, tzinfo=UTC)
SID = "CA0123456789abcdef0123456789abcdef"

DIGITS = st.text(alphabet="0123456789", min_size=1, max_size=15)
NUMBERS = st.one_of(
    DIGITS.map("from:+{}".format),
    DIGITS.map("from:+{}*".format),
    DIGITS.map("from:*{}".format),
    st.just("from:client:ana*"),
)
DURATIONS = st.builds("{}{}".format, st.integers(1, 300), st.sampled_from("smhd"))
CALL_WORDS = st.tuples(
    NUMBERS,
    DIGITS.map("to:+{}*".format),
    st.sampled_from(["status:ringing", "status:in-progress", "status:no_answer"]),
    st.sampled_from(["direction:inbound", "Direction:OUTBOUND"]),
    DURATIONS.map("longer:{}".format),
    DURATIONS.map("since:{}".format),
    st.integers(1, MAX_CALLS).map("limit:{}".format),
).flatmap(lambda words: st.lists(st.sampled_from(words), unique=True))


def a_call(**facts: object) -> Call:
    values: dict[str, object] = {
        "sid": SID,
        "account_sid": "AC" + "0" * 32,
        "status": "in-progress",
        "direction": "inbound",
        "from_number": "+442079460000",
        "to_number": "+14155550123",
        "started_at": NOW - timedelta(minutes=10),
    }
    return Call(**(values | facts))  # type: ignore[arg-type] # facts by name, for short tests


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        ("", True),
        ("from:+44*", True),
        ("from:44*", True),
        ("from:*0000", True),
        ("from:+44(20)7946-0000", True),
        ("from:+44(0)20*", True),
        ("from:442079460000", True),
        ("from:+1*", False),
        ('from:"+44 20 7946 0000"', True),
        ('from:"+44 20*"', True),
        ("to:+14155550123", True),
        ("to:*0124", False),
        ("status:in-progress", True),
        ("status:in_progress", True),
        ("status:ringing", False),
        ("direction:inbound", True),
        ("direction:outbound", False),
        ("longer:9m", True),
        ("longer:10m", False),
        ("since:10m", True),
        ("since:9m", False),
        ("since:2026-11-22", True),
        ("since:2026-11-22T14:00Z", False),
        ("from:+44* to:+1* status:in-progress direction:inbound", True),
        ("from:+44* to:+1* status:queued", False),
    ],
)
def test_a_filter_lets_through_what_it_says(words: str, *, fits: bool) -> None:
    found = parse_call_filters(split_filters(words), now=NOW)

    assert found.matches(a_call(), NOW) is fits


def test_a_call_without_a_beginning_does_not_fit_since() -> None:
    found = parse_call_filters(["since:2h"], now=NOW)

    assert not found.matches(a_call(started_at=None), NOW)


def test_a_conversation_is_picked_by_any_of_its_legs() -> None:
    root = a_call(sid="CA" + "1" * 32)
    child = a_call(sid="CA" + "2" * 32, parent_call_sid=root.sid, to_number="+33140000000")
    other = a_call(sid="CA" + "3" * 32)

    picked = parse_call_filters(["to:+33*"], now=NOW).pick([other, root, child], NOW)

    assert [conversation.root.sid for conversation in picked] == [root.sid]


@pytest.mark.parametrize(("words", "is_picked"), [("inbound", True), ("outbound", False)])
def test_the_direction_of_a_conversation_is_that_of_the_call_that_began_it(
    words: str, *, is_picked: bool
) -> None:
    """The list says "inbound" of it, whomever it dialled."""
    root = a_call(sid="CA" + "1" * 32)
    dialled = a_call(
        sid="CA" + "2" * 32, parent_call_sid=root.sid, direction="outbound-dial", to_number="+331"
    )

    found = parse_call_filters([f"direction:{words}", "to:+33*"], now=NOW)

    assert bool(found.pick([root, dialled], NOW)) is is_picked


def test_the_limit_counts_conversations() -> None:
    calls = [a_call(sid=f"CA{number:032x}") for number in range(5)]

    assert len(parse_call_filters(["limit:2"], now=NOW).pick(calls, NOW)) == 2


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("form:+44*", "Did you mean from:?"),
        ("statsu:ringing", "Did you mean status:?"),
        ("status:ringin", "Did you mean ringing?"),
        ("status:zzz", "It can be queued"),
        ("status:bogus", "Did you mean busy? It can be queued, initiated, ringing"),
        ("ringing", "There is no such filter"),
        ("+14155550123", "either end"),
        ("from:", "no phone number"),
        ("from:*", "no phone number"),
        ("from:+44*44", "no phone number"),
        ("from:*44*", "one star"),
        ("from:02079460000", "begins with + and its country code"),
        ("from:020*", "begins with + and its country code"),
        ("from:(415)555-0123", "begins with + and its country code"),
        ("from:+١٢٣", "no phone number"),
        ("longer:ten", "90s"),
        ("longer:0m", "more than nothing"),
        ("since:999999999d", "at most 400d"),
        ("since:2026-02-30", "no such day"),
        ("since:2027-01-01", "last 400 days"),
        ("since:2019-01-01", "last 400 days"),
        ("limit:0", "1 to 1000"),
        ("limit:1001", "1 to 1000"),
        ("limit:-1", "1 to 1000"),
        ("by:@U012AB", "There is no such filter here; the log has it."),
        ("", "There is no such filter"),
        (":", "There is no such filter"),
    ],
)
def test_a_wrong_filter_is_named_with_a_right_example(word: str, said: str) -> None:
    with pytest.raises(InvalidFilterError) as caught:
        parse_call_filters([word], now=NOW)

    assert caught.value.part == word
    assert said in caught.value.problem
    assert caught.value.example


def test_a_bare_number_is_answered_with_both_ways_to_write_it() -> None:
    with pytest.raises(InvalidFilterError) as caught:
        parse_call_filters(["+14155550123"], now=NOW)

    assert caught.value.example == "from:+14155550123 or to:+14155550123"


def test_a_filter_given_twice_is_refused() -> None:
    with pytest.raises(InvalidFilterError, match="from: is given twice"):
        parse_call_filters(["from:+44*", "from:+1*"], now=NOW)


@given(CALL_WORDS)
def test_a_described_call_filter_parses_back_to_itself(words: list[str]) -> None:
    found = parse_call_filters(words, now=NOW)
    later = NOW + timedelta(minutes=30)

    assert parse_call_filters(found.describe().split(), now=later) == found


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_words_at_random_are_refused_in_few_words(words: list[str]) -> None:
    with pytest.raises(InvalidFilterError) as caught:
        parse_call_filters(words, now=NOW)

    error = caught.value
    assert len(error.part) + len(error.problem) + len(error.example) < 500


@given(
    key=st.sampled_from(["from", "to", "status", "direction", "longer", "since", "limit", "by"]),
    value=st.text(),
)
def test_any_value_parses_or_is_refused(key: str, value: str) -> None:
    try:
        found = parse_call_filters([f"{key}:{value}"], now=NOW)
    except InvalidFilterError:
        return

    assert len(found.describe()) < 200


@given(DIGITS, DIGITS)
def test_a_star_stands_for_any_digits(start: str, end: str) -> None:
    assert number_fits(f"+{start}*", f"+{start}{end}")
    assert number_fits(f"*{end}", f"+{start}{end}")
    assert number_fits("", f"+{start}{end}")


def test_an_empty_filter_describes_itself_as_nothing() -> None:
    assert not CallFilter().describe()
