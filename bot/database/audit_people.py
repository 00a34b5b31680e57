"""The people of the log and their names, found without reading all that they did."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from bot.database.tables import audit_entries, audit_personal
from bot.domain.people import Actor

# A name is told by every request; one that was redacted in so many of the newest is taken as gone.
NEWEST_ENTRIES = 200

_entries = audit_entries.c


def read_people(connection: Connection, chain_id: str) -> Sequence[Actor]:
    """Each person who ever acted, with the name that was recorded last; the machine is none."""
    of_chain = _entries.chain_id == chain_id
    next_id = func.min(_entries.actor_user_id)
    # Steps from one person to the next by the index, however many entries each of them has.
    people = (
        select(next_id.label("user_id"))
        .where(of_chain, _entries.actor_user_id > "")
        .cte("people", recursive=True)
    )
    following = (
        select(next_id).where(of_chain, _entries.actor_user_id > people.c.user_id).scalar_subquery()
    )
    people = people.union_all(select(following).where(people.c.user_id.is_not(None)))
    newest = (
        select(_entries.seq)
        .where(of_chain, _entries.actor_user_id == people.c.user_id)
        .order_by(_entries.seq.desc())
        .limit(NEWEST_ENTRIES)
        .correlate(people)
    )
    personal = audit_personal.c
    name = (
        select(personal.value)
        .where(personal.chain_id == chain_id, personal.field == "actor_name")
        .where(personal.seq.in_(newest))
        .order_by(personal.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    found = select(people.c.user_id, name.label("name")).where(people.c.user_id.is_not(None))
    return [Actor("", row.user_id, row.name or "") for row in connection.execute(found)]
