"""The modal that asks where to send a call, and what is read from it."""

import pytest
from inline_snapshot import snapshot

from bot.domain.calls import Conversation
from bot.domain.errors import InvalidTargetError
from bot.domain.redirects import NamedTarget, TwimlTarget, UrlTarget
from bot.slack.views.redirect_modal import (
    TARGET_BLOCK,
    TWIML_BLOCK,
    URL_BLOCK,
    block_of_target,
    redirect_modal,
    submitted_target,
)
from bot.slack.views.typed_inputs import REASON_BLOCK
from tests.unit.view_facts import (
    NOW,
    OPERATORS,
    a_call,
    a_child,
    everything,
    readable,
    sid,
)


def test_the_redirect_modal_asks_where_to() -> None:
    conversation = Conversation(a_call(1), (a_child(2),))

    view = redirect_modal(sid(1), conversation, private_metadata="{}", at=NOW, audience=OPERATORS)

    assert [block["block_id"] for block in view["blocks"]] == [
        "call",
        TARGET_BLOCK,
        URL_BLOCK,
        TWIML_BLOCK,
        REASON_BLOCK,
    ]
    assert "+33 1 40 00 00 00 will be cut off too." in everything(view)
    options = view["blocks"][1]["element"]["options"]
    assert readable([option["text"]["text"] for option in options]) == snapshot(
        ["Hold music", "Say sorry and hang up", "Back to the number's own flow", "A URL", "TwiML"]
    )


def test_the_redirect_modal_opens_before_the_call_is_known() -> None:
    view = redirect_modal(sid(1), None, private_metadata="", at=NOW, audience=OPERATORS)

    assert sid(1) in everything(view)


def test_a_stale_redirect_says_what_changed_and_keeps_what_was_put_in() -> None:
    before = redirect_modal(sid(1), None, private_metadata="", at=NOW, audience=OPERATORS)

    after = redirect_modal(
        sid(1), None, private_metadata="", at=NOW, audience=OPERATORS, changes=["Bo left."]
    )

    assert "Bo left." in str(after["blocks"][0])
    assert after["blocks"][1:] == before["blocks"]


@pytest.mark.parametrize(
    ("inputs", "target", "block_id"),
    [
        ({TARGET_BLOCK: "hold-music"}, NamedTarget("hold-music"), TARGET_BLOCK),
        (
            {TARGET_BLOCK: "url", URL_BLOCK: " https://x.example "},
            UrlTarget("https://x.example"),
            URL_BLOCK,
        ),
        (
            {TARGET_BLOCK: "twiml", TWIML_BLOCK: "<Response/>"},
            TwimlTarget("<Response/>"),
            TWIML_BLOCK,
        ),
    ],
)
def test_the_submitted_target_is_the_chosen_one(
    inputs: dict[str, str], target: object, block_id: str
) -> None:
    assert submitted_target(inputs) == target
    assert block_of_target(inputs) == block_id


@pytest.mark.parametrize(
    "inputs", [{}, {TARGET_BLOCK: "url", URL_BLOCK: " "}, {TARGET_BLOCK: "twiml"}]
)
def test_a_target_that_is_not_filled_in_is_refused(inputs: dict[str, str]) -> None:
    with pytest.raises(InvalidTargetError):
        submitted_target(inputs)
