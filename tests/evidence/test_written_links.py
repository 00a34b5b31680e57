"""The fast check and the exact one: whatever is done to an entry, they never disagree."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.database.chain_rows import link_of, written_link_of
from bot.domain.audit import (
    EMPTY_HEAD,
    FORM_NAMES,
    Action,
    EntryDraft,
    Event,
    Head,
    Surface,
    hashed_form,
    seal,
    written_form,
)
from bot.domain.audit_chain import ChainVerifier, Personal
from bot.domain.audit_export import export_record, json_line
from bot.domain.canonical import canonical_json
from bot.domain.people import Actor
from bot.evidence.plain_lines import read_plain_line
from bot.evidence.records import UnreadableLineError, read_line
from tests.evidence.making import Sealed, as_stored, made_log

TEXT = st.text(max_size=8) | st.sampled_from(['"', "\\", '\\"', "é", "\x7f", "a b", "[]", "{}"])
PLAIN = st.text("abcXYZ019-_ ", max_size=8)
USUAL_NAMES = st.sampled_from(["actor_name", "reason", "from", "to"])
NAMES = USUAL_NAMES | TEXT


def json_of(text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | text,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
        max_leaves=6,
    )


def entries(
    text: st.SearchStrategy[str], names: st.SearchStrategy[str] = NAMES
) -> st.SearchStrategy[Sealed]:
    """First entries of a chain, whose ids, details and personal values are any text."""
    drafts = st.builds(
        EntryDraft,
        request_id=text,
        event=st.sampled_from(Event),
        action=st.sampled_from(Action),
        actor=st.builds(Actor, text, text, text),
        surface=st.sampled_from(Surface),
        channel_id=text,
        account_sid=text,
        call_sid=text,
        subject_sid=text,
        details=st.dictionaries(text, json_of(text), max_size=4),
        personal=st.dictionaries(names, text, max_size=4),
    )
    times = st.datetimes(timezones=st.just(UTC))
    return st.builds(sealed, drafts, times)


def sealed(drafted: EntryDraft, at: datetime) -> Sealed:
    entry, personal = seal(
        drafted,
        chain_id="main",
        seq=1,
        recorded_at=at,
        prev_hash=EMPTY_HEAD.hash,
        salt_source=bytes,
    )
    return as_stored(entry), personal


def row_of(one: Sealed) -> list[Any]:
    """The entry as the database has it."""
    form = hashed_form(one[0])
    form["details"] = canonical_json(form["details"]).decode()
    return [*(form[name] for name in FORM_NAMES), one[0].hash]


def personal_of(one: Sealed) -> list[Personal]:
    return [(value.field, value.salt, value.value) for value in one[1]]


def line_of(one: Sealed) -> bytes:
    """The entry as an export has it."""
    told = {value.field: value.value for value in one[1]}
    return f"{json_line(export_record(*one, told))}\n".encode()


def takes(row: list[Any], personal: list[Personal]) -> bool:
    written = written_link_of(row, personal)
    return written is not None and ChainVerifier("main").takes(written)


def holds(row: list[Any], personal: list[Personal]) -> bool:
    return ChainVerifier("main").feed(link_of(row, personal)) is None


@given(entries(TEXT))
def test_an_entry_is_written_in_its_canonical_form(one: Sealed) -> None:
    *values, _hash = row_of(one)

    assert written_form(values) == canonical_json(hashed_form(one[0]))


@given(entries(TEXT))
def test_what_was_recorded_passes_both_checks(one: Sealed) -> None:
    assert takes(row_of(one), personal_of(one))
    assert holds(row_of(one), personal_of(one))


OTHER_VALUES = st.none() | st.sampled_from([0, 1, 1.0, True, b"x", "{}", "[]"]) | TEXT


@given(entries(TEXT), st.integers(0, len(FORM_NAMES)), OTHER_VALUES)
def test_a_column_that_was_changed_passes_both_checks_or_none(
    one: Sealed, place: int, value: object
) -> None:
    """SQLite keeps any kind of value in any column."""
    row = row_of(one)
    row[place] = value

    assert takes(row, personal_of(one)) == holds(row, personal_of(one))


@given(entries(TEXT), st.data())
def test_a_text_that_was_changed_passes_no_check_that_the_exact_one_does_not(
    one: Sealed, data: st.DataObject
) -> None:
    """White space between the details' parts is no change of theirs; the exact check tells."""
    row = row_of(one)
    place = data.draw(st.sampled_from([at for at, old in enumerate(row) if isinstance(old, str)]))
    row[place] = edited(row[place], data)

    if takes(row, personal_of(one)):
        assert holds(row, personal_of(one))


@given(entries(TEXT), st.data())
def test_personal_values_that_were_changed_pass_both_checks_or_none(
    one: Sealed, data: st.DataObject
) -> None:
    """Removed, put in, changed, or of another kind."""
    given_ones = personal_of(one)
    others = st.tuples(NAMES, st.binary(max_size=2) | st.just("x"), TEXT | st.just(b"x"))
    personal = data.draw(
        st.lists(st.sampled_from(given_ones) if given_ones else st.nothing(), unique=True)
        | st.lists(others, max_size=2)
    )

    assert takes(row_of(one), personal) == holds(row_of(one), personal)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("after", "chain_id", "anchors"),
    [
        (Head(1, EMPTY_HEAD.hash), "main", {}),
        (Head(0, "1" * 64), "main", {}),
        (EMPTY_HEAD, "other", {}),
        (EMPTY_HEAD, "main", {1: "1" * 64}),
    ],
)
def test_an_entry_in_a_wrong_place_passes_neither(
    after: Head, chain_id: str, anchors: dict[int, str]
) -> None:
    one = made_log().sealed[0]
    written = written_link_of(row_of(one), personal_of(one))
    verifier = ChainVerifier(chain_id, after=after, anchors=anchors)

    assert written is not None
    assert not verifier.takes(written)
    assert verifier.feed(link_of(row_of(one), personal_of(one))) is not None
    assert verifier.end == after


def agree_on(raw: bytes) -> None:
    """Where the fast reading reads a line, the exact one reads the same."""
    plain = read_plain_line(raw)
    if plain is None:
        return
    line = read_line(raw)
    form = line.link.form
    assert plain.link.form == canonical_json(form)
    assert (plain.link.chain_id, plain.link.seq) == (form["chain_id"], form["seq"])
    assert (plain.link.schema_version, plain.link.prev_hash) == (
        form["schema_version"],
        form["prev_hash"],
    )
    assert plain.link.hash == line.link.hash
    assert plain.link.digests == form["details"].get("digests", {})
    assert list(plain.link.personal) == list(line.link.personal)
    assert (plain.request_id, plain.told, plain.repeated) == (
        line.request_id,
        line.told,
        line.repeated,
    )


@given(entries(PLAIN, USUAL_NAMES))
def test_a_line_of_usual_texts_is_read_the_fast_way(one: Sealed) -> None:
    details = one[0].details.values()
    nested = any(isinstance(inner, dict | list) for value in details for inner in parts(value))

    assert (read_plain_line(line_of(one)) is not None) or nested
    agree_on(line_of(one))


def parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return [[]] if isinstance(value, list) else []


@given(entries(TEXT))
def test_a_line_of_any_texts_is_read_alike_both_ways(one: Sealed) -> None:
    agree_on(line_of(one))


@given(entries(TEXT | PLAIN), st.data())
def test_a_line_that_was_changed_is_read_alike_both_ways(one: Sealed, data: st.DataObject) -> None:
    """With any few characters in the place of others, such as those that mean something in JSON."""
    raw = edited(line_of(one).decode(), data).encode()

    agree_on(raw)


def edited(text: str, data: st.DataObject) -> str:
    """The text with something else somewhere, also a part of itself."""
    start = data.draw(st.integers(0, len(text)))
    end = start + data.draw(st.integers(0, 3))
    put = data.draw(
        st.text(st.sampled_from('"\\{}[]:,x0 \n\x01\xe9'), max_size=4)
        | st.sampled_from(
            [text[start : start + 20], r"\u0041", r"\ud800", ',"from":""', "-0", "1.0"]
        )
    )
    return text[:start] + put + text[end:]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"salt":"', '"salt":"0'),
        ('"salt":"', '"salt":"0 '),
        ('"value":"card fraud"', '"value":"card\\" fraud"'),
        ('"value":"card fraud"', '"value":"card fraud\\"'),
        ('"value":"card fraud"', '"value":"card fraud","value":"card fraud"'),
        ('"personal":[', '"personal":[,'),
        ('"personal":[{', '"personal":[{},{'),
        ('"details":{', '"details":{"deep":' + "[" * 500 + "]" * 500 + ","),
        ('"details":{', '"details":{"a":1.0,'),
        ('"details":{', '"details":{"a":1,"a":1,'),
        ('"details":{', '"details":{ '),
        ('"seq":3', '"seq":03'),
        ('"seq":3', '"seq":9007199254740993'),
        ('"reason":"card fraud"', '"reason":""'),
        ('"schema_version":1', '"schema_version":true'),
        ('"surface":"button"', '"surface":"b\\u0075tton"'),
        ('"surface":"button"', '"surface":"butt\tn"'),
    ],
)
def test_what_no_export_writes_is_left_to_the_exact_reading(old: str, new: str) -> None:
    line = made_log().lines()[2]
    assert old in line

    assert read_plain_line(line.replace(old, new, 1).encode()) is None


def test_a_line_is_read_the_fast_way_up_to_its_end_and_no_further() -> None:
    line = made_log().lines()[0].encode()

    assert read_plain_line(line) is not None
    assert read_plain_line(line + b"\n") is not None
    for more in (b"\n\n", b" \n", b"\r\n", b"{}", b"\0"):
        assert read_plain_line(line + more) is None
    for less in range(len(line)):
        with pytest.raises(UnreadableLineError):
            read_line(line[:less])
        assert read_plain_line(line[:less]) is None


def test_escaped_texts_beside_what_is_hashed_are_read_the_fast_way() -> None:
    """Names and reasons are mostly not in ASCII; quotation marks are seldom."""
    log = made_log(requests=0)
    log.request(reason="Žebrání \\ o peníze 😀")
    [asked, told] = log.lines()

    for line in (asked, told):
        assert "\\u" in line
        plain = read_plain_line(line.encode())
        assert plain is not None
        assert plain.repeated["reason"] == json.loads(line)["reason"]
        agree_on(line.encode())
