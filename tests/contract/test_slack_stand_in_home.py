"""Home tabs and events of the Slack stand-in."""

import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError

from tests.contract.slack_stand_in_bot import Json, Stage, actions, button, modal

pytest_plugins = ("tests.contract.slack_stand_in_fixture",)


async def test_home_tab_is_published_opened_and_clicked(stage: Stage) -> None:
    home = {"type": "home", "blocks": [actions(button("Refresh"))]}
    published = await stage.web_client.views_publish(user_id=stage.ana.id, view=home)
    opened = await stage.slack.open_home(stage.ana.id)

    clicked = await stage.slack.click(
        stage.ana.id, stage.slack.workspace.home_views[stage.ana.id], text="Refresh"
    )

    event = opened.payload["event"]
    assert (event["type"], event["tab"], event["user"]) == (
        "app_home_opened",
        "home",
        stage.ana.id,
    )
    assert event["view"]["id"] == published["view"]["id"] == clicked.payload["view"]["id"]
    assert stage.bot.received[0].is_signed
    assert opened.payload["event_id"].startswith("Ev")


async def test_home_tab_is_not_for_modals_nor_for_nobody(stage: Stage) -> None:
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await stage.web_client.views_publish(user_id=stage.ana.id, view=modal())
    with pytest.raises(SlackApiError, match="user_not_found"):
        await stage.web_client.views_publish(user_id="UNOBODY", view={"type": "home", "blocks": []})


async def test_home_tab_published_over_a_newer_one_is_a_conflict(stage: Stage) -> None:
    home: Json = {"type": "home", "blocks": []}
    first = await stage.web_client.views_publish(user_id=stage.ana.id, view=home)
    await stage.web_client.views_publish(user_id=stage.ana.id, view=home)

    with pytest.raises(SlackApiError, match="hash_conflict"):
        await stage.web_client.views_publish(
            user_id=stage.ana.id, view=home, hash=first["view"]["hash"]
        )


async def test_any_event_is_sent_in_slacks_envelope(stage: Stage) -> None:
    delivery = await stage.slack.send_event("tokens_revoked", tokens={"bot": ["U1"]})

    received = stage.bot.received[0]
    assert received.is_signed
    assert received.headers["Content-Type"] == "application/json"
    assert received.payload == delivery.payload
    assert received.payload["type"] == "event_callback"
    assert received.payload["event"] == {"type": "tokens_revoked", "tokens": {"bot": ["U1"]}}


async def test_event_that_the_app_fails_to_take_comes_again_three_times(stage: Stage) -> None:
    stage.bot.says(status=500)

    delivery = await stage.slack.open_home(stage.ana.id)

    assert (delivery.outcome, delivery.retry_attempt) == ("http_500", 3)
    assert [
        (one.headers.get("X-Slack-Retry-Num"), one.headers.get("X-Slack-Retry-Reason"))
        for one in stage.bot.received
    ] == [(None, None), ("1", "http_error"), ("2", "http_error"), ("3", "http_error")]
    assert len({one.payload["event_id"] for one in stage.bot.received}) == 1
    assert all(one.is_signed for one in stage.bot.received)


async def test_app_can_forbid_that_an_event_comes_again(stage: Stage) -> None:
    async def refuse(_payload: Json) -> web.Response:
        return web.Response(status=500, headers={"X-Slack-No-Retry": "1"})

    stage.bot.answer = refuse

    await stage.slack.open_home(stage.ana.id)

    assert len(stage.bot.received) == 1


async def test_what_a_person_did_never_comes_again(stage: Stage) -> None:
    stage.bot.says(status=500)

    await stage.slack.command(stage.ana.id, stage.ops.id, "/calls")

    assert len(stage.bot.received) == 1
