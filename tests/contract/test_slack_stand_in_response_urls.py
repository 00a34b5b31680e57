"""Response URLs of the Slack stand-in: five uses in half an hour."""

import pytest
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.sandbox.slack import Message
from tests.contract.slack_stand_in_bot import Json, Stage, actions, button

pytest_plugins = ("tests.contract.slack_stand_in_fixture",)


async def _of_command(stage: Stage) -> str:
    delivery = await stage.slack.command(stage.ana.id, stage.ops.id, "/calls")
    return str(delivery.payload["response_url"])


async def _of_click(stage: Stage, *, is_ephemeral: bool = False) -> tuple[Message, str]:
    """A message with a button, and the response URL of ana's click on it."""
    blocks = [actions(button("Open"))]
    if is_ephemeral:
        await stage.web_client.chat_postEphemeral(
            channel=stage.ops.id, user=stage.ana.id, text="a call", blocks=blocks
        )
    else:
        await stage.web_client.chat_postMessage(channel=stage.ops.id, text="a call", blocks=blocks)
    message = stage.slack.workspace.messages[-1]
    delivery = await stage.slack.click(stage.ana.id, message, text="Open")
    return message, str(delivery.payload["response_url"])


async def test_slacks_own_client_posts_to_it(stage: Stage) -> None:
    webhook = AsyncWebhookClient(await _of_command(stage), session=stage.http)

    response = await webhook.send(text="two calls")

    assert (response.status_code, response.body) == (200, "ok")
    assert [message.text for message in stage.seen_by(stage.ana)] == ["two calls"]
    assert stage.seen_by(stage.ben) == []


async def test_answer_in_channel_needs_no_membership(stage: Stage) -> None:
    outside = stage.slack.workspace.add_channel(
        "outside", members=[stage.ana, stage.ben], app_is_member=False
    )
    delivery = await stage.slack.command(stage.ana.id, outside.id, "/calls")

    await stage.post(
        delivery.payload["response_url"], {"text": "two calls", "response_type": "in_channel"}
    )

    seen = stage.slack.workspace.messages_for(stage.ben.id, outside.id)
    assert [message.text for message in seen] == ["two calls"]


async def test_sixth_use_is_refused(stage: Stage) -> None:
    url = await _of_command(stage)
    stage.slack.rates.scale = 10

    answers = [await stage.post(url, {"text": str(number)}) for number in range(6)]

    assert answers == [(200, "ok")] * 5 + [(404, "used_url")]
    assert len(stage.seen_by(stage.ana)) == 5


async def test_refused_body_is_no_use(stage: Stage) -> None:
    url = await _of_command(stage)
    stage.slack.rates.scale = 10

    senseless: list[object] = [{}, [], {"text": 1}]
    refused = [await stage.post(url, body) for body in senseless]
    taken = [await stage.post(url, {"text": str(number)}) for number in range(5)]

    assert refused == [
        (400, "no_text"),
        (400, "invalid_payload"),
        (400, "invalid_arguments"),
    ]
    assert taken == [(200, "ok")] * 5


async def test_after_half_an_hour_it_is_expired(stage: Stage) -> None:
    url = await _of_command(stage)
    stage.clock.advance(30 * 60)
    assert await stage.post(url, {"text": "just in time"}) == (200, "ok")

    stage.clock.advance(1)

    assert await stage.post(url, {"text": "too late"}) == (404, "expired_url")


async def test_url_that_slack_never_gave_is_not_found(stage: Stage) -> None:
    url = f"{stage.slack.url}/actions/T0SANDBOX/abc"

    assert await stage.post(url, {"text": "hi"}) == (404, "no_service")


@pytest.mark.parametrize("is_ephemeral", [True, False])
async def test_original_is_replaced_in_place(stage: Stage, *, is_ephemeral: bool) -> None:
    message, url = await _of_click(stage, is_ephemeral=is_ephemeral)

    await stage.post(url, {"text": "ended", "replace_original": True})

    assert stage.seen_by(stage.ana) == [message]
    assert (message.text, message.blocks) == ("ended", [])


@pytest.mark.parametrize("is_ephemeral", [True, False])
async def test_replacing_never_changes_who_sees_it(stage: Stage, *, is_ephemeral: bool) -> None:
    message, url = await _of_click(stage, is_ephemeral=is_ephemeral)
    other = "in_channel" if is_ephemeral else "ephemeral"

    await stage.post(url, {"text": "ended", "replace_original": True, "response_type": other})

    assert message.text == "ended"
    assert (stage.seen_by(stage.ben) == []) is is_ephemeral


async def test_original_is_deleted_and_then_gone(stage: Stage) -> None:
    message, url = await _of_click(stage)

    assert await stage.post(url, {"delete_original": True}) == (200, "ok")

    assert message.deleted
    gone = {"text": "x", "replace_original": True}
    assert await stage.post(url, gone) == (400, "message_not_found")


async def test_without_replace_original_a_new_message_comes(stage: Stage) -> None:
    message, url = await _of_click(stage)

    await stage.post(url, {"text": "for you"})

    assert [each.text for each in stage.seen_by(stage.ana)] == ["a call", "for you"]
    assert stage.seen_by(stage.ben) == [message]


async def test_url_of_a_command_replaces_nothing(stage: Stage) -> None:
    url = await _of_command(stage)
    await stage.post(url, {"text": "looking"})

    await stage.post(url, {"text": "two calls", "replace_original": True})

    assert [each.text for each in stage.seen_by(stage.ana)] == ["looking", "two calls"]
    assert await stage.post(url, {"delete_original": True}) == (400, "message_not_found")


async def test_answer_goes_into_the_thread_it_names(stage: Stage) -> None:
    message, url = await _of_click(stage)

    await stage.post(url, {"text": "more", "response_type": "in_channel", "thread_ts": message.ts})

    assert stage.seen_by(stage.ben)[-1].thread_ts == message.ts


async def test_wrong_blocks_are_refused_and_complained_of(stage: Stage) -> None:
    message, url = await _of_click(stage)
    wrong: Json = {"text": "x", "blocks": [{"type": "alert"}], "replace_original": True}

    assert await stage.post(url, wrong) == (400, "invalid_blocks")

    assert message.text == "a call"
    assert [each.where for each in stage.slack.workspace.complaints] == ["response_url"]


async def test_faults_strike_here_too(stage: Stage) -> None:
    url = await _of_command(stage)
    stage.slack.faults.rate_limit("response_url", retry_after_s=2)
    stage.slack.faults.fail("response_url", "used_url")
    stage.slack.faults.break_down("response_url")
    stage.slack.faults.fail("*", "fatal_error", times=None)

    answers = [await stage.post(url, {"text": "hi"}) for _ in range(4)]

    assert answers == [(429, "ratelimited"), (404, "used_url"), (500, "trouble"), (200, "ok")]


async def test_posts_that_come_too_fast_are_limited(stage: Stage) -> None:
    url = await _of_command(stage)

    answers = [await stage.post(url, {"text": "hi"}) for _ in range(5)]

    assert answers == [(200, "ok")] * 4 + [(429, "ratelimited")]
