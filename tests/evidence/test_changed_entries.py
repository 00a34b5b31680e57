"""Whatever is done to a recorded entry, in the database or in an export, shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.database.chain_rows import link_of
from bot.domain.audit import (
    EMPTY_HEAD,
    FORM_NAMES,
    Action,
    EntryDraft,
    Event,
    Surface,
    hashed_form,
    seal,
)
from bot.domain.audit_chain import ChainVerifier, Personal
from bot.domain.audit_export import export_record, json_line
from bot.domain.canonical import canonical_json
from bot.domain.people import Actor
from bot.evidence.records import UnreadableLineError, read_line
from tests.evidence.making import Sealed, as_stored

TEXT = st.text(max_size=8) | st.sampled_from(['"', "\\", '\\"', "é", "\x7f", "a b", "[]", "{}"])
NAMES = st.sampled_from(["actor_name", "reason", "from", "to"]) | TEXT
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
# SQLite keeps any kind of value in any column.
OTHER_VALUES = st.none() | st.sampled_from([0, 1, 1.0, True, b"x", "{}", "[]"]) | TEXT


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


# First entries of a chain, whose ids, details and personal values are any text.
ENTRIES = st.builds(
    sealed,
    st.builds(
        EntryDraft,
        request_id=TEXT,
        event=st.sampled_from(Event),
        action=st.sampled_from(Action),
        actor=st.builds(Actor, TEXT, TEXT, TEXT),
        surface=st.sampled_from(Surface),
        channel_id=TEXT,
        account_sid=TEXT,
        call_sid=TEXT,
        subject_sid=TEXT,
        details=st.dictionaries(TEXT, JSON, max_size=4),
        personal=st.dictionaries(NAMES, TEXT, max_size=4),
    ),
    st.datetimes(timezones=st.just(UTC)),
)


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


def holds_as_row(row: Sequence[Any], personal: Sequence[Personal]) -> bool:
    return ChainVerifier("main").feed(link_of(row, personal)) is None


def is_same(one: Any, other: Any) -> bool:
    """Equal and of the same kind, unlike 1 and True."""
    return type(one) is type(other) and bool(one == other)


def strictly_read(raw: bytes) -> Any:
    """The JSON as a careful stranger reads it, who lets nothing be said twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    return json.loads(raw, object_pairs_hook=once)


@given(ENTRIES)
def test_what_was_recorded_holds(one: Sealed) -> None:
    assert holds_as_row(row_of(one), personal_of(one))
    assert ChainVerifier("main").feed(read_line(line_of(one)).link) is None


@given(ENTRIES, st.integers(0, len(FORM_NAMES)), OTHER_VALUES)
def test_a_column_that_was_changed_shows(one: Sealed, place: int, value: object) -> None:
    row = row_of(one)
    is_unchanged = is_same(row[place], value)
    row[place] = value

    assert holds_as_row(row, personal_of(one)) == is_unchanged


@given(ENTRIES, st.data())
def test_personal_values_that_were_changed_show(one: Sealed, data: st.DataObject) -> None:
    """Removed, put in, changed, or of another kind."""
    recorded = personal_of(one)
    others = st.tuples(NAMES, st.binary(max_size=2) | st.just("x"), TEXT | st.just(b"x"))
    personal: list[Any] = data.draw(
        st.lists(st.sampled_from(recorded) if recorded else st.nothing(), unique=True)
        | st.lists(others, max_size=2)
    )

    is_unchanged = len(personal) == len(recorded) and all(value in personal for value in recorded)

    assert holds_as_row(row_of(one), personal) == is_unchanged


@given(ENTRIES, st.data())
def test_a_line_that_was_changed_says_the_same_still_or_shows(
    one: Sealed, data: st.DataObject
) -> None:
    """With any few characters in the place of others, such as those that mean something in JSON."""
    raw = line_of(one)
    changed = edited(raw.decode(), data).encode()

    try:
        line = read_line(changed)
    except UnreadableLineError:
        return
    if ChainVerifier("main").feed(line.link) is not None:
        return
    recorded, says = strictly_read(raw), strictly_read(changed)
    for told_elsewhere in ("reason", "from", "to"):
        # Which some entry of the request must have: that is another check.
        assert line.repeated[told_elsewhere] == says.pop(told_elsewhere)
        del recorded[told_elsewhere]
    assert line.repeated["actor_name"] == says["actor"].pop("name")
    del recorded["actor"]["name"]
    assert canonical_json(_in_lower_case(says)) == canonical_json(recorded)


def _in_lower_case(record: dict[str, Any]) -> dict[str, Any]:
    """With salts as an export writes them; the digits of a number have no case."""
    for value in record["personal"]:
        value["salt"] = value["salt"].lower().replace(" ", "")
    return record


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
