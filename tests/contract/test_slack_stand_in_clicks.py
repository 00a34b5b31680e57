"""Clicks in messages of the Slack stand-in: what the app is told, and what people see after."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aiohttp import web

from bot.sandbox.slack import Message, NotPossibleError
from tests.contract.slack_stand_in_bot import Json, Stage, actions, button, plain

pytest_plugins = ("tests.contract.slack_stand_in_fixture",)

HANG_UP = button("Hang up", value="v1:CA1", style="danger")
MENU = {
    "type": "overflow",
    "action_id": "more",
    "options": [
        {"text": plain("History"), "value": "history"},
        {"text": plain("Site"), "value": "site", "url": "https://a.example"},
    ],
}
PICK = {
    "type": "static_select",
    "action_id": "pick",
    "options": [{"text": plain("Hold music"), "value": "hold"}],
}


async def _posted(
    stage: Stage, *elements: Json, to: str | None = None, before: Sequence[Json] = ()
) -> Message:
    """A message by the app with these elements, to everybody or to one person."""
    where: dict[str, Any] = {"channel": stage.ops.id, "text": "a call"}
    blocks = [*before, actions(*(elements or (HANG_UP,)))]
    if to is None:
        await stage.web_client.chat_postMessage(**where, blocks=blocks)
    else:
        await stage.web_client.chat_postEphemeral(**where, blocks=blocks, user=to)
    return stage.slack.workspace.messages[-1]


async def test_click_tells_all_that_slack_tells(stage: Stage) -> None:
    message = await _posted(stage)

    delivery = await stage.slack.click(stage.ana.id, message, text="Hang up")

    payload = stage.bot.received[0].payload
    assert stage.bot.received[0].is_signed
    assert delivery.outcome == "ok"
    assert payload.keys() == {
        "type",
        "user",
        "team",
        "enterprise",
        "is_enterprise_install",
        "api_app_id",
        "token",
        "trigger_id",
        "container",
        "channel",
        "message",
        "state",
        "response_url",
        "actions",
    }
    (action,) = payload["actions"]
    assert action.pop("action_ts")
    assert action == {**HANG_UP, "block_id": "row"}
    assert payload["user"] == {
        "id": stage.ana.id,
        "username": "ana",
        "name": "ana",
        "team_id": "T0SANDBOX",
    }
    assert payload["container"] == {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": stage.ops.id,
        "is_ephemeral": False,
    }
    assert payload["message"]["text"] == "a call"


async def test_ephemeral_message_is_not_sent_along(stage: Stage) -> None:
    message = await _posted(stage, to=stage.ana.id)

    delivery = await stage.slack.click(stage.ana.id, message, text="Hang up")

    assert delivery.payload["container"]["is_ephemeral"] is True
    assert "message" not in delivery.payload


async def test_nobody_clicks_what_only_another_person_sees(stage: Stage) -> None:
    message = await _posted(stage, to=stage.ana.id)

    with pytest.raises(NotPossibleError, match="does not see"):
        await stage.slack.click(stage.ben.id, message, text="Hang up")

    assert stage.bot.received == []


async def test_element_must_be_there_and_be_the_only_one(stage: Stage) -> None:
    twice = [button("Open", value="CA1"), {**button("Open", value="CA2"), "action_id": "open2"}]
    message = await _posted(stage, *twice)

    with pytest.raises(NotPossibleError, match="0 elements answer"):
        await stage.slack.click(stage.ana.id, message, text="Close")
    with pytest.raises(NotPossibleError, match="2 elements answer"):
        await stage.slack.click(stage.ana.id, message, text="Open")
    delivery = await stage.slack.click(stage.ana.id, message, text="Open", value="CA2")

    assert delivery.payload["actions"][0]["action_id"] == "open2"


async def test_confirm_dialog_is_found_as_data(stage: Stage) -> None:
    confirm = {
        "title": plain("Hang up this call?"),
        "text": plain("Ana will be cut off."),
        "confirm": plain("Hang up"),
        "deny": plain("Keep call"),
        "style": "danger",
    }
    message = await _posted(stage, {**HANG_UP, "confirm": confirm})

    found = stage.slack.find_element(stage.ana.id, message, text="Hang up")

    assert found.confirm == confirm


async def test_double_click_is_two_deliveries_with_their_own_ids(stage: Stage) -> None:
    message = await _posted(stage)

    first, second = await asyncio.gather(
        stage.slack.click(stage.ana.id, message, text="Hang up"),
        stage.slack.click(stage.ana.id, message, text="Hang up"),
    )

    assert first.payload["trigger_id"] != second.payload["trigger_id"]
    assert first.payload["actions"][0]["action_ts"] < second.payload["actions"][0]["action_ts"]
    assert len(stage.bot.received) == 2


async def test_redelivery_repeats_the_payload_under_a_fresh_signature(stage: Stage) -> None:
    message = await _posted(stage)
    first = await stage.slack.click(stage.ana.id, message, text="Hang up")
    stage.clock.advance(60)

    second = await stage.slack.redeliver(first)
    third = await stage.slack.redeliver(second)

    assert second.sent_body == first.sent_body
    assert stage.bot.received[1].is_signed
    assert second.headers["X-Slack-Signature"] != first.headers["X-Slack-Signature"]
    assert [each.headers.get("X-Slack-Retry-Num") for each in (first, second, third)] == [
        None,
        "1",
        "2",
    ]


async def test_card_seen_before_an_update_can_still_be_clicked(stage: Stage) -> None:
    message = await _posted(stage)
    stale = message.as_seen()
    await stage.web_client.chat_update(
        channel=stage.ops.id, ts=message.ts, text="ended", blocks=[{"type": "divider"}]
    )

    delivery = await stage.slack.click(stage.ana.id, stale, text="Hang up")

    assert delivery.payload["actions"][0]["value"] == "v1:CA1"
    assert delivery.payload["message"]["text"] == "ended"
    with pytest.raises(NotPossibleError, match="0 elements answer"):
        await stage.slack.click(stage.ana.id, message, text="Hang up")


async def test_deleted_message_cannot_be_clicked(stage: Stage) -> None:
    message = await _posted(stage)
    await stage.web_client.chat_delete(channel=stage.ops.id, ts=message.ts)

    with pytest.raises(NotPossibleError, match="does not see"):
        await stage.slack.click(stage.ana.id, message, text="Hang up")

    assert message.deleted


@pytest.mark.parametrize("option", ["History", "history"])
async def test_overflow_tells_the_option_chosen_by_label_or_value(
    stage: Stage, option: str
) -> None:
    message = await _posted(stage, MENU, HANG_UP)

    delivery = await stage.slack.click(stage.ana.id, message, option=option)

    (action,) = delivery.payload["actions"]
    assert action["type"] == "overflow"
    assert action["selected_option"] == {"text": plain("History"), "value": "history"}
    assert delivery.payload["state"] == {"values": {}}


async def test_menu_is_not_chosen_from_without_an_option(stage: Stage) -> None:
    message = await _posted(stage, MENU)

    with pytest.raises(NotPossibleError, match="which option"):
        await stage.slack.click(stage.ana.id, message, action_id="more")


async def test_what_one_person_selected_is_state_for_them_alone(stage: Stage) -> None:
    message = await _posted(stage, PICK, HANG_UP)
    await stage.slack.click(stage.ana.id, message, option="Hold music")

    by_ana = await stage.slack.click(stage.ana.id, message, text="Hang up")
    by_ben = await stage.slack.click(stage.ben.id, message, text="Hang up")

    chosen = by_ana.payload["state"]["values"]["row"]["pick"]["selected_option"]
    assert chosen["value"] == "hold"
    assert by_ben.payload["state"]["values"]["row"]["pick"]["selected_option"] is None


async def test_input_of_a_message_comes_back_with_a_click_as_it_was_put_in_or_typed(
    stage: Stage,
) -> None:
    field = {"type": "plain_text_input", "action_id": "input", "initial_value": "toll fraud"}
    reason = {
        "type": "input",
        "block_id": "reason",
        "label": {"type": "plain_text", "text": "Reason"},
        "element": field,
    }
    message = await _posted(stage, HANG_UP, before=[reason])

    untouched = await stage.slack.click(stage.ana.id, message, text="Hang up")
    typed = await stage.slack.click(
        stage.ana.id, message, text="Hang up", typed={"reason": "ticket 4711"}
    )
    emptied = await stage.slack.click(stage.ana.id, message, text="Hang up", typed={"reason": ""})

    values = [
        delivery.payload["state"]["values"]["reason"]["input"]["value"]
        for delivery in (untouched, typed, emptied)
    ]
    assert values == ["toll fraud", "ticket 4711", None]


async def test_select_of_people_takes_their_id(stage: Stage) -> None:
    message = await _posted(stage, {"type": "users_select", "action_id": "who"})

    delivery = await stage.slack.click(stage.ana.id, message, action_id="who", option=stage.ben.id)

    assert delivery.payload["actions"][0]["selected_user"] == stage.ben.id


async def test_checkboxes_take_one_option_or_several(stage: Stage) -> None:
    boxes = {
        "type": "checkboxes",
        "action_id": "boxes",
        "options": [{"text": plain(name), "value": name.lower()} for name in ("Ask", "Tell")],
    }
    message = await _posted(stage, boxes)

    delivery = await stage.slack.click(stage.ana.id, message, option="Tell")

    selected = delivery.payload["actions"][0]["selected_options"]
    assert [option["value"] for option in selected] == ["tell"]


async def test_elements_without_ids_are_given_some(stage: Stage) -> None:
    nameless = {"type": "button", "text": plain("Open")}
    message = await _posted(stage, nameless)

    delivery = await stage.slack.click(stage.ana.id, message, text="Open")

    assert delivery.payload["actions"][0]["action_id"]


async def test_failed_click_tells_the_person(stage: Stage) -> None:
    message = await _posted(stage)
    stage.bot.says("trouble", status=500)

    delivery = await stage.slack.click(stage.ana.id, message, text="Hang up")

    assert (delivery.status, delivery.outcome) == (500, "http_500")
    assert delivery.shown_error


async def test_stranger_clicks_with_their_own_team_in_ours(stage: Stage) -> None:
    stranger = stage.slack.workspace.add_user("sid", team_id="T0ELSEWHERE")
    stage.ops.members.add(stranger.id)
    message = await _posted(stage)

    delivery = await stage.slack.click(stranger.id, message, text="Hang up")

    assert delivery.payload["team"]["id"] == "T0SANDBOX"
    assert delivery.payload["user"]["team_id"] == "T0ELSEWHERE"


async def test_names_of_private_channels_are_kept_from_the_app(stage: Stage) -> None:
    board = stage.slack.workspace.add_channel("board", members=[stage.ana], is_private=True)
    await stage.web_client.chat_postMessage(
        channel=board.id, text="a call", blocks=[actions(HANG_UP)]
    )
    message = stage.slack.workspace.messages[-1]

    delivery = await stage.slack.click(stage.ana.id, message, text="Hang up")

    assert delivery.payload["channel"] == {"id": board.id, "name": "privategroup"}


async def test_until_waits_for_what_people_see(stage: Stage) -> None:
    message = await _posted(stage)
    updates: list[asyncio.Task[tuple[int, str]]] = []

    async def update_later(payload: Json) -> web.Response:
        ended = {"text": "ended", "replace_original": True}
        updates.append(asyncio.create_task(stage.post(payload["response_url"], ended)))
        return web.Response()

    stage.bot.answer = update_later
    await stage.slack.click(stage.ana.id, message, text="Hang up")

    await stage.slack.until(lambda: message.text == "ended")

    assert message.blocks == []
    with pytest.raises(TimeoutError):
        await stage.slack.until(lambda: message.text == "never", timeout_s=0.01)


async def test_subscriber_hears_of_changes_until_it_leaves(stage: Stage) -> None:
    heard: list[str] = []
    leave = stage.slack.subscribe(lambda: heard.append("changed"))
    await _posted(stage)
    count = len(heard)

    leave()
    await _posted(stage)

    assert count > 0
    assert len(heard) == count
