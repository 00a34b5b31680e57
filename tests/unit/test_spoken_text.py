"""What a screen reader is given: the text of a message says all that its blocks say.

Source: https://docs.slack.dev/reference/methods/chat.postMessage#accessibility
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import pytest

from bot.domain.audit_filters import parse_audit_filters
from bot.domain.audit_log import AuditPage
from bot.domain.calls import Conference, Conversation
from bot.domain.changes import Freeze
from bot.domain.filters import parse_call_filters
from bot.domain.people import Role
from bot.slack.views.audit_page import audit_page, call_history
from bot.slack.views.call_card import call_card
from bot.slack.views.call_list import FinishedSheet
from bot.slack.views.choices import choices
from bot.slack.views.confirm import hang_up_card
from bot.slack.views.help import HelpRow, help_page
from bot.slack.views.message import MessageView
from bot.slack.views.values import PageValue
from tests.unit.view_facts import (
    ANA,
    CALLER,
    NOW,
    OPERATORS,
    PLACE,
    SHARED_CHANNEL,
    a_call,
    a_child,
    a_listing,
    a_row,
    buttons,
    details_of,
    live_list,
    sid,
)

FILTERS = parse_call_filters(["longer:10s", "status:completed"], now=NOW)
LOG_FILTERS = parse_audit_filters(["by:@U0ANA", "words:spam", "limit:50"], now=NOW)
MANY = [a_call(number) for number in range(25)]
HELP = HelpRow(usage="audit", example="audit", description="The log", reads_log=True)


def spoken_in(node: object) -> Iterator[str]:
    """The texts of the blocks, but for those of buttons and inputs, which are read out by Slack."""
    if isinstance(node, Mapping):
        if node.get("type") in ("plain_text", "mrkdwn"):
            yield str(node["text"])
        elif node.get("type") not in ("button", "input"):
            for value in node.values():
                yield from spoken_in(value)
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for value in node:
            yield from spoken_in(value)


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


VIEWS = {
    "live calls": live_list(
        a_listing(*MANY, is_cut_off=True),
        filters=parse_call_filters(["longer:10s", "status:completed"], now=NOW),
        state=PageValue(1),
        now=NOW,
        audience=OPERATORS,
        is_log_down=True,
    ),
    "live calls, page 2 of 3": live_list(
        a_listing(*MANY),
        filters=parse_call_filters(["longer:10s"], now=NOW),
        state=PageValue(2),
        now=NOW,
        audience=SHARED_CHANNEL,
        freeze=Freeze(by=ANA, since=NOW, reason="toll fraud"),
    ),
    "finished calls": FinishedSheet(
        a_listing(a_call(1, status="completed", ended_at=NOW, price="-0.01", price_unit="USD")),
        filters=FILTERS,
        state=PageValue(1),
        audience=OPERATORS,
        place=PLACE,
    ).draw(),
    "a card": call_card(
        details_of(
            a_call(1, caller_name="Bank & Sons", forwarded_from=CALLER),
            a_child(2),
            conference=Conference(
                sid="CF1", friendly_name="Sales", participant_call_sids=("CA1", "CA2")
            ),
        ),
        last_changes={},
        audience=SHARED_CHANNEL,
    ),
    "a choice": choices(
        CALLER, [Conversation(call) for call in MANY], intended=None, at=NOW, audience=OPERATORS
    ),
    "a question": hang_up_card(
        a_call(1),
        Conversation(a_call(1), (a_child(2),)),
        version="-.-",
        at=NOW,
        audience=OPERATORS,
    ),
    "the log": audit_page(
        AuditPage(rows=[a_row()] * 20, next_before_seq=3, looked_back_to=NOW),
        LOG_FILTERS,
        sealed_filters="",
        audience=OPERATORS,
        place=PLACE,
    ),
    "the history of a call": call_history(
        sid(1),
        AuditPage(rows=[a_row()], next_before_seq=None),
        sealed_filters="",
        audience=OPERATORS,
    ),
    "the help": help_page([HELP], role=Role.ADMIN, ask=(), place=PLACE),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_the_text_says_what_the_blocks_say(view: MessageView) -> None:
    shown = " ".join(spoken_in(view.blocks))

    # How a call stands and for how long is told without a name before it.
    assert words(shown) - words(view.text) - {"Status", "Duration"} == set()


@pytest.mark.parametrize("name", ["live calls, page 2 of 3", "finished calls", "a choice"])
def test_a_button_of_several_alike_tells_of_which_call_it_is(name: str) -> None:
    labels = [
        button["accessibility_label"]
        for button in buttons(VIEWS[name].blocks)
        if button["text"]["text"] in ("Details", "Redirect…", "Hang up")
    ]

    assert labels
    for label in labels:
        assert re.match("(Details|Redirect…|Hang up): .*44 .* → ", label)
        assert len(label) <= 75
