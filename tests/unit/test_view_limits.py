"""Whatever comes from the phone network or from people: Slack takes the view, and nothing gets out.

Each view is judged by three that know nothing of each other: our own check, Slack's SDK, and the
sandbox's Slack.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from bot.domain.audit import Action, Event
from bot.domain.audit_log import AuditPage, AuditQuery
from bot.domain.calls import Call, CallDetails, Conversation, Listing
from bot.domain.changes import Freeze, Outcome, OutcomeReason
from bot.domain.filters import CallFilter, parse_call_filters
from bot.domain.people import Actor, Role
from bot.domain.redirects import TwimlTarget
from bot.sandbox.slack.block_kit import flaws_of_blocks, flaws_of_view
from bot.sandbox.slack.block_kit_blocks import Surface
from bot.slack.drawings import MOST_BANNERS
from bot.slack.views.audit_page import audit_page, call_history
from bot.slack.views.call_card import call_card
from bot.slack.views.call_list import FinishedSheet
from bot.slack.views.choices import Intention, choices
from bot.slack.views.confirm import hang_up_card
from bot.slack.views.formatting import Audience
from bot.slack.views.help import HelpRow, help_page
from bot.slack.views.home_tab import home_tab
from bot.slack.views.limits import (
    MESSAGE_TEXT_LIMIT,
    MOST_BLOCKS_OF_A_VIEW,
    VIEW_TEXT_LIMIT,
    InvalidBlocksError,
    check_blocks,
)
from bot.slack.views.message import MessageView, home, in_modal
from bot.slack.views.notice import freeze_announcement, notice
from bot.slack.views.redirect_modal import redirect_modal
from bot.slack.views.result_card import result_card
from bot.slack.views.values import PageValue
from tests.unit.view_facts import (
    ANA,
    AUDIENCES,
    CALLS,
    DETAILS,
    HOSTILE_TEXT,
    NOW,
    OPERATORS,
    PLACE,
    ROWS,
    a_call,
    a_change,
    a_child,
    a_listing,
    a_row,
    live_list,
    sid,
)

# What we write ourselves in mrkdwn: mentions of ids, dates, and links to Twilio's documentation.
OURS = re.compile(
    r"<[@#][UWCG][A-Z0-9]{2,20}>|<!date\^\d+\^[^|<>]*\|[^<>|]*>|<https://www\.twilio\.com/[^<>]*>"
)
OUR_ENTITIES = re.compile(r"&(?:amp|lt|gt);")
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066\u2067\ud800-\udfff]")
LISTINGS = st.builds(
    lambda calls, is_cut_off: Listing(calls=tuple(calls), looked_at=NOW, is_cut_off=is_cut_off),
    st.lists(CALLS, max_size=45, unique_by=lambda call: call.sid),
    st.booleans(),
)
# The filters of the log, as long as they can be, in bytes that take four thirds in base64.
LONGEST_SEAL = 1500
ROW_TEXTS = ("usage", "example", "description")
few_examples = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def strings(node: object, key: str) -> Iterator[str]:
    """Every string under *key* anywhere in the blocks."""
    if isinstance(node, Mapping):
        for name, value in node.items():
            if name == key and isinstance(value, str):
                yield value
            yield from strings(value, key)
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for value in node:
            yield from strings(value, key)


def marked_up(node: object) -> Iterator[str]:
    """Every text that Slack reads as mrkdwn."""
    if isinstance(node, Mapping):
        if node.get("type") == "mrkdwn":
            yield str(node["text"])
        for value in node.values():
            yield from marked_up(value)
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for value in node:
            yield from marked_up(value)


def assert_harmless(text: str) -> None:
    left = OUR_ENTITIES.sub("", OURS.sub("", text))
    assert not set("<>&") & set(left), left


def assert_slack_takes_message(view: MessageView) -> None:
    """As a message; the answer to a command never stands in a modal."""
    assert 0 < len(view.text) <= 4000
    assert_harmless(view.text)
    assert_slack_takes_blocks(view.blocks)
    assert flaws_of_blocks(list(view.blocks)) == []


def assert_slack_takes(view: MessageView) -> None:
    """As a message, and in a modal over the Home tab."""
    assert_slack_takes_message(view)
    assert flaws_of_view(in_modal(view), Surface.MODAL) == []


def assert_slack_takes_blocks(
    blocks: Sequence[Mapping[str, Any]], *, text_limit: int = MESSAGE_TEXT_LIMIT
) -> None:
    check_blocks(blocks, text_limit=text_limit)
    for block in blocks:
        parsed = Block.parse(dict(block))
        assert parsed is not None
        assert parsed.to_dict() == block
    for text in marked_up(blocks):
        assert_harmless(text)
    for text in strings(blocks, "text"):
        assert text.strip()
        assert not CONTROLS.search(text)


@few_examples
@given(
    listing=LISTINGS,
    audience=AUDIENCES,
    page=st.integers(1, 7),
    banner=st.text(),
    reason=HOSTILE_TEXT,
)
def test_slack_takes_any_list_of_live_calls(
    listing: Listing, audience: Audience, page: int, banner: str, reason: str
) -> None:
    view = live_list(
        listing,
        filters=CallFilter(),
        state=PageValue(page),
        now=NOW,
        audience=audience,
        banner="Hung up. " * len(banner),
        freeze=Freeze(by=ANA, since=NOW, reason=reason),
        is_log_down=True,
    )

    assert_slack_takes(view)


@few_examples
@given(listing=LISTINGS, audience=AUDIENCES, page=st.integers(1, 7))
def test_slack_takes_any_list_of_finished_calls(
    listing: Listing, audience: Audience, page: int
) -> None:
    assert_slack_takes(
        FinishedSheet(
            listing, filters=CallFilter(), state=PageValue(page), audience=audience, place=PLACE
        ).draw()
    )


@few_examples
@given(details=DETAILS, audience=AUDIENCES, can_be_posted=st.booleans())
def test_slack_takes_any_card(
    details: CallDetails, audience: Audience, *, can_be_posted: bool
) -> None:
    view = call_card(details, last_changes=None, audience=audience, can_be_posted=can_be_posted)

    assert_slack_takes(view)


@few_examples
@given(details=DETAILS, audience=AUDIENCES, reason=HOSTILE_TEXT)
def test_slack_takes_any_question_before_a_hang_up(
    details: CallDetails, audience: Audience, reason: str
) -> None:
    view = hang_up_card(
        details.call,
        details.conversation,
        version="-.-",
        at=NOW,
        audience=audience,
        reason=reason,
    )

    assert_slack_takes_message(view)


@few_examples
@given(
    calls=st.lists(CALLS, min_size=1, max_size=30, unique_by=lambda call: call.sid),
    intended=st.none()
    | st.builds(Intention, reason=HOSTILE_TEXT)
    | st.builds(Intention, target=st.builds(TwimlTarget, st.text(min_size=1)), reason=HOSTILE_TEXT),
    reference=HOSTILE_TEXT,
    audience=AUDIENCES,
)
def test_slack_takes_any_choice(
    calls: list[Call], intended: Intention | None, reference: str, audience: Audience
) -> None:
    view = choices(
        reference,
        [Conversation(call) for call in calls],
        intended=intended,
        at=NOW,
        audience=audience,
    )

    assert_slack_takes_message(view)


@few_examples
@given(details=DETAILS, audience=AUDIENCES, changes=st.lists(st.just("somebody left"), max_size=3))
def test_slack_takes_any_redirect_modal(
    details: CallDetails, audience: Audience, changes: list[str]
) -> None:
    view = redirect_modal(
        details.call.sid,
        details.conversation,
        private_metadata="x" * 3000,
        at=NOW,
        audience=audience,
        changes=changes,
    )

    assert_slack_takes_blocks(view["blocks"])
    assert flaws_of_view(view, Surface.MODAL) == []


@few_examples
@given(
    listing=LISTINGS,
    audience=AUDIENCES,
    role=st.sampled_from(Role),
    commands=st.lists(st.builds(HelpRow, **dict.fromkeys(ROW_TEXTS, HOSTILE_TEXT)), max_size=40),
    reason=HOSTILE_TEXT,
)
def test_slack_takes_any_home_tab(
    listing: Listing, audience: Audience, role: Role, commands: list[HelpRow], reason: str
) -> None:
    calls = live_list(listing, filters=CallFilter(), state=PageValue(1), now=NOW, audience=audience)

    view = home_tab(
        role=role,
        ask=("U0ADA",),
        commands=commands,
        calls=calls,
        freeze=Freeze(by=ANA, since=NOW, reason=reason),
        audience=audience,
        place=PLACE,
        banners=["Hung up. " * len(reason)] * MOST_BANNERS,
    )

    assert_slack_takes_blocks(view["blocks"], text_limit=VIEW_TEXT_LIMIT)
    assert flaws_of_view(view, Surface.HOME) == []


@pytest.mark.parametrize("count", [MOST_BLOCKS_OF_A_VIEW, MOST_BLOCKS_OF_A_VIEW + 1])
def test_a_home_tab_of_more_than_100_blocks_is_refused_here_as_by_slack(count: int) -> None:
    blocks = [{"type": "divider", "block_id": f"d{number}"} for number in range(count)]

    is_too_long = bool(flaws_of_view({"type": "home", "blocks": blocks}, Surface.HOME))

    assert is_too_long is (count > MOST_BLOCKS_OF_A_VIEW)
    if is_too_long:
        with pytest.raises(InvalidBlocksError):
            home(blocks)
    else:
        assert home(blocks)["blocks"] == blocks


OUTCOMES = st.builds(
    Outcome,
    event=st.sampled_from([Event.SUCCEEDED, Event.FAILED, Event.UNKNOWN]),
    reason=st.sampled_from(list(OutcomeReason)),
    at=st.just(NOW),
    status_before=HOSTILE_TEXT,
    status_after=HOSTILE_TEXT,
    code=st.one_of(st.none(), st.integers(0, 10**6)),
    message=HOSTILE_TEXT,
    ended_by=st.one_of(st.none(), st.builds(Actor, st.just("T1"), HOSTILE_TEXT, HOSTILE_TEXT)),
    ended_at=st.just(NOW),
    numbers=st.fixed_dictionaries({"from": HOSTILE_TEXT, "to": HOSTILE_TEXT}),
    is_final=st.booleans(),
    is_recorded=st.booleans(),
)


@few_examples
@given(
    action=st.sampled_from([Action.HANG_UP, Action.REDIRECT]),
    outcome=OUTCOMES,
    reason=HOSTILE_TEXT,
    target=HOSTILE_TEXT,
    audience=AUDIENCES,
)
def test_slack_takes_any_result(
    action: Action, outcome: Outcome, reason: str, target: str, audience: Audience
) -> None:
    change = a_change(action, reason=reason, target=target)

    assert_slack_takes(result_card(change, outcome, audience=audience, place=PLACE))


@few_examples
@given(rows=st.lists(ROWS, max_size=30), audience=AUDIENCES, more=st.booleans())
def test_slack_takes_any_page_of_the_log(
    rows: list[Any], audience: Audience, *, more: bool
) -> None:
    page = AuditPage(rows=rows, next_before_seq=5 if more else None)

    assert_slack_takes(
        audit_page(page, AuditQuery(), sealed_filters="", audience=audience, place=PLACE)
    )
    assert_slack_takes(call_history(sid(1), page, sealed_filters="", audience=audience))


@given(reason=HOSTILE_TEXT, name=HOSTILE_TEXT, audience=AUDIENCES)
def test_slack_takes_any_freeze(reason: str, name: str, audience: Audience) -> None:
    freeze = Freeze(by=Actor("T1", name, name), since=NOW, reason=reason)

    assert_slack_takes(freeze_announcement(freeze, audience=audience, place=PLACE))


@given(
    st.lists(
        st.builds(HelpRow, usage=HOSTILE_TEXT, example=HOSTILE_TEXT, description=HOSTILE_TEXT),
        max_size=60,
    )
)
def test_slack_takes_any_help(rows: list[HelpRow]) -> None:
    assert_slack_takes(help_page(rows, role=Role.ADMIN, ask=("U0ADA",), place=PLACE))


@pytest.mark.parametrize("character", ["&", "x", "😀"])
def test_the_longest_list_is_within_what_a_message_may_hold(character: str) -> None:
    long = character * 5000
    facts = {"status": long, "direction": long, "from_number": long, "to_number": long}
    calls = [a_call(number, **facts) for number in range(10)]
    children = [a_child(100 + number, of=number // 4, **facts) for number in range(40)]
    words = ["since:1d", "limit:1000", "longer:1s"]

    view = live_list(
        a_listing(*calls, *children, is_cut_off=True),
        filters=parse_call_filters(words, now=NOW),
        state=PageValue(1, "s" * LONGEST_SEAL),
        now=NOW,
        audience=Audience(names={long: "x" + long}, can_act=True),
        banner="Hung up. " * 1000,
        is_log_down=True,
    )

    assert len(view.blocks) == 25
    assert_slack_takes(view)


@pytest.mark.parametrize("character", ["&", "x", "😀"])
def test_the_longest_page_of_the_log_is_within_what_a_message_may_hold(character: str) -> None:
    long = character * 5000
    row = a_row(
        seq=10**15,
        event=long,
        action=long,
        details={"reason": long, "status_after": long},
        personal=dict.fromkeys(("from", "to", "reason", "target", "actor_name"), long),
        note=long,
        actor_user_id=long,
    )

    view = audit_page(
        AuditPage(rows=[row] * 50, next_before_seq=1),
        AuditQuery(),
        sealed_filters="s" * LONGEST_SEAL,
        audience=OPERATORS,
        place=PLACE,
    )

    assert "35 more do not fit" in str(view.blocks)
    assert_slack_takes(view)


@given(st.integers(1, 20_000))
def test_a_notice_of_any_length_is_cut_between_its_entities(length: int) -> None:
    assert_slack_takes(notice("&amp;" * length))


@pytest.mark.parametrize(
    "blocks",
    [
        [{"type": "divider"}],
        [{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}],
        [{"type": "table", "block_id": "a"}, {"type": "data_table", "block_id": "b"}],
        [
            {
                "type": "actions",
                "block_id": "a",
                "elements": [{"action_id": "x"}, {"action_id": "x"}],
            }
        ],
        [{"type": "actions", "block_id": "a", "elements": [{"style": "red"}]}],
        [{"type": "section", "block_id": "a", "accessory": {"confirm": {"style": "red"}}}],
        [{"type": "section", "block_id": "a", "text": {"text": "x" * 11_001}}],
    ],
)
def test_what_the_builder_lets_through_is_refused_here(blocks: list[dict[str, Any]]) -> None:
    with pytest.raises(InvalidBlocksError):
        check_blocks(blocks)
