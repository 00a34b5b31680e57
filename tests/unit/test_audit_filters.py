"""The filters of the log: what they mean, what they refuse, and how they fit into a button."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.audit import Action, Event
from bot.domain.audit_filters import (
    LONGEST_WORDS,
    MAX_AUDIT_ROWS,
    WORDS_WITHIN,
    channel_name_in,
    describe_audit_query,
    name_in,
    parse_audit_filters,
)
from bot.domain.audit_log import AuditQuery
from bot.domain.errors import InvalidFilterError
from bot.domain.filter_words import split_filters

NOW = datetime(2026, 11, 22, 14, 2, 7, 123456, tzinfo=UTC)
SID = "CA0123456789abcdef0123456789abcdef"
REQUEST = "0123456789abcdef0123456789abcdef"

DIGITS = st.text(alphabet="0123456789", min_size=1, max_size=15)
DURATIONS = st.builds("{}{}".format, st.integers(1, 300), st.sampled_from("smhd"))
FILTERS = st.tuples(
    st.sampled_from(["by:@U012AB", "by:W012AB", "by:me"]),
    st.sampled_from([f"call:{SID}", f"call:{SID.upper()}"]),
    DIGITS.map("from:+{}*".format),
    DIGITS.map("to:+{}".format),
    DIGITS.map("number:1{:.14}*".format),
    st.sampled_from([f"action:{action}" for action in Action]),
    st.sampled_from(["outcome:failed", "outcome:denied"]),
    st.sampled_from(["in:#C012AB", "in:C012AB", "IN:G012AB"]),
    st.sampled_from(["words:fraud", "words:card  fraud", "words:since:2h", "words:Größe"]),
    DURATIONS.map("since:{}".format),
    st.sampled_from([f"request:{REQUEST}", "request:terminal-1"]),
    st.integers(1, MAX_AUDIT_ROWS).map("limit:{}".format),
).flatmap(lambda words: st.lists(st.sampled_from(words), unique=True))


def parse(*words: str) -> AuditQuery:
    return parse_audit_filters(words, now=NOW, me="U0ME")


def test_the_log_can_be_asked_by_all_that_an_entry_tells() -> None:
    words = (
        f"by:me call:{SID.upper()} action:hang-up outcome:failed from:+44* number:+1(415)* "
        f"in:#C0SUPPORT request:{REQUEST} limit:20"
    )

    assert parse(*words.split()) == AuditQuery(
        by_user_id="U0ME",
        call_sid=SID,
        action=Action.HANG_UP,
        outcome=Event.FAILED,
        from_number="+44*",
        number="+1415*",
        channel_id="C0SUPPORT",
        request_id=REQUEST,
        limit=20,
    )


def test_a_time_has_a_beginning_and_an_end() -> None:
    query = parse("since:3h", "until:1h")

    assert query.since == NOW.replace(microsecond=0) - timedelta(hours=3)
    assert query.until == NOW.replace(microsecond=0) - timedelta(hours=1)


@pytest.mark.parametrize(
    ("word", "until"),
    [
        ("until:2026-11-21", datetime(2026, 11, 22, tzinfo=UTC)),
        ("until:2026-11-22", datetime(2026, 11, 23, tzinfo=UTC)),
        ("until:2026-11-21T10:30Z", datetime(2026, 11, 21, 10, 30, tzinfo=UTC)),
        ("until:2016-01-31", datetime(2016, 2, 1, tzinfo=UTC)),
    ],
)
def test_a_day_counts_to_its_end(word: str, until: datetime) -> None:
    """Whoever says "until Saturday" means Saturday too."""
    assert parse(word).until == until


def test_words_are_looked_for_within_a_time() -> None:
    """Nothing but reading every reason finds them."""
    now = NOW.replace(microsecond=0)

    assert parse("words:fraud").since == now - WORDS_WITHIN
    assert parse("words:fraud", "since:90d").since == now - timedelta(days=90)
    assert parse("words:fraud", "until:2d").since == now - timedelta(days=2) - WORDS_WITHIN


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("by:@ana  since:2h", ["by:@ana", "since:2h"]),
        ('words:"card fraud" by:me', ["words:card fraud", "by:me"]),
        ('"words:card fraud"', ["words:card fraud"]),
        ('words:"card fraud', ["words:card fraud"]),
        ('words:""', ["words:"]),
        ("", []),
    ],
)
def test_quotes_hold_words_together(text: str, words: list[str]) -> None:
    assert split_filters(text) == words


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("by:@ana", "ana"),
        ("By:ana.b", "ana.b"),
        ("by:@U012AB", ""),
        ("by:me", "me"),
        ("by:", ""),
        ("in:ana", ""),
    ],
)
def test_a_person_can_be_named(word: str, name: str) -> None:
    assert name_in(word) == name


@pytest.mark.parametrize(
    ("word", "name"),
    [("in:#support", "#support"), ("IN:support", "support"), ("in:#C012AB", ""), ("by:C012", "")],
)
def test_a_channel_can_be_named(word: str, name: str) -> None:
    assert channel_name_in(word) == name


@pytest.mark.parametrize(
    ("shown", "event"),
    [
        ("done", Event.SUCCEEDED),
        ("not_done", Event.FAILED),
        ("Refused", Event.DENIED),
        ("under-way", Event.REQUESTED),
    ],
)
def test_an_outcome_can_be_asked_for_as_the_log_shows_it(shown: str, event: Event) -> None:
    """Who reads "refused" in the log and asks for that is not to be sent to "requested"."""
    query = parse(f"outcome:{shown}")

    assert query.outcome is event
    assert describe_audit_query(query) == f"outcome:{event}"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("by:ana", "mention"),
        ("call:CA12", "32 of 0-9"),
        ("from:*0123", "only at its end"),
        ("action:hangup", "Did you mean hang_up? It can be hang_up, redirect, freeze"),
        ("outcome:zzz", "It can be succeeded"),
        ("outcome:noted", "There is no such value"),
        ("limit:51", "1 to 50"),
        ("status:ringing", "The log has outcomes, not the statuses of calls."),
        ("longer:10m", "no such filter here; lists of calls have it, in Slack."),
        ("Direction:inbound", "no such filter here; lists of calls have it, in Slack."),
        ("inn:C012AB", "Did you mean in:?"),
        ("untill:1h", "Did you mean until:?"),
        ("word:fraud", "Did you mean words:?"),
        ("in:#support", "Slack's list"),
        ("in:U012AB", "Slack's list"),
        ("request:", "letters and digits"),
        ("request:" + "a" * 65, "letters and digits"),
        ("words:", "Give words"),
        ('words:""', "Give words"),
        ("words:" + "a" * (LONGEST_WORDS + 1), "at most 60"),
        ("words:a\x1b[2J", "plain characters"),
        ("until:tomorrow", "90s"),
        ("until:2026-11-23", "last 4000 days"),
        ("until:2026-13-01", "no such day"),
        ("since:2026-11-23", "last 4000 days"),
        ("since:4001d", "at most 4000d"),
        ("fraud", "There is no such filter"),
    ],
)
def test_a_wrong_filter_of_the_log_is_named(word: str, said: str) -> None:
    with pytest.raises(InvalidFilterError) as caught:
        parse(word)

    assert said in caught.value.problem
    assert caught.value.example


def test_me_is_nobody_where_nobody_asks() -> None:
    with pytest.raises(InvalidFilterError, match="mention"):
        parse_audit_filters(["by:me"], now=NOW)


def test_a_time_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidFilterError) as caught:
        parse("since:1h", "until:3h")

    assert caught.value.part == "until:3h"
    assert caught.value.problem == "That is not after since:1h."
    assert caught.value.example == "since:3h until:1h"


@pytest.mark.parametrize(
    ("typed", "part", "example"),
    [
        ("words:card fraud", "words:card fraud", 'words:"card fraud"'),
        ('words:"card fraud" again', "words:card fraud again", 'words:"card fraud again"'),
        ("Words:card fraud since:2h", "Words:card fraud", 'words:"card fraud"'),
    ],
)
def test_words_without_quotes_are_shown_with_them(typed: str, part: str, example: str) -> None:
    with pytest.raises(InvalidFilterError) as caught:
        parse_audit_filters(split_filters(typed), now=NOW)

    assert caught.value.part == part
    assert caught.value.problem == "Several words stand in quotes."
    assert caught.value.example == example


def test_a_bare_number_is_answered_with_how_to_write_it() -> None:
    with pytest.raises(InvalidFilterError) as caught:
        parse("+14155550123")

    assert caught.value.example == "number:+14155550123"


@given(FILTERS)
def test_a_described_query_parses_back_to_itself(words: list[str]) -> None:
    found = parse(*words)
    later = NOW + timedelta(minutes=30)

    again = parse_audit_filters(split_filters(describe_audit_query(found)), now=later)

    assert again == found


@pytest.mark.parametrize("word", ["until:2026-11-22", "until:2026-01-31", "until:2h"])
def test_a_described_end_parses_back_to_itself(word: str) -> None:
    found = parse(word)

    assert parse(describe_audit_query(found)) == found


def test_the_longest_query_fits_into_a_button() -> None:
    query = replace(
        parse("since:3h", "until:1h", "limit:50"),
        by_user_id="U" + "0" * 20,
        call_sid=SID,
        channel_id="C" + "0" * 20,
        request_id="r" * 64,
        from_number="client:" + "a" * 80 + "*",
        to_number="client:" + "a" * 80 + "*",
        number="client:" + "a" * 80 + "*",
        words="w" * LONGEST_WORDS,
        action=Action.REDACT_AUDIT,
        outcome=Event.SUCCEEDED,
    )

    assert len(describe_audit_query(query)) < 900


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_words_at_random_are_refused_in_few_words(words: list[str]) -> None:
    with pytest.raises(InvalidFilterError) as caught:
        parse(*words)

    error = caught.value
    assert len(error.part) + len(error.problem) + len(error.example) < 500


@given(
    key=st.sampled_from(
        ["by", "call", "number", "in", "words", "since", "until", "request", "limit", "outcome"]
    ),
    value=st.text(),
)
def test_any_value_parses_or_is_refused(key: str, value: str) -> None:
    try:
        found = parse(f"{key}:{value}")
    except InvalidFilterError:
        return

    assert len(describe_audit_query(found)) < 200


def test_a_query_for_everything_describes_itself_as_nothing() -> None:
    assert not describe_audit_query(AuditQuery())
