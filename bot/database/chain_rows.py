"""Rows of the log as links of its chain: read in raw form, past the types that make values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Select, Text, func, select, type_coerce

from bot.database.rows import details_of, whole_number
from bot.database.tables import audit_entries
from bot.database.url import SQLITE
from bot.domain.audit import FORM_NAMES
from bot.domain.audit_chain import Link, Personal

_RFC_3339 = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
SEQ = FORM_NAMES.index("seq")
_HASH = len(FORM_NAMES)


def select_rows(dialect: Dialect) -> Select[Any]:
    """The columns in the order of FORM_NAMES, as they are hashed, and the hash."""
    columns = audit_entries.c
    moment: ColumnElement[str] = (
        type_coerce(columns.recorded_at, Text)
        if dialect.name == SQLITE
        else func.to_char(func.timezone("UTC", columns.recorded_at), _RFC_3339)
    )
    hashed = (moment.label(name) if name == "recorded_at" else columns[name] for name in FORM_NAMES)
    return select(*hashed, columns.hash)


def link_of(row: Sequence[Any], personal: Sequence[Personal] = ()) -> Link:
    """The link that a row is. SQLite keeps any kind of value anywhere; the hash tells."""
    form = dict(zip(FORM_NAMES, row, strict=False))
    form["details"] = details_of(form["details"])
    for name in ("schema_version", "seq"):
        form[name] = whole_number(form[name])
    return Link(form, row[_HASH], personal)
