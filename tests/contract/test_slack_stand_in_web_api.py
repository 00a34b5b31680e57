"""The Web API of the Slack stand-in, called by Slack's own client and by plain HTTP."""

import asyncio
import json
import math
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.manifest import SCOPES
from tests.contract.slack_stand_in_bot import BOT_TOKEN, Json, Stage, actions, button

CHANNELS = ("C1", "G1", "D1")
MORE_SCOPES = {"im:write", "usergroups:read"}

pytest_plugins = ("tests.contract.slack_stand_in_fixture",)


async def _called(stage: Stage, method: str, **args: Any) -> Json:
    """What the method answers over HTTP, form-encoded, whether or not it is ok."""
    headers = {"Authorization": f"Bearer {BOT_TOKEN}"}
    async with stage.http.post(stage.slack.api_url + method, data=args, headers=headers) as answer:
        body: Json = await answer.json()
        return body


async def test_auth_test_names_the_app_and_the_scopes_of_its_manifest(stage: Stage) -> None:
    response = await stage.web_client.auth_test()

    assert response["team_id"] == "T0SANDBOX"
    assert response["user_id"] == stage.slack.workspace.app.bot_user_id
    headers = {name.lower(): value for name, value in response.headers.items()}
    assert set(headers["x-oauth-scopes"].split(",")) == set(SCOPES)


@pytest.mark.parametrize(
    ("token", "code"), [(None, "not_authed"), ("xoxb-somebody-else", "invalid_auth")]
)
async def test_token_is_asked_for(stage: Stage, token: str | None, code: str) -> None:
    stranger = AsyncWebClient(token=token, base_url=stage.slack.api_url, session=stage.http)

    with pytest.raises(SlackApiError) as refusal:
        await stranger.auth_test()

    assert refusal.value.response["error"] == code


async def test_token_may_stand_in_the_form_and_is_not_written_down(stage: Stage) -> None:
    async with stage.http.post(
        f"{stage.slack.api_url}auth.test", data={"token": BOT_TOKEN}
    ) as answer:
        body = await answer.json()

    assert body["ok"] is True
    assert stage.slack.api_calls[-1].args == {}


async def test_api_test_needs_no_token_and_says_back_what_it_was_told(stage: Stage) -> None:
    anybody = AsyncWebClient(base_url=stage.slack.api_url, session=stage.http)

    answer = await anybody.api_test(foo="bar")
    with pytest.raises(SlackApiError, match="my_error"):
        await anybody.api_test(error="my_error")

    assert answer["args"] == {"foo": "bar"}


async def test_who_is_not_known_is_told_of_no_scopes(stage: Stage) -> None:
    async with stage.http.post(f"{stage.slack.api_url}auth.test", data={"token": "x"}) as answer:
        assert "X-OAuth-Scopes" not in answer.headers


@pytest.mark.parametrize(
    ("method", "args", "scope"),
    [
        ("conversations.open", {"users": "UANA"}, "im:write"),
        ("usergroups.users.list", {"usergroup": "S1"}, "usergroups:read"),
    ],
)
async def test_what_the_manifest_does_not_ask_for_is_refused_with_the_missing_scope(
    stage: Stage, method: str, args: dict[str, str], scope: str
) -> None:
    answer = await _called(stage, method, **args)

    assert (answer["error"], answer["needed"]) == ("missing_scope", scope)
    assert answer["provided"] == ",".join(sorted(SCOPES))


@pytest.mark.parametrize(
    ("taken_away", "channel_id"),
    [("channels:read", "C1"), ("groups:read", "G1"), ("im:read", "D1")],
)
async def test_each_kind_of_channel_has_a_scope_of_its_own(
    stage: Stage, taken_away: str, channel_id: str
) -> None:
    stage.slack.workspace.add_channel("public", channel_id="C1")
    stage.slack.workspace.add_channel("private", channel_id="G1", is_private=True)
    stage.slack.workspace.add_channel("direct", channel_id="D1", is_im=True)
    stage.slack.web_api.scopes.remove(taken_away)

    answers = {each: await _called(stage, "conversations.info", channel=each) for each in CHANNELS}

    assert answers.pop(channel_id)["needed"] == taken_away
    assert [other["ok"] for other in answers.values()] == [True, True]


async def test_unknown_method_is_unknown(stage: Stage) -> None:
    assert (await _called(stage, "chat.shout"))["error"] == "unknown_method"


async def test_call_is_written_down_with_its_answer(stage: Stage) -> None:
    blocks = [actions(button("Open"))]

    await stage.web_client.chat_postMessage(channel=stage.ops.id, text="hi", blocks=blocks)
    await _called(
        stage, "chat.postMessage", channel=stage.ops.id, text="hi", blocks=json.dumps(blocks)
    )

    for call in stage.slack.api_calls:
        assert call.method == "chat.postMessage"
        assert call.args["blocks"] == blocks
        assert call.response is not None
        assert call.response["ok"] is True
    first, second = (call.response for call in stage.slack.api_calls)
    assert first is not None
    assert second is not None
    assert first["ts"] < second["ts"]


async def test_message_is_posted_updated_and_deleted_for_everybody(stage: Stage) -> None:
    posted = await stage.web_client.chat_postMessage(channel=stage.ops.id, text="a call")
    (message,) = stage.seen_by(stage.ben)

    await stage.web_client.chat_update(channel=stage.ops.id, ts=posted["ts"], text="ended")
    assert (message.text, message.edited_at) == ("ended", stage.clock.now)
    link = await stage.web_client.chat_getPermalink(channel=stage.ops.id, message_ts=posted["ts"])
    assert link["permalink"].endswith(f"/{stage.ops.id}/p{posted['ts'].replace('.', '')}")
    await stage.web_client.chat_delete(channel=stage.ops.id, ts=posted["ts"])

    assert stage.seen_by(stage.ben) == []


async def test_reply_stays_in_its_thread(stage: Stage) -> None:
    posted = await stage.web_client.chat_postMessage(channel=stage.ops.id, text="a call")

    await stage.web_client.chat_postMessage(
        channel=stage.ops.id, text="more", thread_ts=posted["ts"]
    )

    assert stage.seen_by(stage.ana)[-1].thread_ts == posted["ts"]


async def test_update_of_metadata_alone_leaves_the_text(stage: Stage) -> None:
    posted = await stage.web_client.chat_postMessage(channel=stage.ops.id, text="a call")
    metadata = {"event_type": "call", "event_payload": {"sid": "CA1"}}

    await _called(
        stage,
        "chat.update",
        channel=stage.ops.id,
        ts=posted["ts"],
        metadata=json.dumps(metadata),
    )

    (message,) = stage.seen_by(stage.ana)
    assert (message.text, message.metadata) == ("a call", metadata)


async def test_ephemeral_message_is_seen_by_one_and_never_updated(stage: Stage) -> None:
    sent = await stage.web_client.chat_postEphemeral(
        channel=stage.ops.id, user=stage.ana.id, text="for you"
    )

    assert [message.text for message in stage.seen_by(stage.ana)] == ["for you"]
    assert stage.seen_by(stage.ben) == []
    answer = await _called(
        stage, "chat.update", channel=stage.ops.id, ts=sent["message_ts"], text="changed"
    )
    assert answer["error"] == "cant_update_message"


async def test_id_of_a_person_means_the_direct_conversation(stage: Stage) -> None:
    stage.slack.web_api.scopes |= MORE_SCOPES
    opened = await stage.web_client.conversations_open(users=stage.ana.id)

    posted = await stage.web_client.chat_postMessage(channel=stage.ana.id, text="hi")

    assert posted["channel"] == opened["channel"]["id"]
    direct = stage.slack.workspace.messages_for(stage.ana.id, posted["channel"])
    assert [message.text for message in direct] == ["hi"]
    assert stage.slack.workspace.messages_for(stage.ben.id, posted["channel"]) == []


@pytest.mark.parametrize(
    ("method", "args", "code"),
    [
        ("chat.postMessage", {"channel": "CNONE", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "COUTSIDE", "text": "x"}, "not_in_channel"),
        ("chat.postMessage", {"channel": "CSECRET", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "COLD", "text": "x"}, "is_archived"),
        ("chat.postMessage", {"channel": "CIN"}, "no_text"),
        ("chat.postMessage", {"channel": "CIN", "blocks": "{"}, "invalid_blocks_format"),
        ("chat.postMessage", {"channel": "CIN", "blocks": '[{"type":"x"}]'}, "invalid_blocks"),
        (
            "chat.postMessage",
            {"channel": "CIN", "text": "x", "attachments": '[{"text":"x"}]'},
            "invalid_attachments",
        ),
        (
            "chat.postMessage",
            {"channel": "CIN", "text": "x", "metadata": '{"event_type":1}'},
            "invalid_metadata_format",
        ),
        ("chat.postEphemeral", {"channel": "CIN", "text": "x"}, "invalid_arguments"),
        (
            "chat.postEphemeral",
            {"channel": "CIN", "text": "x", "user": "UNONE"},
            "user_not_in_channel",
        ),
        ("chat.update", {"channel": "CIN", "ts": "1.2", "text": "x"}, "message_not_found"),
        ("chat.update", {"channel": "COUTSIDE", "ts": "1.2", "text": "x"}, "not_in_channel"),
        ("chat.update", {"channel": "UANA", "ts": "1.2", "text": "x"}, "channel_not_found"),
        ("chat.delete", {"channel": "CIN", "ts": "1.2"}, "message_not_found"),
        ("chat.getPermalink", {"channel": "CIN", "message_ts": "1.2"}, "message_not_found"),
        ("conversations.info", {"channel": "CSECRET"}, "channel_not_found"),
        ("conversations.open", {}, "users_list_not_supplied"),
        ("conversations.open", {"users": "UNONE"}, "user_not_found"),
        ("users.info", {"user": "UNONE"}, "user_not_found"),
        ("usergroups.users.list", {"usergroup": "SNONE"}, "no_such_subteam"),
        ("views.open", {"view": "{"}, "invalid_arguments"),
        ("views.update", {"view_id": "VNONE"}, "not_found"),
        ("apps.connections.open", {}, "not_allowed_token_type"),
    ],
)
async def test_refusals_carry_slacks_own_codes(
    stage: Stage, method: str, args: dict[str, str], code: str
) -> None:
    stage.slack.web_api.scopes |= MORE_SCOPES
    workspace = stage.slack.workspace
    workspace.add_user("anabel", user_id="UANA")
    workspace.add_channel("in", channel_id="CIN", members=[stage.ana])
    workspace.add_channel("outside", channel_id="COUTSIDE", app_is_member=False)
    workspace.add_channel("secret", channel_id="CSECRET", app_is_member=False, is_private=True)
    workspace.add_channel("old", channel_id="COLD", is_archived=True)

    answer = await _called(stage, method, **args)

    assert (answer["ok"], answer["error"]) == (False, code)
    assert workspace.messages == []


async def test_message_of_somebody_else_is_not_the_apps_to_change(stage: Stage) -> None:
    stage.bot.says({"response_type": "in_channel", "text": "two calls"})
    await stage.slack.command(stage.ana.id, stage.ops.id, "/calls post")
    echo = stage.seen_by(stage.ben)[0]
    where = {"channel": stage.ops.id, "ts": echo.ts}

    update = await _called(stage, "chat.update", **where, text="mine")
    delete = await _called(stage, "chat.delete", **where)

    assert update["error"] == "cant_update_message"
    assert delete["error"] == "cant_delete_message"


async def test_text_is_cut_on_posting_and_refused_on_updating(stage: Stage) -> None:
    posted = await stage.web_client.chat_postMessage(channel=stage.ops.id, text="x" * 40_001)

    update = await _called(
        stage, "chat.update", channel=stage.ops.id, ts=posted["ts"], text="x" * 4_001
    )

    assert len(stage.seen_by(stage.ana)[0].text) == 40_000
    assert update["error"] == "msg_too_long"
    assert [each.severity for each in stage.slack.workspace.complaints] == ["warning"]


async def test_people_and_channels_are_told_of(stage: Stage) -> None:
    workspace = stage.slack.workspace
    guest = workspace.add_user("gus", is_restricted=True, tz="Europe/London")
    stranger = workspace.add_user("sid", team_id="T0ELSEWHERE")
    shared = workspace.add_channel("shared", members=[stage.ana, stranger], is_shared=True)
    workspace.usergroups["S1"] = [stage.ana.id]
    stage.slack.web_api.scopes |= MORE_SCOPES

    gus = (await stage.web_client.users_info(user=guest.id))["user"]
    sid = (await stage.web_client.users_info(user=stranger.id))["user"]
    channel = (await stage.web_client.conversations_info(channel=shared.id))["channel"]
    group = await stage.web_client.usergroups_users_list(usergroup="S1")

    assert (gus["is_restricted"], gus["team_id"], gus["tz"]) == (True, "T0SANDBOX", "Europe/London")
    assert "is_stranger" not in gus
    assert (sid["is_stranger"], sid["team_id"]) == (True, "T0ELSEWHERE")
    assert (channel["is_ext_shared"], channel["is_member"]) == (True, True)
    assert channel["num_members"] == 3
    assert group["users"] == [stage.ana.id]


async def test_messages_of_one_channel_come_one_a_second_after_a_burst(stage: Stage) -> None:
    other = stage.slack.workspace.add_channel("other")
    for _ in range(4):
        await stage.web_client.chat_postMessage(channel=stage.ops.id, text="x")

    with pytest.raises(SlackApiError) as refusal:
        await stage.web_client.chat_postMessage(channel=stage.ops.id, text="x")
    await stage.web_client.chat_postMessage(channel=other.id, text="x")
    stage.clock.advance(1)
    await stage.web_client.chat_postMessage(channel=stage.ops.id, text="x")

    assert refusal.value.response.status_code == 429
    assert refusal.value.response["error"] == "ratelimited"
    assert refusal.value.response.headers["Retry-After"] == "1"
    assert len(stage.slack.workspace.messages) == 6


async def test_rates_are_scaled_and_lifted(stage: Stage) -> None:
    stage.slack.web_api.scopes |= MORE_SCOPES
    stage.slack.rates.scale = 0.05
    await _called(stage, "usergroups.users.list", usergroup="S1")
    assert (await _called(stage, "usergroups.users.list"))["error"] == "ratelimited"

    stage.slack.rates.scale = math.inf

    assert (await _called(stage, "usergroups.users.list"))["error"] == "invalid_arguments"


async def test_fault_strikes_the_next_times_and_then_no_more(stage: Stage) -> None:
    stage.slack.faults.fail("users.info", "internal_error", times=2)

    answers = [await _called(stage, "users.info", user=stage.ana.id) for _ in range(3)]

    assert [answer.get("error") for answer in answers] == ["internal_error", "internal_error", None]


async def test_standing_fault_lasts_until_cleared(stage: Stage) -> None:
    stage.slack.faults.fail("*", "fatal_error", times=None)
    for _ in range(3):
        assert (await _called(stage, "auth.test"))["error"] == "fatal_error"

    stage.slack.faults.clear()

    assert (await _called(stage, "auth.test"))["ok"] is True


async def test_rate_limit_on_demand_says_when_to_come_back(stage: Stage) -> None:
    stage.slack.faults.rate_limit("auth.test", retry_after_s=7)

    with pytest.raises(SlackApiError) as refusal:
        await stage.web_client.auth_test()

    assert refusal.value.response.status_code == 429
    assert refusal.value.response.headers["Retry-After"] == "7"


@pytest.mark.parametrize("is_after_acting", [True, False])
async def test_breakdown_happens_before_or_after_acting(
    stage: Stage, *, is_after_acting: bool
) -> None:
    stage.slack.faults.break_down("chat.postMessage", is_after_acting=is_after_acting)

    async with stage.http.post(
        f"{stage.slack.api_url}chat.postMessage",
        json={"channel": stage.ops.id, "text": "hi"},
        headers={"Authorization": f"Bearer {BOT_TOKEN}"},
    ) as answer:
        assert answer.status == 500

    assert len(stage.seen_by(stage.ana)) == int(is_after_acting)


async def test_slow_answer_comes_late(stage: Stage) -> None:
    stage.slack.faults.slow("auth.test", delay_s=0.1)
    loop = asyncio.get_running_loop()
    started = loop.time()

    await stage.web_client.auth_test()

    assert loop.time() - started >= 0.1


@pytest.mark.parametrize("is_after_acting", [True, False])
async def test_silence_lasts_longer_than_the_asker(stage: Stage, *, is_after_acting: bool) -> None:
    stage.slack.faults.silence("chat.postMessage", is_after_acting=is_after_acting)
    call = stage.http.post(
        f"{stage.slack.api_url}chat.postMessage",
        json={"channel": stage.ops.id, "text": "hi"},
        headers={"Authorization": f"Bearer {BOT_TOKEN}"},
        timeout=aiohttp.ClientTimeout(total=0.1),
    )

    with pytest.raises(TimeoutError):
        await call

    assert len(stage.seen_by(stage.ana)) == int(is_after_acting)
