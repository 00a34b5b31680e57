"""The audit log: what an entry holds, how it is sealed into the chain, how a chain is checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from bot.domain.canonical import LARGEST_INT, canonical_json
from bot.domain.people import Actor

SCHEMA_VERSION = 1
# One chain per installation.
MAIN_CHAIN = "main"
GENESIS_HASH = "0" * 64
SALT_BYTES = 16
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Event(StrEnum):
    """What an entry says has happened."""

    REQUESTED = "requested"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DENIED = "denied"
    NOTED = "noted"
    REDACTED = "redacted"
    STARTED = "started"
    STOPPED = "stopped"
    LOG_DOWN = "log_down"
    CLOCK_SET = "clock_set"


class Action(StrEnum):
    """What somebody wanted to do."""

    HANG_UP = "hang_up"
    REDIRECT = "redirect"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    LIST = "list"
    READ_AUDIT = "read_audit"
    EXPORT_AUDIT = "export_audit"
    REDACT_AUDIT = "redact_audit"
    SERVE = "serve"


class Surface(StrEnum):
    """Where it was asked for."""

    COMMAND = "command"
    BUTTON = "button"
    MODAL = "modal"
    HOME = "home"
    RUN = "run"
    MACHINE = "machine"
    TERMINAL = "terminal"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDraft:
    """What is to be appended.

    `details` is JSON without floats; `personal` holds what is personal or secret (numbers, names,
    reason, URLs, TwiML) and is kept beside the chain, of which only salted digests are part.
    """

    request_id: str
    event: Event
    action: Action
    actor: Actor
    surface: Surface
    channel_id: str = ""
    account_sid: str = ""
    call_sid: str = ""
    subject_sid: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalValue:
    """One personal value of an entry, with the salt of its digest."""

    chain_id: str
    seq: int
    field: str
    salt: bytes
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One link of the chain, as it is stored. `details["digests"]` covers the personal values."""

    chain_id: str
    seq: int
    schema_version: int
    recorded_at: datetime
    request_id: str
    event: str
    action: str
    actor_team_id: str
    actor_user_id: str
    channel_id: str
    surface: str
    account_sid: str
    call_sid: str
    subject_sid: str
    details: Mapping[str, Any]
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: the last sequence number and its hash."""

    seq: int
    hash: str


EMPTY_HEAD = Head(0, GENESIS_HASH)


def personal_digest(salt: bytes, name: str, value: str) -> str:
    """SHA-256 in hex over the salt, the field's name, a zero byte and the value, in UTF-8."""
    return sha256(salt + (name + "\0" + value).encode()).hexdigest()


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds: the form that is hashed and exported."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def hashed_form(entry: AuditEntry) -> dict[str, Any]:
    """All that the hash covers, as the JSON object whose RFC 8785 form is hashed."""
    return {
        "account_sid": entry.account_sid,
        "action": entry.action,
        "actor_team_id": entry.actor_team_id,
        "actor_user_id": entry.actor_user_id,
        "call_sid": entry.call_sid,
        "chain_id": entry.chain_id,
        "channel_id": entry.channel_id,
        "details": dict(entry.details),
        "event": entry.event,
        "prev_hash": entry.prev_hash,
        "recorded_at": timestamp(entry.recorded_at),
        "request_id": entry.request_id,
        "schema_version": entry.schema_version,
        "seq": entry.seq,
        "subject_sid": entry.subject_sid,
        "surface": entry.surface,
    }


FORM_NAMES = tuple(sorted({*AuditEntry.__slots__} - {"hash"}))


def entry_hash(entry: AuditEntry) -> str:
    """The hash that the entry must have."""
    return sha256(canonical_json(hashed_form(entry))).hexdigest()


def clean_text(text: str) -> str:
    """The text as both databases and UTF-8 can hold it: NUL and lone surrogates are replaced."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def clean_json(value: Any) -> Any:
    """The JSON value as it survives being stored: numbers that could lose digits become text.

    Raises:
        TypeError: it is no JSON value.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, int | float):
        return _exact(value)
    if isinstance(value, Mapping):
        return {clean_text(key): clean_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(item) for item in value]
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _exact(number: float) -> int | str:
    return int(number) if isinstance(number, int) and abs(number) <= LARGEST_INT else str(number)


def seal(
    draft: EntryDraft,
    *,
    chain_id: str,
    seq: int,
    recorded_at: datetime,
    prev_hash: str,
    salt_source: Callable[[int], bytes],
) -> tuple[AuditEntry, tuple[PersonalValue, ...]]:
    """The entry that follows *prev_hash*, and the personal values that it covers.

    Empty personal values are left out. `salt_source` gives that many random bytes.
    """
    personal = tuple(
        PersonalValue(
            chain_id=chain_id,
            seq=seq,
            field=clean_text(name),
            salt=salt_source(SALT_BYTES),
            value=clean_text(value),
        )
        for name, value in draft.personal.items()
        if value
    )
    digests = {one.field: personal_digest(one.salt, one.field, one.value) for one in personal}
    entry = AuditEntry(
        chain_id=chain_id,
        seq=seq,
        schema_version=SCHEMA_VERSION,
        recorded_at=recorded_at,
        request_id=clean_text(draft.request_id),
        event=draft.event.value,
        action=draft.action.value,
        actor_team_id=clean_text(draft.actor.team_id),
        actor_user_id=clean_text(draft.actor.user_id),
        channel_id=clean_text(draft.channel_id),
        surface=draft.surface.value,
        account_sid=clean_text(draft.account_sid),
        call_sid=clean_text(draft.call_sid),
        subject_sid=clean_text(draft.subject_sid),
        details=clean_json(draft.details) | {"digests": digests},
        prev_hash=prev_hash,
        hash="",
    )
    return replace(entry, hash=entry_hash(entry)), personal
