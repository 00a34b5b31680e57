"""Logs, exports and checkpoints for these tests, made without a database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.application.checkpoints import signed_checkpoint
from bot.domain.audit import (
    EMPTY_HEAD,
    Action,
    AuditEntry,
    EntryDraft,
    Event,
    Head,
    PersonalValue,
    Surface,
    entry_hash,
    seal,
)
from bot.domain.audit_export import export_record, json_line
from bot.domain.canonical import canonical_json, exact_json
from bot.domain.checkpoints import Checkpoint, checkpoint_line
from bot.domain.people import Actor
from bot.evidence.keys import Ed25519Signer, new_private_key

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ANA = Actor("T1", "U0ANA", "ana")
BEN = Actor("T1", "U0BEN", "ben")
CALL = "CA" + "1" * 32

Sealed = tuple[AuditEntry, tuple[PersonalValue, ...]]


def as_stored(entry: AuditEntry) -> AuditEntry:
    """The entry as a database gives it back: its details in their canonical order."""
    return replace(entry, details=exact_json(canonical_json(dict(entry.details)).decode()))


@dataclass(slots=True)
class MadeLog:
    """A log in memory, which grows by whole requests: one entry asks, the next tells the outcome.

    `salt` makes it another installation's.
    """

    chain_id: str = "main"
    salt: bytes = b"\0"
    sealed: list[Sealed] = field(default_factory=list)

    @property
    def head(self) -> Head:
        """Its end."""
        return Head(self.sealed[-1][0].seq, self.sealed[-1][0].hash) if self.sealed else EMPTY_HEAD

    def request(self, *, by: Actor = ANA, reason: str = "card fraud") -> None:
        """Somebody hangs up a call."""
        request_id = f"r{self.head.seq}"
        told = {"actor_name": by.name, "reason": reason, "from": "+14155550123"}
        for event, personal in (
            (Event.REQUESTED, told),
            (Event.SUCCEEDED, {"to": "+442079460000"}),
        ):
            self.append(request_id=request_id, event=event, actor=by, personal=personal)

    def redact(self, first_seq: int, last_seq: int) -> None:
        """Values of these entries are deleted, as an entry says."""
        fields = ["actor_name", "from", "reason", "to"]
        details = {"first_seq": first_seq, "last_seq": last_seq, "fields": fields}
        self.append(request_id="redaction", event=Event.REDACTED, details=details)
        self.lose(first_seq, last_seq)

    def lose(self, first_seq: int, last_seq: int) -> None:
        """Values of these entries are deleted, and nothing says so."""
        for at in range(first_seq - 1, last_seq):
            self.sealed[at] = (self.sealed[at][0], ())

    def append(self, **given: Any) -> None:
        """One more entry."""
        usual: dict[str, Any] = {
            "request_id": "r",
            "event": Event.REQUESTED,
            "action": Action.HANG_UP,
            "actor": ANA,
            "surface": Surface.BUTTON,
            "call_sid": CALL,
        }
        entry, personal_values = seal(
            EntryDraft(**usual | given),
            chain_id=self.chain_id,
            seq=self.head.seq + 1,
            recorded_at=NOON + timedelta(minutes=self.head.seq),
            prev_hash=self.head.hash,
            salt_source=lambda count: self.salt * count,
        )
        self.sealed.append((as_stored(entry), personal_values))

    def recompute(self, at_seq: int, **changed: Any) -> None:
        """Do what a skilled owner can: change an entry, and compute all from there on anew."""
        for place in range(at_seq - 1, len(self.sealed)):
            entry, personal = self.sealed[place]
            before = self.sealed[place - 1][0].hash if place else EMPTY_HEAD.hash
            now = replace(entry, prev_hash=before, **changed if place == at_seq - 1 else {})
            self.sealed[place] = (replace(now, hash=entry_hash(now)), personal)

    def lines(self) -> list[str]:
        """The log as `hookflash audit export` writes it."""
        told: dict[str, dict[str, str]] = {}
        for entry, personal in self.sealed:
            values = {one.field: one.value for one in personal}
            told.setdefault(entry.request_id, {}).update(values)
        return [
            json_line(export_record(entry, personal, told[entry.request_id]))
            for entry, personal in self.sealed
        ]

    def proof_lines(self) -> list[str]:
        """The entries as a proof has them."""
        records = [json.loads(line) for line in self.lines()]
        for record in records:
            actor = record.pop("actor")
            record |= {"actor_user_id": actor["user_id"], "actor_team_id": actor["team_id"]}
            for name in ("personal", "reason", "from", "to"):
                del record[name]
        return [json.dumps(record) for record in records]


@dataclass(slots=True)
class Notary:
    """Somebody with a key."""

    signer: Ed25519Signer = field(default_factory=lambda: Ed25519Signer(new_private_key()))
    minutes: int = 0

    @property
    def key(self) -> str:
        """The public half."""
        return self.signer.public_key

    def sign(self, head: Head, *, next_key: str = "") -> Checkpoint:
        """A checkpoint, each a minute after the one before."""
        self.minutes += 1
        at = NOON + timedelta(days=1, minutes=self.minutes)
        return signed_checkpoint(head, signer=self.signer, clock=lambda: at, next_key=next_key)


def made_log(*, requests: int = 3) -> MadeLog:
    """A log of so many requests of Ana's."""
    log = MadeLog()
    for _ in range(requests):
        log.request()
    return log


def write_lines(path: Path, lines: Sequence[str]) -> Path:
    """The lines in a file."""
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def write_checkpoints(path: Path, *checkpoints: Checkpoint) -> Path:
    """The checkpoints in a file."""
    return write_lines(path, list(map(checkpoint_line, checkpoints)))
