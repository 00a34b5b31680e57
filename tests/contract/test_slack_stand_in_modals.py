"""Modals of the Slack stand-in."""

from typing import Any

import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError

from bot.sandbox.slack import Delivery, NotPossibleError, View
from bot.sandbox.slack.answers import TROUBLE
from tests.contract.slack_stand_in_bot import (
    Json,
    Stage,
    actions,
    button,
    modal,
    plain,
    text_input,
)

pytest_plugins = ("tests.contract.slack_stand_in_fixture",)


async def _trigger_id(stage: Stage) -> str:
    delivery = await stage.slack.command(stage.ana.id, stage.ops.id, "/calls")
    return str(delivery.payload["trigger_id"])


async def _opened(stage: Stage, *blocks: Json, **extra: Any) -> View:
    """A modal on ana's screen."""
    await stage.web_client.views_open(
        trigger_id=await _trigger_id(stage), view=modal(*blocks, **extra)
    )
    return stage.slack.workspace.views[stage.ana.id][-1]


async def _submitted(stage: Stage, view: View, answer: Json | str) -> Delivery:
    stage.bot.says(answer)
    return await stage.slack.submit(stage.ana.id, view, {"target": "hold"})


def _stack(stage: Stage) -> list[View]:
    return stage.slack.workspace.views.get(stage.ana.id, [])


async def test_modal_opens_for_the_person_whose_trigger_it_was(stage: Stage) -> None:
    response = await stage.web_client.views_open(
        trigger_id=await _trigger_id(stage),
        view=modal(private_metadata="CA1", callback_id="redirect", external_id="x1"),
    )

    (view,) = _stack(stage)
    assert stage.slack.workspace.views.keys() == {stage.ana.id}
    assert response["view"]["id"] == view.id == view.root_view_id
    assert response["view"]["hash"] == view.hash
    assert response["view"]["callback_id"] == "redirect"
    assert response["view"]["private_metadata"] == "CA1"
    assert response["view"]["state"]["values"] == {
        "target": {"typed": {"type": "plain_text_input", "value": None}}
    }


@pytest.mark.parametrize(
    ("seconds", "uses_before", "code"),
    [(3.1, 0, "expired_trigger_id"), (0, 1, "exchanged_trigger_id")],
)
async def test_trigger_opens_once_and_within_three_seconds(
    stage: Stage, seconds: float, uses_before: int, code: str
) -> None:
    trigger_id = await _trigger_id(stage)
    for _ in range(uses_before):
        await stage.web_client.views_open(trigger_id=trigger_id, view=modal())
    stage.clock.advance(seconds)

    with pytest.raises(SlackApiError) as refusal:
        await stage.web_client.views_open(trigger_id=trigger_id, view=modal())

    assert refusal.value.response["error"] == code
    assert len(_stack(stage)) == uses_before


async def test_trigger_that_slack_never_gave_is_invalid(stage: Stage) -> None:
    with pytest.raises(SlackApiError, match="invalid_trigger_id"):
        await stage.web_client.views_open(trigger_id="1.2.abc", view=modal())


async def test_trigger_survives_a_refused_view(stage: Stage) -> None:
    trigger_id = await _trigger_id(stage)
    with pytest.raises(SlackApiError, match="invalid_arguments") as refusal:
        await stage.web_client.views_open(trigger_id=trigger_id, view={"type": "modal"})

    await stage.web_client.views_open(trigger_id=trigger_id, view=modal())

    messages = refusal.value.response["response_metadata"]["messages"]
    assert "[ERROR] missing required field: title [json-pointer:/view]" in messages
    assert len(stage.slack.workspace.complaints) == len(messages)
    assert len(_stack(stage)) == 1


async def test_stack_holds_three_and_shows_the_last(stage: Stage) -> None:
    first = await _opened(stage)
    for _ in range(2):
        await stage.web_client.views_push(trigger_id=await _trigger_id(stage), view=modal())

    with pytest.raises(SlackApiError, match="push_limit_reached"):
        await stage.web_client.views_push(trigger_id=await _trigger_id(stage), view=modal())

    second, third = _stack(stage)[1:]
    assert third.previous_view_id == second.id
    assert third.root_view_id == first.id
    with pytest.raises(NotPossibleError, match="before them"):
        await stage.slack.submit(stage.ana.id, first, {"target": "hold"})


async def test_push_needs_a_modal_to_push_onto(stage: Stage) -> None:
    with pytest.raises(SlackApiError, match="not_found"):
        await stage.web_client.views_push(trigger_id=await _trigger_id(stage), view=modal())


async def test_external_id_finds_a_view_and_is_taken_once(stage: Stage) -> None:
    view = await _opened(stage, external_id="calls:1")

    await stage.web_client.views_update(
        external_id="calls:1", view=modal(external_id="calls:1", callback_id="later")
    )

    assert view.callback_id == "later"
    with pytest.raises(SlackApiError, match="duplicate_external_id"):
        await stage.web_client.views_push(
            trigger_id=await _trigger_id(stage), view=modal(external_id="calls:1")
        )


async def test_update_with_an_old_hash_is_a_conflict(stage: Stage) -> None:
    view = await _opened(stage)
    old_hash = view.hash
    await stage.web_client.views_update(view_id=view.id, hash=old_hash, view=modal())

    with pytest.raises(SlackApiError, match="hash_conflict"):
        await stage.web_client.views_update(view_id=view.id, hash=old_hash, view=modal())

    assert view.hash != old_hash


async def test_update_keeps_what_was_typed_into_inputs_that_stay(stage: Stage) -> None:
    view = await _opened(stage)
    await _submitted(stage, view, {"response_action": "errors", "errors": {"target": "no"}})

    await stage.web_client.views_update(
        view_id=view.id, view=modal(text_input(), text_input("reason", initial_value="late"))
    )

    assert view.state["target"]["typed"]["value"] == "hold"
    assert view.state["reason"]["typed"]["value"] == "late"
    assert view.errors == {}


async def test_closed_view_is_not_found(stage: Stage) -> None:
    view = await _opened(stage)
    await stage.slack.close(stage.ana.id, view)

    with pytest.raises(SlackApiError, match="not_found"):
        await stage.web_client.views_update(view_id=view.id, view=modal())


async def test_submission_carries_the_view_and_its_state(stage: Stage) -> None:
    view = await _opened(stage, private_metadata="CA1")

    delivery = await _submitted(stage, view, "")

    payload = stage.bot.received[-1].payload
    assert payload["type"] == "view_submission"
    assert payload["view"]["private_metadata"] == "CA1"
    assert payload["view"]["state"]["values"]["target"]["typed"]["value"] == "hold"
    assert payload["response_urls"] == []
    assert delivery.outcome == "ok"


async def test_empty_answer_closes_the_top_view_only(stage: Stage) -> None:
    first = await _opened(stage)
    await stage.web_client.views_push(trigger_id=await _trigger_id(stage), view=modal())

    await _submitted(stage, _stack(stage)[-1], "")

    assert _stack(stage) == [first]


async def test_clear_closes_all(stage: Stage) -> None:
    await _opened(stage)
    await stage.web_client.views_push(trigger_id=await _trigger_id(stage), view=modal())

    await _submitted(stage, _stack(stage)[-1], {"response_action": "clear"})

    assert _stack(stage) == []


async def test_errors_stand_beside_their_inputs(stage: Stage) -> None:
    view = await _opened(stage)

    await _submitted(stage, view, {"response_action": "errors", "errors": {"target": "no"}})

    assert _stack(stage) == [view]
    assert view.errors == {"target": "no"}
    assert view.client_error is None


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"typed": "an action id"}},
        {"response_action": "errors", "errors": {"words": "no input"}},
        {"response_action": "errors", "errors": {"target": ""}},
        {"response_action": "errors"},
        {"response_action": "update", "view": {"type": "modal"}},
        {"response_action": "explode"},
        "done",
    ],
)
async def test_answer_without_sense_keeps_the_modal_and_tells_of_trouble(
    stage: Stage, answer: Json | str
) -> None:
    words = {"type": "section", "block_id": "words", "text": plain("Redirect")}
    view = await _opened(stage, words, text_input())

    delivery = await _submitted(stage, view, answer)

    assert _stack(stage) == [view]
    assert view.client_error == delivery.shown_error == TROUBLE
    assert view.errors == {}
    assert stage.slack.workspace.complaints


async def test_failed_submission_keeps_the_modal(stage: Stage) -> None:
    view = await _opened(stage)
    stage.bot.says("trouble", status=500)

    await stage.slack.submit(stage.ana.id, view, {"target": "hold"})

    assert view.client_error == TROUBLE
    assert stage.slack.workspace.complaints == []


async def test_answer_updates_or_pushes(stage: Stage) -> None:
    view = await _opened(stage)

    await _submitted(stage, view, {"response_action": "update", "view": modal(callback_id="2")})
    await _submitted(stage, view, {"response_action": "push", "view": modal(callback_id="3")})

    assert [each.callback_id for each in _stack(stage)] == ["2", "3"]
    assert _stack(stage)[0] is view


@pytest.mark.parametrize(
    ("element", "typed"),
    [
        ({}, ""),
        ({"min_length": 3}, "ab"),
        ({"max_length": 3}, "abcd"),
        ({"type": "email_text_input"}, "nobody"),
        ({"type": "url_text_input"}, "example"),
        ({"type": "number_input", "is_decimal_allowed": False}, "1.5"),
        ({"type": "number_input", "is_decimal_allowed": True, "max_value": "2"}, "2.5"),
        ({"type": "number_input", "is_decimal_allowed": True, "min_value": "2"}, "1.5"),
    ],
)
async def test_client_does_not_submit_what_an_input_does_not_take(
    stage: Stage, element: Json, typed: str
) -> None:
    view = await _opened(stage, text_input(**element))

    with pytest.raises(NotPossibleError, match="not complete"):
        await stage.slack.submit(stage.ana.id, view, {"target": typed})

    assert view.errors.keys() == {"target"}
    assert stage.bot.received[-1].payload.get("type") != "view_submission"


async def test_optional_input_may_stay_empty(stage: Stage) -> None:
    view = await _opened(stage, {**text_input(), "optional": True})

    delivery = await stage.slack.submit(stage.ana.id, view, {})

    assert delivery.payload["view"]["state"]["values"]["target"]["typed"]["value"] is None


async def test_option_is_chosen_by_label_within_an_action_id(stage: Stage) -> None:
    menu = {
        "type": "static_select",
        "action_id": "typed",
        "options": [{"text": plain("Hold music"), "value": "hold"}],
    }
    view = await _opened(stage, {**text_input(), "element": menu})

    delivery = await stage.slack.submit(stage.ana.id, view, {"target": {"typed": "Hold music"}})

    chosen = delivery.payload["view"]["state"]["values"]["target"]["typed"]["selected_option"]
    assert chosen["value"] == "hold"
    with pytest.raises(NotPossibleError):
        await stage.slack.submit(stage.ana.id, await _opened(stage), {"nowhere": "x"})


async def test_chosen_conversation_comes_with_a_response_url_where_asked_for(
    stage: Stage,
) -> None:
    select = {
        "type": "conversations_select",
        "action_id": "typed",
        "response_url_enabled": True,
    }
    view = await _opened(stage, {**text_input(), "element": select})

    delivery = await stage.slack.submit(stage.ana.id, view, {"target": stage.ops.id})
    (target,) = delivery.payload["response_urls"]
    await stage.post(target["response_url"], {"text": "done", "response_type": "in_channel"})

    assert target["channel_id"] == stage.ops.id
    assert stage.seen_by(stage.ben)[-1].text == "done"


async def test_app_hears_of_closing_only_when_it_asked(stage: Stage) -> None:
    silent = await _opened(stage)
    assert await stage.slack.close(stage.ana.id, silent) is None
    asked = await _opened(stage, notify_on_close=True)

    delivery = await stage.slack.close(stage.ana.id, asked, whole_stack=True)

    assert delivery is not None
    assert delivery.payload["type"] == "view_closed"
    assert delivery.payload["is_cleared"] is True
    assert "trigger_id" not in delivery.payload
    assert _stack(stage) == []


async def test_click_in_a_modal_has_a_view_and_neither_channel_nor_response_url(
    stage: Stage,
) -> None:
    view = await _opened(stage, actions(button("Test")), text_input(initial_value="hold"))

    delivery = await stage.slack.click(stage.ana.id, view, text="Test")

    assert delivery.payload["container"] == {"type": "view", "view_id": view.id}
    assert delivery.payload["view"]["hash"] == view.hash
    assert delivery.payload["view"]["state"]["values"]["target"]["typed"]["value"] == "hold"
    assert not delivery.payload.keys() & {"channel", "message", "response_url"}


async def test_trigger_of_a_click_in_a_modal_pushes_onto_it(stage: Stage) -> None:
    view = await _opened(stage, actions(button("Test")))

    async def push(payload: Json) -> web.Response:
        await stage.web_client.views_push(trigger_id=payload["trigger_id"], view=modal())
        return web.Response()

    stage.bot.answer = push
    await stage.slack.click(stage.ana.id, view, text="Test")

    assert [each.previous_view_id for each in _stack(stage)] == [None, view.id]


async def test_view_over_250_kb_is_too_large(stage: Stage) -> None:
    sections = [{"type": "section", "text": plain("x" * 3000)}] * 90

    with pytest.raises(SlackApiError, match="view_too_large"):
        await _opened(stage, *sections)
