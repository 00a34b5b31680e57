"""Entries of the log as records for other programs, with all that an offline check needs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from bot.domain.audit import AuditEntry, PersonalValue, hashed_form
from bot.domain.plain_text import spreadsheet_cell

_DELETE = b"\x7f"  # the one control character that JSON lets stand as it is
CSV_COLUMNS = (
    "seq",
    "recorded_at",
    "request_id",
    "event",
    "action",
    "call_sid",
    "actor_user_id",
    "actor_team_id",
    "actor_name",
    "channel_id",
    "reason",
    "from",
    "to",
    "details",
    "surface",
    "account_sid",
    "subject_sid",
    "chain_id",
    "schema_version",
    "personal",
    "prev_hash",
    "hash",
)


def export_record(
    entry: AuditEntry, personal: Sequence[PersonalValue], told: Mapping[str, str]
) -> dict[str, Any]:
    """The entry as JSON.

    What is hashed stands under its own names but for the actor; `personal` holds the values and
    salts behind `details.digests`. The actor's name, the reason and the numbers are repeated from
    *told*, the personal values of all entries of the request, for whoever reads single lines.
    """
    record = hashed_form(entry)
    user_id, team_id = record.pop("actor_user_id"), record.pop("actor_team_id")
    return record | {
        "actor": {"user_id": user_id, "team_id": team_id, "name": told.get("actor_name", "")},
        "reason": told.get("reason", ""),
        "from": told.get("from", ""),
        "to": told.get("to", ""),
        "personal": [
            {"field": one.field, "salt": one.salt.hex(), "value": one.value} for one in personal
        ],
        "hash": entry.hash,
    }


def json_line(record: Mapping[str, Any]) -> str:
    """One line of JSON, in ASCII: nothing in it can steer a terminal."""
    line = orjson.dumps(record)
    is_harmless = line.isascii() and _DELETE not in line
    return line.decode() if is_harmless else json.dumps(record, separators=(",", ":"))


def csv_cells(record: Mapping[str, Any]) -> list[str]:
    """The record in the order of CSV_COLUMNS; what has parts of its own is JSON in one cell."""
    flat = dict(record) | {f"actor_{name}": value for name, value in record["actor"].items()}
    return [_cell(flat[column]) for column in CSV_COLUMNS]


def _cell(value: Any) -> str:
    return spreadsheet_cell(value if isinstance(value, str) else json.dumps(value))
