"""What the lists of calls say and offer, and to whom."""

from datetime import timedelta

import pytest
from inline_snapshot import snapshot

from bot.domain.filters import CallFilter, parse_call_filters
from bot.slack.views.call_list import FinishedSheet
from bot.slack.views.formatting import Audience
from bot.slack.views.message import MessageView
from bot.slack.views.values import PageValue, parse_call_value, parse_page_value
from tests.unit.view_facts import (
    CALLER,
    NOW,
    OPERATORS,
    PLACE,
    SHARED_CHANNEL,
    SUPPORT_LINE,
    VIEWERS,
    a_call,
    a_child,
    a_listing,
    buttons,
    everything,
    labels,
    live_list,
    readable,
    sid,
    value_of,
)

SEALED = "c2VhbGVk"


def a_live_list(
    *numbers: int, words: str = "", page: int = 1, audience: Audience = OPERATORS, banner: str = ""
) -> MessageView:
    return live_list(
        a_listing(*(a_call(number) for number in numbers)),
        filters=parse_call_filters(words.split(), now=NOW),
        state=PageValue(page, words and SEALED),
        now=NOW + timedelta(seconds=4),
        audience=audience,
        banner=banner,
    )


def test_a_live_list_reads_well() -> None:
    view = live_list(
        a_listing(a_call(1), a_child(2, status="ringing")),
        filters=CallFilter(),
        state=PageValue(1),
        now=NOW + timedelta(seconds=4),
        audience=OPERATORS,
        banner="Hung up by <@U0BO>.",
    )

    assert readable(view.text) == snapshot("""\
Hung up by <@U0BO>.
1 live call, 1 ringing
+44 20 7946 0000 → Support line +1 415-555-0123, on the line with +33 1 40 00 00
00 (ringing), in progress · 3 min 12 s, since 13:58:55 UTC · inbound · `000001`
As of 14:02:07 UTC, 4 s before this was drawn.
Only calls of account AC… in Region us1. Calls of Elastic SIP trunks show only
after they end.\
""")
    assert readable(view.blocks[2:4]) == snapshot(
        [
            {
                "type": "section",
                "block_id": "call-0",
                "text": {
                    "type": "mrkdwn",
                    "text": """\
*+44 20 7946 0000 → Support line +1 415-555-0123*
on the line with +33 1 40 00 00 00 (ringing)
in progress · 3 min 12 s, since 13:58:55 UTC · inbound · `000001`\
""",
                    "verbatim": True,
                },
            },
            {
                "type": "actions",
                "block_id": "call-0-actions",
                "elements": [
                    {
                        "type": "button",
                        "text": {"type": "plain_text", "text": "Details"},
                        "action_id": "call.details",
                        "value": "v1|CA…1|-.ce7df308e0e03268|",
                        "accessibility_label": (
                            "Details: +44 20 7946 0000 → Support line +1 415-555-0123"
                        ),
                    },
                    {
                        "type": "button",
                        "text": {"type": "plain_text", "text": "Redirect…"},
                        "action_id": "call.redirect",
                        "value": "v1|CA…1|-.ce7df308e0e03268|v1|1|",
                        "accessibility_label": (
                            "Redirect…: +44 20 7946 0000 → Support line +1 415-555-0123"
                        ),
                    },
                    {
                        "type": "button",
                        "text": {"type": "plain_text", "text": "Hang up"},
                        "action_id": "call.hang_up",
                        "style": "danger",
                        "value": "v1|CA…1|-.ce7df308e0e03268|v1|1|",
                        "confirm": {
                            "title": {"type": "plain_text", "text": "Hang up this call?"},
                            "text": {
                                "type": "plain_text",
                                "text": """\
+44 20 7946 0000 → Support line +1 415-555-0123, in progress, 3 min 12 s. +33 1
40 00 00 00 will be cut off too.\
""",
                            },
                            "confirm": {"type": "plain_text", "text": "Hang up"},
                            "deny": {"type": "plain_text", "text": "Keep call"},
                            "style": "danger",
                        },
                        "accessibility_label": (
                            "Hang up: +44 20 7946 0000 → Support line +1 415-555-0123"
                        ),
                    },
                ],
            },
        ]
    )
    assert readable(view.blocks[-1]) == snapshot(
        {
            "type": "context",
            "block_id": "small-print",
            "elements": [
                {
                    "type": "mrkdwn",
                    "text": """\
As of 14:02:07 UTC, 4 s before this was drawn.
Only calls of account AC… in Region us1. Calls of Elastic SIP trunks show only
after they end.\
""",
                    "verbatim": True,
                }
            ],
        }
    )


def test_the_legs_of_one_conversation_are_one_call() -> None:
    view = live_list(
        a_listing(a_call(1), a_child(2), a_call(3)),
        filters=CallFilter(),
        state=PageValue(1),
        now=NOW,
        audience=OPERATORS,
    )

    assert "2 live calls" in view.text
    assert labels(view) == ["Details", "Redirect…", "Hang up"] * 2 + ["Refresh"]


def test_a_viewer_is_offered_details_only() -> None:
    assert labels(a_live_list(1, audience=VIEWERS)) == ["Details", "Refresh"]


@pytest.mark.parametrize("words", ["", "limit:2"])
def test_no_live_calls_is_said(words: str) -> None:
    assert a_live_list(words=words).text.startswith("No live calls.")


def test_a_filter_that_nothing_fits_says_how_to_be_without_it() -> None:
    view = a_live_list(1, words="from:+1*")

    assert view.text.startswith("No live call matches the filter.")
    assert "Filter: `from:+1*`. Without it: `/calls`" in everything(view)


def test_a_filter_tells_how_many_it_leaves_out() -> None:
    view = live_list(
        a_listing(a_call(1), a_call(2, from_number="+15550001111")),
        filters=parse_call_filters(["from:+44*"], now=NOW),
        state=PageValue(1),
        now=NOW,
        audience=OPERATORS,
    )

    assert view.text.startswith("1 of 2 live calls")


def test_pages_turn_within_the_same_filter() -> None:
    view = a_live_list(*range(23), words="from:+44*", page=2)

    assert len([label for label in labels(view) if label == "Details"]) == 10
    assert "Page 2 of 3" in everything(view)
    for label, page in {"Previous": 1, "Refresh": 2, "Next": 3}.items():
        value = parse_page_value(value_of(view, label))
        assert value == PageValue(page, SEALED)


def test_a_page_that_is_not_there_shows_the_last() -> None:
    assert "Page 3 of 3" in everything(a_live_list(*range(23), page=99))


def test_the_buttons_of_a_list_know_their_list() -> None:
    view = a_live_list(1, words="from:+44*")

    value = parse_call_value(value_of(view, "Hang up"))

    assert value.call_sid == sid(1)
    assert parse_page_value(value.list_state) == PageValue(1, SEALED)


def test_hanging_up_from_a_list_asks_first_and_names_who_else_drops() -> None:
    view = live_list(
        a_listing(a_call(1), a_child(2)),
        filters=CallFilter(),
        state=PageValue(1),
        now=NOW,
        audience=OPERATORS,
    )

    (hang_up,) = (button for button in buttons(view.blocks) if button.get("confirm"))

    assert "+33 1 40 00 00 00 will be cut off too." in hang_up["confirm"]["text"]["text"]


def test_a_cut_off_list_and_a_log_that_is_down_are_said() -> None:
    view = live_list(
        a_listing(a_call(), is_cut_off=True),
        filters=CallFilter(),
        state=PageValue(1),
        now=NOW,
        audience=OPERATORS,
        is_log_down=True,
    )

    assert "Cut off" in everything(view)
    assert "The log does not answer" in everything(view)
    assert "trunks show only after they end" in everything(view)


def test_a_shared_channel_sees_no_numbers_in_a_list() -> None:
    shown = everything(a_live_list(1, audience=SHARED_CHANNEL))

    assert "Support line" in shown
    for number in (CALLER, SUPPORT_LINE, "7946", "555-0"):
        assert number not in shown


def test_a_filter_by_number_is_not_told_in_a_shared_channel_and_works_there() -> None:
    view = a_live_list(1, words=f"from:{CALLER}", audience=SHARED_CHANNEL)

    assert CALLER not in everything(view)
    assert "Filtered by a number, which is not shown in this channel." in everything(view)
    assert labels(view) == ["Details", "Redirect…", "Hang up", "Refresh"]


def test_finished_calls_tell_how_they_ended_and_what_they_cost() -> None:
    call = a_call(
        status="no-answer", ended_at=NOW, duration_s=61, price="-0.0085", price_unit="USD"
    )

    view = FinishedSheet(
        a_listing(call), filters=CallFilter(), state=PageValue(1), audience=OPERATORS, place=PLACE
    ).draw()

    assert readable(view.text) == snapshot("""\
1 finished call
+44 20 7946 0000 → Support line +1 415-555-0123, no answer · 1 min 1 s · ended
2026-11-22 14:02:07 UTC · inbound · 0.0085 USD · `000001`
As of 14:02:07 UTC. Only calls of account AC… in Region us1.\
""")
    assert labels(view) == ["Details", "Refresh"]


@pytest.mark.parametrize(
    ("words", "headline"),
    [
        ("limit:1", "The last finished call"),
        ("limit:2", "The last 2 finished calls"),
        ("limit:3", "The last 3 finished calls"),
        ("limit:9", "3 finished calls"),
    ],
)
def test_a_limit_of_finished_calls_is_not_told_as_their_number(words: str, headline: str) -> None:
    calls = [a_call(number, status="completed", ended_at=NOW) for number in range(3)]

    view = FinishedSheet(
        a_listing(*calls),
        filters=parse_call_filters([words], now=NOW),
        state=PageValue(1, SEALED),
        audience=OPERATORS,
        place=PLACE,
    ).draw()

    assert view.text.splitlines()[0] == headline


def test_a_status_that_only_the_other_list_has_leads_there() -> None:
    ringing = parse_call_filters(["status:ringing"], now=NOW)
    state = PageValue(1, SEALED)

    live = a_live_list(1, words="status:no-answer")
    finished = FinishedSheet(
        a_listing(), filters=ringing, state=state, audience=OPERATORS, place=PLACE
    ).draw()

    way = "Calls with that status are finished calls: `/calls recent status:no-answer`"
    assert way in everything(live)
    assert "Calls with that status are live calls: `/calls status:ringing`" in everything(finished)
    assert "with that status" not in everything(a_live_list(1, words="status:ringing"))


def test_a_call_that_nobody_answered_lasted_no_longer_than_until_it_was_over() -> None:
    """Twilio tells no end of it; it neither goes on for ever nor stands above what ended later."""
    began_at = NOW - timedelta(hours=2)
    missed = a_call(
        1, status="no-answer", started_at=began_at, updated_at=began_at + timedelta(seconds=30)
    )
    answered = a_call(2, status="completed", started_at=began_at, ended_at=NOW, duration_s=7200)
    listing = a_listing(missed, answered).newest_ending_first()

    view = FinishedSheet(
        listing,
        filters=parse_call_filters([], now=NOW),
        state=PageValue(1),
        audience=OPERATORS,
        place=PLACE,
    ).draw()

    assert [call.sid for call in listing.calls] == [answered.sid, missed.sid]
    assert "no answer · 30 s · began 2026-11-22 12:02:07 UTC" in " ".join(
        readable(view.text).split()
    )
    assert not parse_call_filters(["longer:5m"], now=NOW).matches(missed, NOW)
    assert a_call(status="failed").age_s(NOW) == 0
    assert missed.age_s(NOW) == missed.age_s(NOW + timedelta(days=1))
