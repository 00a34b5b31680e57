"""Pages of the log, freezes, the help, and the small words that all views share."""

from dataclasses import replace
from datetime import timedelta

import pytest
from inline_snapshot import snapshot

from bot.domain.audit_filters import parse_audit_filters
from bot.domain.audit_log import AuditPage, AuditQuery
from bot.domain.changes import Freeze
from bot.domain.people import Role
from bot.slack.views.audit_page import audit_page, call_history
from bot.slack.views.formatting import Audience, duration, listed, mention_user, target_words
from bot.slack.views.help import HelpRow, help_page
from bot.slack.views.message import MessageView
from bot.slack.views.notice import already_frozen, freeze_announcement, unfreeze_announcement
from bot.slack.views.values import LogPageValue, parse_log_page_value
from tests.unit.view_facts import (
    ANA,
    BO,
    CALLER,
    NOW,
    OPERATORS,
    PLACE,
    SHARED_CHANNEL,
    SUPPORT_LINE,
    a_row,
    labels,
    readable,
    sid,
    value_of,
)

SEALED = "c2VhbGVk"


def test_a_page_of_the_log_reads_well() -> None:
    rows = [
        a_row(),
        a_row(
            seq=5,
            action="redirect",
            details={"reason": "accepted", "status_after": "in-progress"},
            personal={"target": "name:hold-music"},
            note="ended_right_after",
        ),
        a_row(seq=3, event="denied", details={"reason": "not_permitted"}, personal={}),
    ]
    query = parse_audit_filters(["by:@U0ANA"], now=NOW)

    view = audit_page(
        AuditPage(rows=rows, next_before_seq=3),
        query,
        sealed_filters=SEALED,
        audience=OPERATORS,
        place=PLACE,
    )

    assert readable(view.text) == snapshot("""\
Who changed which call
Filter: by:<@U0ANA>. Without it: `/calls audit`
*Hang up: done (Twilio says completed)*, <@U0ANA>, 2026-11-22 14:02:07 UTC, #7
`CA…1`, +44 20 7946 0000 → Support line +1 415-555-0123, “abusive”
*Redirect to Hold music: done (Twilio says in progress; the call ended right
after)*, <@U0ANA>, 2026-11-22 14:02:07 UTC, #5
`CA…1`
*Hang up: refused (not permitted)*, <@U0ANA>, 2026-11-22 14:02:07 UTC, #3
`CA…1`\
""")
    value = parse_log_page_value(value_of(view, "Older"))
    assert value == LogPageValue(3, SEALED)


def test_a_process_that_stopped_is_told_with_the_time_of_that_and_not_of_its_start() -> None:
    row = a_row(event="stopped", action="serve", call_sid="", details={}, personal={})
    started_yesterday = replace(row, requested_at=NOW - timedelta(days=1))

    view = audit_page(
        AuditPage(rows=[started_yesterday], next_before_seq=None),
        AuditQuery(),
        sealed_filters="",
        audience=OPERATORS,
        place=PLACE,
    )

    assert "*Hookflash: stopped*, 2026-11-22 14:02:07 UTC, #7" in readable(view.text)


def test_the_last_page_of_the_log_leads_back_to_the_newest() -> None:
    page = AuditPage(rows=[a_row()], next_before_seq=None)

    view = audit_page(
        page, AuditQuery(before_seq=9), sealed_filters="", audience=OPERATORS, place=PLACE
    )

    assert labels(view) == ["Newest"]
    assert parse_log_page_value(value_of(view, "Newest")).before_seq is None


def test_a_log_without_entries_says_so() -> None:
    page = AuditPage(rows=[], next_before_seq=None)

    assert audit_page(
        page, AuditQuery(), sealed_filters="", audience=OPERATORS, place=PLACE
    ).text.startswith("Nothing in the log fits\n")
    history = call_history(sid(1), page, sealed_filters=SEALED, audience=OPERATORS)
    assert history.text == f"Nobody has changed this call\n`{sid(1)}`"


def test_a_page_that_was_not_filled_says_how_far_it_looked() -> None:
    """Nothing was found is no proof that there is nothing."""
    query = parse_audit_filters(["outcome:unknown"], now=NOW)
    page = AuditPage(rows=[], next_before_seq=70, looked_back_to=NOW)

    view = audit_page(page, query, sealed_filters=SEALED, audience=OPERATORS, place=PLACE)

    assert view.text.startswith("Nothing found so far\n")
    shown = " ".join(readable(str(view.blocks)).split())
    assert "All back to 2026-11-22 14:02:07 UTC was looked through" in shown
    assert parse_log_page_value(value_of(view, "Older")).before_seq == 70


def empty_page(query: AuditQuery) -> MessageView:
    """What is shown where nothing fits."""
    return audit_page(
        AuditPage(rows=[], next_before_seq=None),
        query,
        sealed_filters=SEALED,
        audience=OPERATORS,
        place=PLACE,
    )


def test_a_search_for_words_says_from_when_on_and_shows_them_as_they_are() -> None:
    query = parse_audit_filters(["words:<!channel> *fraud*"], now=NOW)

    view = empty_page(query)

    page = " ".join(readable(str(view.blocks)).split())
    assert "Words are looked for from 2026-10-23 14:02:07 UTC on" in page
    assert "<!channel>" not in page
    assert "&lt;!channel&gt;" in page


def test_words_in_quotes_are_shown_as_the_one_filter_that_they_are() -> None:
    query = parse_audit_filters(["words:card fraud", "since:2026-11-20"], now=NOW)

    view = empty_page(query)

    shown = readable(str(view.blocks))
    assert '`words:"card fraud"` `since:2026-11-20T00:00:00Z`' in " ".join(shown.split())


@pytest.mark.parametrize(("limit", "is_said"), [(15, False), (16, True), (50, True)])
def test_a_limit_that_is_more_than_a_page_has_is_told_why_it_is_not_kept(
    limit: int, *, is_said: bool
) -> None:
    query = parse_audit_filters([f"limit:{limit}"], now=NOW)
    rows = [a_row(seq=seq) for seq in range(15)]

    view = audit_page(
        AuditPage(rows=rows, next_before_seq=3),
        query,
        sealed_filters=SEALED,
        audience=OPERATORS,
        place=PLACE,
    )

    shown = " ".join(readable(str(view.blocks)).split())
    assert ("A page here has 15 at most; *Older* shows more." in shown) is is_said


def test_the_history_of_a_call_goes_on_in_the_log() -> None:
    page = AuditPage(rows=[a_row()], next_before_seq=2)

    view = call_history(sid(1), page, sealed_filters=SEALED, audience=OPERATORS)

    assert parse_log_page_value(value_of(view, "Older")) == LogPageValue(2, SEALED)


def test_a_freeze_is_announced_with_who_when_why_and_the_way_out() -> None:
    freeze = Freeze(by=ANA, since=NOW, reason="toll fraud from <+15550001111>")

    view = freeze_announcement(freeze, audience=SHARED_CHANNEL, place=PLACE)

    assert readable(view.text) == snapshot("""\
*All changes are frozen* by <@U0ANA> since 2026-11-22 14:02:07 UTC (reason: toll
fraud from &lt;•••&gt;).
Nobody can hang up or redirect calls until an admin runs `/calls unfreeze`.
Lists and the log still work.\
""")
    assert "already" in already_frozen(freeze, audience=OPERATORS).text
    assert "<@U0BO>" in unfreeze_announcement(freeze, by=BO).text


def test_the_help_tells_the_role_and_an_example_for_each_command() -> None:
    row = HelpRow(
        usage="hangup CALL [reason]", example="hangup cdef12 spam", description="Hangs up."
    )

    assert readable(help_page([row], role=Role.OPERATOR, ask=(), place=PLACE).text) == snapshot("""\
*Hookflash* shows live phone calls and changes them. You are an operator: you
may look at calls and change them.
`/calls hangup CALL [reason]` Hangs up.
Example: `/calls hangup cdef12 spam`
Filters: `from:+44*` `to:*0123` `status:ringing` `direction:inbound`
`longer:10m` `since:2h` `limit:50`\
""")


def test_the_help_of_somebody_without_a_role_says_whom_to_ask() -> None:
    view = help_page([], role=Role.NOBODY, ask=("U0ADA",), place=PLACE)

    assert "You have no role, so you may see and change nothing: guests" in view.text
    assert view.text.endswith("unless the settings name them. Ask <@U0ADA>.")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 s"), (12, "12 s"), (192, "3 min 12 s"), (7500, "2 h 5 min"), (273_600, "3 d 4 h")],
)
def test_durations_read_as_people_say_them(seconds: int, words: str) -> None:
    assert duration(seconds) == words


def test_small_words() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c", "d"]) == "a, b and 2 more"
    assert mention_user("U0ANA", "x") == "<@U0ANA>"
    assert mention_user("U0 <!here>", "a<b") == "a&lt;b"
    assert target_words("url:https://user@x.example:8443/secret") == "a URL at user@x.example:8443"
    assert target_words("twiml:<Response/>") == "TwiML"
    assert target_words("name:gone") == "another target"
    assert target_words("") == "another target"


def test_a_friendly_name_stands_before_its_number() -> None:
    assert OPERATORS.party(SUPPORT_LINE) == "Support line +1 415-555-0123"
    assert OPERATORS.party(CALLER) == "+44 20 7946 0000"


def test_a_name_that_is_only_the_number_again_is_left_out() -> None:
    audience = Audience(names={SUPPORT_LINE: "(415) 555-0123"})

    assert audience.party(SUPPORT_LINE) == "+1 415-555-0123"
