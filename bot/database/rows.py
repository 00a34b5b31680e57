"""Domain values as rows of the tables, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Row

from bot.domain.audit import Action, AuditEntry, Event, PersonalValue, Surface, clean_text
from bot.domain.canonical import canonical_json, exact_json
from bot.domain.changes import Change, ChangeRequest, ChangeState, Origin, OriginKind
from bot.domain.people import Actor

Values = dict[str, Any]
_TEXTS = frozenset(AuditEntry.__slots__) - {"seq", "schema_version", "recorded_at", "details"}


def entry_values(entry: AuditEntry) -> Values:
    """The row of an entry; its details as the JSON that was hashed."""
    return _fields(entry) | {"details": canonical_json(dict(entry.details)).decode()}


def entry_of(row: Row[Any]) -> AuditEntry:
    """The entry of a row, also of one that somebody has edited: its hash tells."""
    fields = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    texts: Values = {name: as_text(fields[name]) for name in _TEXTS}
    return AuditEntry(
        **texts
        | {
            "recorded_at": fields["recorded_at"],
            "seq": whole_number(fields["seq"]),
            "schema_version": whole_number(fields["schema_version"]),
            "details": details_of(fields["details"]),
        }
    )


def personal_values(value: PersonalValue) -> Values:
    """The row of a personal value."""
    return _fields(value)


def personal_of(row: Iterable[Any]) -> PersonalValue:
    """The personal value of a row that has its fields in their order."""
    chain_id, seq, field, salt, value = row
    return PersonalValue(
        chain_id=chain_id,
        seq=seq,
        field=as_text(field),
        salt=salt if isinstance(salt, bytes) else b"",
        value=as_text(value),
    )


def change_values(change: Change, chain_id: str) -> Values:
    """The row of a change, with all that another process needs to bring it to its end."""
    request = change.request
    values = {
        "change_id": change.change_id,
        "chain_id": chain_id,
        "request_id": request.request_id,
        "action": request.action.value,
        "account_sid": change.account_sid,
        "call_sid": request.call_sid,
        "actor_team_id": request.actor.team_id,
        "actor_user_id": request.actor.user_id,
        "actor_name": request.actor.name,
        "surface": request.surface.value,
        "origin": json.dumps(_fields(request.origin)),
        "reason": request.reason,
        "target": request.target,
        "card_version": request.card_version,
        "state": change.state.value,
        "requested_at": change.requested_at,
        "owner": change.owner,
        "lease_until": change.lease_until,
        "deadline_at": change.deadline_at,
        "attempts": change.attempts,
        "outcome": change.outcome and change.outcome.value,
        "closed_at": change.closed_at,
        "untold_since": None,
    }
    return {
        name: clean_text(value) if isinstance(value, str) else value
        for name, value in values.items()
    }


def change_of(row: Row[Any]) -> Change:
    """The change of a row."""
    return Change(
        change_id=row.change_id,
        request=ChangeRequest(
            request_id=row.request_id,
            action=Action(row.action),
            call_sid=row.call_sid,
            actor=Actor(row.actor_team_id, row.actor_user_id, row.actor_name),
            surface=Surface(row.surface),
            origin=_origin(json.loads(row.origin)),
            reason=row.reason,
            target=row.target,
            card_version=row.card_version,
        ),
        account_sid=row.account_sid,
        state=ChangeState(row.state),
        requested_at=row.requested_at,
        owner=row.owner,
        lease_until=row.lease_until,
        deadline_at=row.deadline_at,
        attempts=row.attempts,
        outcome=Event(row.outcome) if row.outcome else None,
        closed_at=row.closed_at,
    )


def _fields(value: AuditEntry | PersonalValue | Origin) -> Values:
    """The fields as they are; `dataclasses.asdict` would copy each of them."""
    return {name: getattr(value, name) for name in value.__slots__}


def _origin(stored: Mapping[str, Any]) -> Origin:
    """A newer version that runs beside this one may have stored more than this one knows."""
    known = {name: value for name, value in stored.items() if name in Origin.__slots__}
    return Origin(**known | {"kind": OriginKind(stored["kind"])})


def as_text(value: Any) -> str:
    """The text; where somebody put in what is none, how it is written in Python.

    SQLite keeps bytes in any column.
    """
    return value if isinstance(value, str) else repr(value)


def whole_number(value: Any) -> int:
    """The number; -1, which no entry has, where somebody put in what is none.

    SQLite keeps any type in any column.
    """
    return value if isinstance(value, int) else -1


def details_of(text: Any) -> dict[str, Any]:
    """The details of an entry; ones that no entry can have are kept as they are, under a name."""
    try:
        details = exact_json(text)
    except (TypeError, ValueError):
        return {"unreadable": str(text)}
    return details if isinstance(details, dict) else {"unreadable": str(text)}
