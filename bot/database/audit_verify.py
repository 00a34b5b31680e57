"""Checking the chain in the database: read in raw form, since it is read whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import starmap
from typing import Any

from sqlalchemy import Connection, Select, select
from sqlalchemy.exc import DBAPIError

from bot.database.chain_rows import SEQ, link_of, select_rows
from bot.database.queries import read_head
from bot.database.tables import audit_entries, audit_personal
from bot.domain.audit import EMPTY_HEAD, Event, Head
from bot.domain.audit_chain import ChainVerifier, Link, Personal, Verdict
from bot.domain.redactions import Redactions

# More of them at once fit into no cache of a processor.
LINKS_AT_ONCE = 1000
# Where a check begins: entries numbered below the first were put in by somebody.
LOWEST_SEQ = -(2**63)
# Source: the Python documentation of sqlite3.Connection.text_factory, and what it raises.
_NO_UTF_8 = "Could not decode to UTF-8"

# A row, and the personal values beside it.
_Read = tuple[Sequence[Any], Sequence[Personal]]

_entries = audit_entries.c
_personal = audit_personal.c


def verify_chain(
    connection: Connection, chain_id: str, anchors: Mapping[int, str] | None = None
) -> Verdict:
    """Whether every entry up to the head is as it was recorded, in one look at the database.

    *anchors* are the hashes that checkpoints were signed for, by the number of their entry.
    """
    return verify_rest(connection, chain_id, EMPTY_HEAD, anchors)


def verify_end(connection: Connection, chain_id: str, *, entries: int) -> Verdict:
    """The same of the last *entries*; that the one before them is right is taken as given."""
    before = read_link_head(connection, chain_id, read_head(connection, chain_id).seq - entries)
    return verify_rest(connection, chain_id, before or EMPTY_HEAD)


def verify_rest(
    connection: Connection, chain_id: str, after: Head, anchors: Mapping[int, str] | None = None
) -> Verdict:
    """The same of all that stands after an entry that is taken as given."""
    verifier = _verifier(connection, chain_id, after, anchors)
    verdict = _fed(verifier, _read(connection, chain_id, after))
    if verdict.fault is not None:
        return verdict
    return Verdict(verdict.end, verifier.finish(read_head(connection, chain_id)))


def verify_run(
    connection: Connection,
    chain_id: str,
    *,
    first_seq: int,
    last_seq: int,
    anchors: Mapping[int, str] | None = None,
) -> Verdict:
    """The same of a run of entries; that the one before it is right is taken as given.

    The verdict ends before *last_seq* where entries at the end of the run are missing.
    """
    before = EMPTY_HEAD if first_seq == 1 else read_link_head(connection, chain_id, first_seq - 1)
    if before is None:
        return Verdict(EMPTY_HEAD, None)
    verifier = _verifier(connection, chain_id, before, anchors)
    return _fed(verifier, _read(connection, chain_id, before, last_seq))


def read_link_head(connection: Connection, chain_id: str, seq: int) -> Head | None:
    """An entry's number and hash as they stand there; None where there is no such entry."""
    found = connection.execute(
        select(_entries.seq, _entries.hash).where(
            _entries.chain_id == chain_id, _entries.seq == seq
        )
    ).one_or_none()
    return Head(*found) if found else None


def _verifier(
    connection: Connection, chain_id: str, after: Head, anchors: Mapping[int, str] | None
) -> ChainVerifier:
    redactions = Redactions(read_redactions(connection, chain_id))
    return ChainVerifier(chain_id, redactions, after=after, anchors=anchors)


def read_redactions(
    connection: Connection, chain_id: str, *, after_seq: int = LOWEST_SEQ
) -> Iterator[Mapping[str, Any]]:
    """The `redacted` entries that come after one, each as what its hash covers."""
    statement = select_rows(connection.dialect).where(
        _entries.chain_id == chain_id,
        _entries.event == Event.REDACTED.value,
        _entries.seq > after_seq,
    )
    return (link_of(row).form for row in _fetched(connection, statement))


def _fed(verifier: ChainVerifier, entries: Iterable[_Read]) -> Verdict:
    """How far the entries hold."""
    for row, personal in entries:
        fault = verifier.feed(link_of(row, personal))
        if fault is not None:
            return Verdict(verifier.end, fault)
    return Verdict(verifier.end, None)


def read_links(connection: Connection, chain_id: str, after: Head, last_seq: int) -> Iterator[Link]:
    """The entries after one, up to one, in the order of the chain, in constant memory."""
    return starmap(link_of, _read(connection, chain_id, after, last_seq))


def _read(
    connection: Connection, chain_id: str, after: Head, last_seq: int | None = None
) -> Iterator[_Read]:
    after_seq = LOWEST_SEQ if after == EMPTY_HEAD else after.seq
    statement = (
        select_rows(connection.dialect)
        .where(_entries.chain_id == chain_id)
        .order_by(_entries.seq)
        .limit(LINKS_AT_ONCE)
    )
    if last_seq is not None:
        statement = statement.where(_entries.seq <= last_seq)
    while rows := _fetched(connection, statement.where(_entries.seq > after_seq)):
        personal = _personal_between(connection, chain_id, after_seq, rows[-1][SEQ])
        for row in rows:
            yield row, personal.get(row[SEQ], ())
        after_seq = rows[-1][SEQ]


def _personal_between(
    connection: Connection, chain_id: str, after_seq: int, last_seq: int
) -> dict[int, list[Personal]]:
    statement = (
        select(_personal.seq, _personal.field, _personal.salt, _personal.value)
        .where(
            _personal.chain_id == chain_id,
            _personal.seq > after_seq,
            _personal.seq <= last_seq,
        )
        .order_by(_personal.seq, _personal.field)
    )
    found = defaultdict[int, list[Personal]](list)
    for seq, field, salt, value in _fetched(connection, statement):
        found[seq].append((field, salt, value))
    return found


def _fetched(connection: Connection, statement: Select[Any]) -> Sequence[Sequence[Any]]:
    """The rows as the driver gives them, of which SQLAlchemy would make its own.

    SQLite keeps texts that are no UTF-8, and its driver gives up at the first. So that its entry
    can be named, such bytes are read as what no text can have.
    """
    try:
        return _all_of(connection, statement)
    except DBAPIError as error:
        if _NO_UTF_8 not in str(error.orig):
            raise
    driver: Any = connection.connection.driver_connection
    driver.text_factory = _with_strange_bytes
    try:
        return _all_of(connection, statement)
    finally:
        driver.text_factory = str


def _with_strange_bytes(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")


def _all_of(connection: Connection, statement: Select[Any]) -> Sequence[Sequence[Any]]:
    with connection.execute(statement) as result:
        try:
            return result.cursor.fetchall()
        except connection.dialect.loaded_dbapi.Error as error:
            raise DBAPIError.instance(
                str(statement), None, error, connection.dialect.loaded_dbapi.Error
            ) from error
