"""Filters of the log as people type them at a terminal."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bot.database.audit_reader import SqlAuditReader
    from bot.domain.audit_log import AuditQuery
    from bot.domain.people import Actor

FILTERS = (
    "FILTERS: by:@ana (a name, or an id such as U0123ABCD) in:C0123ABCD call:CA… request:… "
    "number:+44* from:+44* to:+1555* action:hang_up outcome:failed since:3h until:1h "
    "since:2026-01-31 words:'card fraud'"
)
MOST_NAMES = 5


async def read_filters(log: SqlAuditReader, words: Sequence[str]) -> AuditQuery:
    """The query that the words spell, in which a person may be called by name.

    Raises:
        UsageError: a word is no filter, names a channel by its name, or names nobody or several
            people of the log.
    """
    from bot.domain.audit_filters import parse_audit_filters
    from bot.domain.errors import InvalidFilterError

    known = [await _with_id(log, word) for word in words]
    try:
        query = parse_audit_filters(known, now=datetime.now(UTC))
    except InvalidFilterError as error:
        raise click.UsageError(str(error)) from error
    if query.words and query.since:
        click.echo(
            f"Words are looked for from {query.since:%Y-%m-%dT%H:%M:%SZ} on; "
            "since: tells another beginning.",
            err=True,
        )
    return query


async def _with_id(log: SqlAuditReader, word: str) -> str:
    from bot.domain.audit_filters import channel_name_in, name_in
    from bot.domain.plain_text import printable

    channel = channel_name_in(word)
    if channel:
        raise click.UsageError(
            f"The log knows channels by their ids, not by names such as {printable(channel)}. "
            "Slack shows the id at the end of the channel's details. Example: in:C0123ABCD"
        )
    name = name_in(word)
    return f"by:{_one_called(name, await log.people()).user_id}" if name else word


def _one_called(name: str, people: Sequence[Actor]) -> Actor:
    from bot.domain.plain_text import printable

    called = [person for person in people if person.name.casefold() == name.casefold()]
    if len(called) == 1:
        return called[0]
    shown = printable(name)
    if called:
        several = ", ".join(person.user_id for person in called[:MOST_NAMES])
        raise click.UsageError(
            f"{len(called)} people in the log are called {shown}: {several}. "
            f"Name one by the id: by:{called[0].user_id}"
        )
    nearest = _names_like(name, people)
    hint = f" Did you mean {printable(', '.join(nearest))}?" if nearest else ""
    # In Slack's profiles stand full names, too, which no entry has.
    kind = "; the log has short names, without spaces" if " " in name else ""
    raise click.UsageError(
        f"Nobody in the log is called {shown}{kind}.{hint} An id does too, such as by:U0123ABCD"
    )


def _names_like(name: str, people: Sequence[Actor]) -> list[str]:
    """Names of the log that this one may be a slip of, or a longer form."""
    known = {person.name.casefold(): person.name for person in people if person.name}
    asked = dict.fromkeys([name.casefold(), *name.casefold().split()])
    nearest = [
        known[like]
        for one in asked
        for like in difflib.get_close_matches(one, known, n=MOST_NAMES, cutoff=0.5)
    ]
    return list(dict.fromkeys(nearest))[:MOST_NAMES]
