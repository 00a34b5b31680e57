"""The filters that people type to find entries of the log.

A filter is `key:value`; only `words:` takes several, in quotes. Every value is bounded, so that the
filters fit into a button.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from bot.domain.audit import Action, Event
from bot.domain.audit_log import AuditQuery
from bot.domain.errors import InvalidCallReferenceError
from bot.domain.filter_words import (
    BadValueError,
    Elsewhere,
    Key,
    count_up_to,
    end_before,
    invalid_filter,
    join_words,
    moment_before,
    moment_text,
    number_pattern,
    one_of,
    parse_words,
)
from bot.domain.sids import normalise_call_sid

MAX_AUDIT_ROWS = 50
# An auditor may ask for what happened ten years ago.
MAX_LOG_AGE = timedelta(days=4000)
# Nothing but reading them finds words, so without a time they are looked for in this much.
WORDS_WITHIN = timedelta(days=30)
LONGEST_WORDS = 60
_OUTCOMES = (Event.SUCCEEDED, Event.FAILED, Event.UNKNOWN, Event.DENIED, Event.REQUESTED)
# As the pages of the log write them for people.
_SHOWN_OUTCOMES = {
    "done": Event.SUCCEEDED,
    "not-done": Event.FAILED,
    "refused": Event.DENIED,
    "under-way": Event.REQUESTED,
}
_OF_LISTS = {
    "status": Elsewhere("The log has outcomes, not the statuses of calls.", "outcome:failed"),
    **{
        name: Elsewhere(
            "There is no such filter here; lists of calls have it, in Slack.",
            example,
            is_command=True,
        )
        for name, example in {"direction": "direction:inbound", "longer": "longer:10m"}.items()
    },
}

_USER = re.compile(r"@?([UW][A-Z0-9]{2,20})", re.ASCII)
_CHANNEL = re.compile(r"#?([CDG][A-Z0-9]{2,20})", re.ASCII)
_REQUEST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,63}", re.ASCII)


def parse_audit_filters(words: Sequence[str], *, now: datetime, me: str = "") -> AuditQuery:
    """The query for the first page that the words spell; `me` is the user id that `by:me` means.

    Raises:
        InvalidFilterError: a word is none, is given twice or has a wrong value.
    """
    keys = {
        "by": Key("by_user_id", _user_or(me), "by:@ana"),
        "call": Key("call_sid", _call_sid, "call:CA0123456789abcdef0123456789abcdef"),
        "number": Key("number", _number_prefix, "number:+1555*"),
        "from": Key("from_number", _number_prefix, "from:+44*"),
        "to": Key("to_number", _number_prefix, "to:+1555*"),
        "action": Key("action", one_of(Action), "action:hang_up"),
        "outcome": Key("outcome", _outcome, "outcome:failed"),
        "in": Key("channel_id", _channel, "in:#support"),
        "words": Key("words", _words, 'words:"card fraud"'),
        "since": Key("since", moment_before(now, MAX_LOG_AGE), "since:2h"),
        "until": Key("until", end_before(now, MAX_LOG_AGE), "until:2026-01-31"),
        "request": Key("request_id", _request, "request:0123456789abcdef0123456789abcdef"),
        "limit": Key("limit", count_up_to(MAX_AUDIT_ROWS), "limit:20"),
    }
    _refuse_loose_words(words)
    query = AuditQuery(**parse_words(words, keys, for_number="number:{0}", elsewhere=_OF_LISTS))
    if query.words and query.since is None:
        query = replace(query, since=(query.until or now).replace(microsecond=0) - WORDS_WITHIN)
    if query.since and query.until and query.since >= query.until:
        typed = {word.partition(":")[0].lower(): word for word in words}
        raise invalid_filter(
            typed["until"], f"That is not after {typed['since']}.", "since:3h until:1h"
        )
    return query


def _refuse_loose_words(words: Sequence[str]) -> None:
    """Raise for `words:card fraud`, of which the second is a filter of its own."""
    for before, word in pairwise(words):
        key, _colon, value = before.partition(":")
        if key.lower() == "words" and value and ":" not in word:
            example = f'words:"{value} {word}"'
            raise invalid_filter(f"{before} {word}", "Several words stand in quotes.", example)


def describe_audit_query(query: AuditQuery) -> str:
    """The query's filters as a person would type them; parses back to the same first page."""
    return join_words(
        {
            "by": f"@{query.by_user_id}" if query.by_user_id else "",
            "call": query.call_sid,
            "number": query.number,
            "from": query.from_number,
            "to": query.to_number,
            "action": query.action,
            "outcome": query.outcome,
            "in": f"#{query.channel_id}" if query.channel_id else "",
            "words": f'"{query.words}"' if " " in query.words else query.words,
            "since": moment_text(query.since),
            "until": moment_text(query.until),
            "request": query.request_id,
            "limit": query.limit if query.limit != AuditQuery().limit else None,
        }
    )


def name_in(word: str) -> str:
    """The name by which the word asks for a person (`by:@ana`); empty for ids and other filters."""
    return _named(word, "by", _USER).removeprefix("@")


def channel_name_in(word: str) -> str:
    """The name by which the word asks for a channel (`in:#support`); else empty."""
    return _named(word, "in", _CHANNEL)


def _named(word: str, wanted: str, form_of_id: re.Pattern[str]) -> str:
    key, _colon, value = word.partition(":")
    return "" if key.lower() != wanted or form_of_id.fullmatch(value) else value


def _number_prefix(value: str) -> str:
    pattern = number_pattern(value)
    if pattern.startswith("*"):
        raise BadValueError("In the log a number can have * only at its end.")
    return pattern


def _user_or(me: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.lower() == "me" and me:
            return me
        match = _USER.fullmatch(value)
        if match is None:
            raise BadValueError("Name a person by a mention, or say me.")
        return match[1]

    return parse


def _outcome(value: str) -> Event:
    return _SHOWN_OUTCOMES.get(value.lower().replace("_", "-")) or one_of(_OUTCOMES)(value)


def _channel(value: str) -> str:
    match = _CHANNEL.fullmatch(value)
    if match is None:
        raise BadValueError("Name a channel by picking it from Slack's list, or by its id.")
    return match[1]


def _call_sid(value: str) -> str:
    try:
        return normalise_call_sid(value)
    except InvalidCallReferenceError as error:
        raise BadValueError("A call SID is CA and 32 of 0-9 and a-f.") from error


def _request(value: str) -> str:
    if not _REQUEST.fullmatch(value):
        raise BadValueError("A request's id is a word of letters and digits, as the log shows it.")
    return value


def _words(value: str) -> str:
    words = " ".join(value.replace('"', " ").split())
    if not words:
        raise BadValueError("Give words that stand in the reason.")
    if len(words) > LONGEST_WORDS or not words.isprintable():
        raise BadValueError(f"Give at most {LONGEST_WORDS} plain characters.")
    return words
