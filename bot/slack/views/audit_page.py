"""Pages of the log: who changed which call, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import slackblocks as kit

from bot.domain.audit import Action, Event
from bot.domain.audit_filters import describe_audit_query
from bot.domain.audit_log import AuditPage, AuditQuery, AuditRow
from bot.domain.filter_words import typed_words
from bot.slack.views import blocks
from bot.slack.views.action_ids import ActionId
from bot.slack.views.escaping import escape, with_mentions
from bot.slack.views.formatting import (
    Audience,
    Place,
    mention_user,
    slack_moment,
    status_words,
    target_words,
)
from bot.slack.views.message import MessageView, message
from bot.slack.views.values import LogPageValue

MOST_ROWS = 15
ROWS_A_SECTION = 5
REASON_LIMIT = 100
NUMBERS_LIMIT = 110
WORD_LIMIT = 40
FILTER_LIMIT = 900
_ACTIONS = {
    Action.HANG_UP: "Hang up",
    Action.REDIRECT: "Redirect",
    Action.FREEZE: "Freeze",
    Action.UNFREEZE: "Unfreeze",
    Action.LIST: "List calls",
    Action.READ_AUDIT: "Read the log",
    Action.EXPORT_AUDIT: "Export the log",
    Action.REDACT_AUDIT: "Redact the log",
    Action.SERVE: "Hookflash",
}
_EVENTS = {
    Event.REQUESTED: "under way",
    Event.SUCCEEDED: "done",
    Event.FAILED: "not done",
    Event.UNKNOWN: "not known",
    Event.DENIED: "refused",
    Event.REDACTED: "old values deleted",
    Event.STARTED: "started",
    Event.STOPPED: "stopped",
    Event.LOG_DOWN: "the log took no entries",
    Event.CLOCK_SET: "a clock was set",
}
_REASONS = {
    "no_answer": "Twilio gave no answer",
    "still_active": "the call was still up when it was last seen",
}
# What entries count that are not about one call.
_COUNTS = {
    "more_like_it": "{} times",
    "entries": "{} entries",
    "requests_refused": "{} requests refused",
    "by_s": "by {} s",
}
_NOTES = {"ended_right_after": "the call ended right after"}


def audit_page(
    page: AuditPage, query: AuditQuery, *, sealed_filters: str, audience: Audience, place: Place
) -> MessageView:
    """The requests that fit the query, newest first; ask the log for MOST_ROWS at most.

    `sealed_filters` are the query's filters as the buttons carry them.
    """
    described = describe_audit_query(query)
    if not described:
        subtitle = f"Everything. Narrow it: `{place.command} audit by:@ana since:2h`"
    elif audience.hide_numbers and query.names_a_number:
        subtitle = "Filtered by a number, which is not shown in this channel."
    else:
        subtitle = f"Filter: {_filter_words(described)}. Without it: `{place.command} audit`"
    buttons = _paging(page, query, sealed_filters)
    return _sheet(_headline(page), [subtitle, *_how_far(page, query)], page.rows, buttons, audience)


def _filter_words(described: str) -> str:
    """Marked-up: each filter as it is typed; people and channels by their names."""
    typed = typed_words(escape(described, FILTER_LIMIT))
    named = ((word, with_mentions(word)) for word in typed)
    return " ".join(f"`{word}`" if word == shown else shown for word, shown in named)


def call_history(
    call_sid: str, page: AuditPage, *, sealed_filters: str, audience: Audience
) -> MessageView:
    """All that was asked for one call, newest first."""
    query = AuditQuery(call_sid=call_sid)
    headline = "History of a call" if page.rows else "Nobody has changed this call"
    buttons = _paging(page, query, sealed_filters)
    return _sheet(headline, [f"`{call_sid}`"], page.rows, buttons, audience)


def _headline(page: AuditPage) -> str:
    if page.rows:
        return "Who changed which call"
    return "Nothing in the log fits" if page.next_before_seq is None else "Nothing found so far"


def _how_far(page: AuditPage, query: AuditQuery) -> Iterator[str]:
    """What the page does not show or look at, said plainly."""
    if query.limit > MOST_ROWS <= len(page.rows) and page.next_before_seq is not None:
        yield f"A page here has {MOST_ROWS} at most; *Older* shows more."
    if query.words and query.since:
        moment = slack_moment(query.since)
        yield f"Words are looked for from {moment} on; `since:` tells another beginning."
    if page.looked_back_to:
        moment = slack_moment(page.looked_back_to)
        yield f"All back to {moment} was looked through; *Older* looks further."


def _sheet(
    headline: str,
    subtitle: Sequence[str],
    rows: Sequence[AuditRow],
    buttons: Sequence[kit.Button],
    audience: Audience,
) -> MessageView:
    lines = ["\n".join(_row_lines(row, audience)) for row in rows[:MOST_ROWS]]
    left_out = max(0, len(rows) - MOST_ROWS)
    not_fitting = [f"{left_out} more do not fit."] if left_out else []
    sections = [
        blocks.section(f"rows-{start}", lines[start : start + ROWS_A_SECTION])
        for start in range(0, len(lines), ROWS_A_SECTION)
    ]
    return message(
        "\n".join([headline, *subtitle, *lines, *not_fitting]),
        [
            blocks.header("headline", headline),
            blocks.context("subtitle", subtitle),
            *sections,
            blocks.context("left-out", not_fitting) if not_fitting else None,
            blocks.actions("paging", buttons),
        ],
    )


def _paging(page: AuditPage, query: AuditQuery, sealed_filters: str) -> list[kit.Button]:
    buttons = []
    if query.before_seq is not None:
        value = LogPageValue(None, sealed_filters).encode()
        buttons.append(blocks.button("Newest", ActionId.NEWEST_ENTRIES, value))
    if page.next_before_seq is not None:
        value = LogPageValue(page.next_before_seq, sealed_filters).encode()
        buttons.append(blocks.button("Older", ActionId.OLDER_ENTRIES, value))
    return buttons


def _row_lines(row: AuditRow, audience: Audience) -> Iterator[str]:
    """Marked-up lines: what and with what result, by whom and when, which call, why."""
    entry = row.entry
    who = mention_user(entry.actor_user_id, row.personal.get("actor_name", "") or "Hookflash")
    # What Hookflash did of itself names it already; nobody asked for it when the process started.
    is_own = entry.action == Action.SERVE
    by, at = ("", entry.recorded_at) if is_own else (f"{who}, ", row.requested_at)
    yield f"*{_what(row)}: {_result(row)}*, {by}{slack_moment(at)}, #{entry.seq}"
    ends = [row.personal.get(end, "") for end in ("from", "to")]
    parties = " → ".join(audience.party(end) for end in ends)
    facts = [
        f"`{entry.call_sid}`" if entry.call_sid else "",
        escape(parties, NUMBERS_LIMIT) if any(ends) else "",
        _reason(row, audience),
    ]
    if any(facts):
        yield ", ".join(filter(None, facts))


def _what(row: AuditRow) -> str:
    action = escape(_words(_ACTIONS, row.entry.action), WORD_LIMIT)
    target = row.personal.get("target", "")
    return f"{action} to {escape(target_words(target), WORD_LIMIT)}" if target else action


def _result(row: AuditRow) -> str:
    """The outcome with what explains it: a code of ours, or the call's last status."""
    details = row.entry.details
    why = _words(_REASONS, str(details.get("reason", "")))
    status = status_words(str(details.get("status_after", "")))
    if row.entry.event == Event.SUCCEEDED and details.get("status_after"):
        why = f"Twilio says {status}"
    note = _words(_NOTES, row.note) if row.note else ""
    counted = (words.format(details[key]) for key, words in _COUNTS.items() if key in details)
    explained = "; ".join(filter(None, [why, *counted, note]))
    result = _words(_EVENTS, row.entry.event)
    return escape(f"{result} ({explained})" if explained else result, 2 * WORD_LIMIT)


def _reason(row: AuditRow, audience: Audience) -> str:
    reason = row.personal.get("reason", "")
    return f"“{audience.reason(reason, REASON_LIMIT)}”" if reason else ""


def _words(known: dict[Action, str] | dict[Event, str] | dict[str, str], code: str) -> str:
    """The words for a code of the log; one that a later version wrote reads as it is."""
    return {str(key): words for key, words in known.items()}.get(code, code.replace("_", " "))
