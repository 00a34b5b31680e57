"""Sealing: what becomes of any text and any details on their way into the chain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.audit import (
    GENESIS_HASH,
    SALT_BYTES,
    Action,
    AuditEntry,
    EntryDraft,
    Event,
    PersonalValue,
    Surface,
    clean_json,
    clean_text,
    entry_hash,
    hashed_form,
    personal_digest,
    seal,
    timestamp,
)
from bot.domain.people import Actor

NOON = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
ANY_TEXT = st.text(st.characters(), max_size=40)  # lone surrogates and NUL too
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)


def sealed(
    *, personal: Mapping[str, str] | None = None, **given_fields: Any
) -> tuple[AuditEntry, tuple[PersonalValue, ...]]:
    usual: dict[str, Any] = {
        "request_id": "r1",
        "event": Event.REQUESTED,
        "action": Action.HANG_UP,
        "actor": Actor("T1", "U1", "ana"),
        "surface": Surface.BUTTON,
    }
    return seal(
        EntryDraft(personal=personal or {}, **usual | given_fields),
        chain_id="main",
        seq=1,
        recorded_at=NOON,
        prev_hash=GENESIS_HASH,
        salt_source=lambda count: b"\x07" * count,
    )


def as_stored(value: Any) -> Any:
    """What comes back from the databases, which keep text."""
    text = rfc8785.dumps(value).decode()
    assert "\0" not in text
    return json.loads(text)


@given(details=st.dictionaries(ANY_TEXT, ANY_JSON, max_size=4), reason=ANY_TEXT, request=ANY_TEXT)
def test_any_content_can_be_sealed_stored_and_checked(
    details: dict[str, Any], reason: str, request: str
) -> None:
    entry, personal = sealed(details=details, request_id=request, personal={"reason": reason})

    stored = replace(entry, details=as_stored(dict(entry.details)))

    assert entry_hash(stored) == entry.hash
    for text in (entry.request_id, *(value.value for value in personal)):
        assert "\0" not in text
        assert text.encode().decode() == text


def test_the_hash_is_sha256_over_the_canonical_form_of_all_but_the_hash() -> None:
    entry, _ = sealed(details={"b": 1, "a": "ü"})

    form = hashed_form(entry)

    names = {name for name in AuditEntry.__slots__ if name != "hash"}
    assert form.keys() == names
    assert entry.hash == hashlib.sha256(rfc8785.dumps(form)).hexdigest()


@pytest.mark.parametrize("name", [name for name in AuditEntry.__slots__ if name != "hash"])
def test_no_field_can_change_without_the_hash(name: str) -> None:
    entry, _ = sealed()
    others: dict[str, Any] = {
        "seq": 2,
        "schema_version": 2,
        "recorded_at": NOON + timedelta(microseconds=1),
        "details": {"x": 1},
    }

    changed = replace(entry, **{name: others.get(name, "x")})

    assert entry_hash(changed) != entry.hash


def test_personal_values_stand_beside_the_entry_which_has_their_digests() -> None:
    entry, personal = sealed(
        details={"status_before": "ringing"}, personal={"from": "+14155550123", "reason": ""}
    )

    [number] = personal
    assert (number.field, number.value, len(number.salt)) == ("from", "+14155550123", SALT_BYTES)
    digest = hashlib.sha256(number.salt + b"from\0+14155550123").hexdigest()
    assert entry.details == {"status_before": "ringing", "digests": {"from": digest}}
    assert "+14155550123" not in str(entry)


def test_the_same_value_has_another_digest_with_another_salt_or_name() -> None:
    digests = {
        personal_digest(salt, name, "+1") for salt in (b"a", b"b") for name in ("from", "to")
    }

    assert len(digests) == 4


def test_a_digest_is_not_fooled_by_where_the_name_ends() -> None:
    assert personal_digest(b"s", "ab", "c") != personal_digest(b"s", "a", "bc")


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("a\0b", "a\ufffdb"),
        ("\ud800", "\ufffd"),
        ("\udfff!", "\ufffd!"),
        ("🎺 \u202e\x1b", "🎺 \u202e\x1b"),
        ("", ""),
    ],
)
def test_text_keeps_all_but_what_cannot_be_stored(given_text: str, kept: str) -> None:
    assert clean_text(given_text) == kept


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (2**53 - 1, 2**53 - 1),
        (2**53, "9007199254740992"),
        (-(2**53), "-9007199254740992"),
        (1.5, "1.5"),
        (float("nan"), "nan"),
        (True, True),
        (Event.DENIED, "denied"),
        (("a", 1), ["a", 1]),
    ],
)
def test_numbers_that_could_lose_digits_become_text(value: object, kept: object) -> None:
    assert clean_json({"value": value}) == {"value": kept}


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="set is no JSON value"):
        clean_json({"value": {1, 2}})


def test_times_are_written_in_utc_with_microseconds() -> None:
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))

    assert timestamp(tokyo) == "2026-01-31T12:00:00.123456Z"
    assert timestamp(NOON.replace(microsecond=0)) == "2026-01-31T12:00:00.000000Z"
