"""The audit log: what an entry holds, how it is sealed into the chain, how a chain is checked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import rfc8785

from bot.domain.people import Actor

SCHEMA_VERSION = 1
GENESIS_HASH = "0" * 64
SALT_BYTES = 16


class Event(StrEnum):
    """What an entry says has happened."""

    REQUESTED = "requested"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DENIED = "denied"
    NOTED = "noted"
    REDACTED = "redacted"


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


class Surface(StrEnum):
    """Where it was asked for."""

    COMMAND = "command"
    BUTTON = "button"
    MODAL = "modal"
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
    return hashlib.sha256(salt + name.encode() + b"\0" + value.encode()).hexdigest()


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


def entry_hash(entry: AuditEntry) -> str:
    """The hash that the entry must have."""
    return hashlib.sha256(rfc8785.dumps(hashed_form(entry))).hexdigest()
