"""What the details card and the questions before a change say and offer."""

import pytest
from inline_snapshot import snapshot

from bot.domain.audit import Action
from bot.domain.calls import Conference, Conversation
from bot.domain.changes import LastChange
from bot.domain.redirects import NamedTarget
from bot.slack.views.call_card import call_card
from bot.slack.views.choices import Intention, choices
from bot.slack.views.confirm import effect_on_others, hang_up_card
from bot.slack.views.values import parse_call_value
from tests.unit.view_facts import (
    AGENT,
    BO,
    CALLER,
    NOW,
    OPERATORS,
    SHARED_CHANNEL,
    VIEWERS,
    a_call,
    a_child,
    buttons,
    details_of,
    everything,
    labels,
    readable,
    sid,
    value_of,
)


def test_a_card_reads_well() -> None:
    details = details_of(
        a_call(1, caller_name="<!channel> *Bank*", stir_verstat="TN-Validation-Passed-A"),
        a_child(2),
        conference=Conference(
            sid="CF1",
            friendly_name="Sales",
            participant_call_sids=(sid(1), sid(2), sid(3)),
            ending_call_sids=(sid(1),),
        ),
    )

    view = call_card(details, last_changes={}, audience=OPERATORS)

    assert readable(view.text) == snapshot(
        """\
+44 20 7946 0000 → Support line +1 415-555-0123, in progress, 3 min 12 s
Direction: inbound
Began: 2026-11-22 13:58:55 UTC
Caller ID check (STIR): TN-Validation-Passed-A
SID: `CA…1`
Caller name, as the network sent it: &lt;!channel&gt; *Bank*
*Legs*
• +44 20 7946 0000 → Support line +1 415-555-0123, in progress, 3 min 12 s,
inbound, `CA…1` (this card)
• +44 20 7946 0000 → +33 1 40 00 00 00, in progress, 3 min 12 s, dialled by a
call, `CA…2`
In the conference “Sales” with 3 participants.
If it is hung up or redirected: The conference ends with it, for 2 other
participants too.
As of 14:02:07 UTC\
"""
    )
    assert readable(view.blocks[:3]) == snapshot(
        [
            {
                "type": "header",
                "block_id": "parties",
                "text": {
                    "type": "plain_text",
                    "text": "+44 20 7946 0000 → Support line +1 415-555-0123",
                },
            },
            {
                "type": "section",
                "block_id": "facts",
                "fields": [
                    {
                        "type": "mrkdwn",
                        "text": """\
*Status*
in progress\
""",
                        "verbatim": True,
                    },
                    {
                        "type": "mrkdwn",
                        "text": """\
*Duration*
3 min 12 s\
""",
                        "verbatim": True,
                    },
                    {
                        "type": "mrkdwn",
                        "text": """\
*Direction*
inbound\
""",
                        "verbatim": True,
                    },
                    {
                        "type": "mrkdwn",
                        "text": """\
*Began*
2026-11-22 13:58:55 UTC\
""",
                        "verbatim": True,
                    },
                    {
                        "type": "mrkdwn",
                        "text": """\
*Caller ID check (STIR)*
TN-Validation-Passed-A\
""",
                        "verbatim": True,
                    },
                    {
                        "type": "mrkdwn",
                        "text": """\
*SID*
`CA…1`\
""",
                        "verbatim": True,
                    },
                    {
                        "type": "plain_text",
                        "text": "Caller name, as the network sent it: <!channel> *Bank*",
                    },
                ],
            },
            {
                "type": "section",
                "block_id": "more",
                "text": {
                    "type": "mrkdwn",
                    "text": """\
*Legs*
• +44 20 7946 0000 → Support line +1 415-555-0123, in progress, 3 min 12 s,
inbound, `CA…1` (this card)
• +44 20 7946 0000 → +33 1 40 00 00 00, in progress, 3 min 12 s, dialled by a
call, `CA…2`
In the conference “Sales” with 3 participants.
If it is hung up or redirected: The conference ends with it, for 2 other
participants too.\
""",
                    "verbatim": True,
                },
            },
        ]
    )
    assert labels(view) == ["Redirect…", "Hang up", "History", "Refresh", "Post to channel"]


def test_the_name_that_the_network_sent_is_plain_text() -> None:
    view = call_card(
        details_of(a_call(caller_name="<!channel>")), last_changes=None, audience=OPERATORS
    )

    (shown,) = (field for field in view.blocks[1]["fields"] if "channel" in field["text"])
    assert shown["type"] == "plain_text"


def test_a_card_of_a_finished_call_offers_no_change() -> None:
    view = call_card(details_of(a_call(status="completed")), last_changes={}, audience=OPERATORS)

    assert labels(view) == ["History", "Refresh", "Post to channel"]


def test_a_viewers_card_in_a_channel_offers_to_look_again_only() -> None:
    view = call_card(details_of(a_call()), last_changes={}, audience=VIEWERS, can_be_posted=False)

    assert labels(view) == ["Refresh"]


def test_a_card_in_a_shared_channel_hides_numbers_and_the_name_of_the_caller() -> None:
    details = details_of(
        a_call(1, caller_name="Jane Roe", forwarded_from="+15557654321"),
        a_child(2),
        conference=Conference(sid="CF1", friendly_name=f"call of {CALLER}"),
    )

    shown = everything(call_card(details, last_changes={}, audience=SHARED_CHANNEL))

    for secret in (CALLER, AGENT, "7946", "Jane Roe", "7654", "+44 20"):
        assert secret not in shown


def test_the_version_of_a_card_knows_the_last_change_and_the_legs() -> None:
    details = details_of(a_call(1), a_child(2))
    last_change = LastChange(change_id="c0ffee", action=Action.REDIRECT, by=BO, at=NOW)
    view = call_card(details, last_changes={sid(1): last_change}, audience=OPERATORS)

    value = parse_call_value(value_of(view, "Redirect…"))

    assert value.card_version == f"c0ffee.{details.conversation.legs_digest()}"


def test_hanging_up_a_parent_cuts_off_those_whom_it_dialled() -> None:
    conversation = Conversation(a_call(1), (a_child(2), a_child(3, to_number="+49301234567")))

    effect = effect_on_others(conversation.root, conversation, OPERATORS)

    assert effect == "+33 1 40 00 00 00 and +49 30 1234567 will be cut off too."


def test_hanging_up_a_child_leaves_the_parent_to_its_flow() -> None:
    child = a_child(2)
    conversation = Conversation(a_call(1), (child,))

    effect = effect_on_others(child, conversation, OPERATORS)

    assert effect == "+44 20 7946 0000 goes on with its own flow."


def test_hanging_up_a_lone_call_touches_nobody() -> None:
    assert not effect_on_others(a_call(), Conversation(a_call()), OPERATORS)


def test_the_question_before_a_hang_up_names_the_call_and_who_else_drops() -> None:
    conversation = Conversation(a_call(1), (a_child(2),))

    view = hang_up_card(a_call(1), conversation, version="-.-", at=NOW, audience=OPERATORS)

    assert readable(view.text) == snapshot("""\
*Hang up this call?*
+44 20 7946 0000 → Support line +1 415-555-0123, in progress, 3 min 12 s
inbound, `CA…1`
+33 1 40 00 00 00 will be cut off too.\
""")
    assert labels(view) == ["Hang up", "Details"]


def test_the_button_that_hangs_up_asks_first() -> None:
    view = call_card(details_of(a_call()), last_changes={}, audience=OPERATORS)

    (hang_up,) = (button for button in buttons(view.blocks) if button.get("style"))

    assert hang_up["style"] == "danger"
    assert hang_up["confirm"]["text"]["text"] == (
        "+44 20 7946 0000 → Support line +1 415-555-0123, in progress, 3 min 12 s."
    )


@pytest.mark.parametrize(
    ("intended", "label"),
    [
        (None, "Details"),
        (Intention(), "Hang up"),
        (Intention(target=NamedTarget("hold-music")), "Redirect…"),
    ],
)
def test_several_calls_that_fit_are_asked_about(intended: Intention | None, label: str) -> None:
    found = [Conversation(a_call(number)) for number in range(12)]

    view = choices(CALLER, found, intended=intended, at=NOW, audience=OPERATORS)

    assert "12 calls fit" in view.text
    assert labels(view) == [label] * 10
    assert "2 more fit" in everything(view)
