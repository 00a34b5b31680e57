"""Socket Mode in the Slack stand-in, as an app on Slack's own unmodified client meets it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import Channel, Message, SlackStandIn, User
from bot.sandbox.slack.sockets import Reason
from tests.contract.slack_stand_in_bot import (
    BOT_TOKEN,
    SIGNING_SECRET,
    Clock,
    Json,
    actions,
    button,
    modal,
)

APP_TOKEN = "xapp-1-A0SANDBOX-1-stand-in"
# So soon Slack's client finds out that a connection is gone; one that is silent for four times as
# long it gives up, as it would be whenever the machine stalls.
PING_EVERY_S = 0.5


class LittleSocketApp:
    """An app on Slack's own client, which remembers all and answers as it is told."""

    def __init__(self, api_url: str) -> None:
        self.received: list[SocketModeRequest] = []
        self.frames: list[Json] = []
        self.answer: Json | None = None
        self.is_silent = False
        self.client = SocketModeClient(
            APP_TOKEN, web_client=AsyncWebClient(base_url=api_url), ping_interval=PING_EVERY_S
        )
        self.client.message_listeners.append(self._remember)
        self.client.socket_mode_request_listeners.append(self._respond)

    async def _remember(
        self, _client: AsyncBaseSocketModeClient, frame: Json, _raw: str | None = None
    ) -> None:
        self.frames.append(frame)

    async def _respond(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        self.received.append(request)
        if not self.is_silent:
            ack: Json = {"envelope_id": request.envelope_id}
            if self.answer is not None:
                ack["payload"] = self.answer
            await client.send_socket_mode_response(ack)


class Stage:
    """A workspace with one person in one channel, whose app has connections."""

    def __init__(self, slack: SlackStandIn, clock: Clock) -> None:
        self.slack, self.clock = slack, clock
        self.ana: User = slack.workspace.add_user("ana")
        self.ops: Channel = slack.workspace.add_channel("ops", members=[self.ana])
        self.web_client = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
        self.apps: list[LittleSocketApp] = []

    async def connect(self) -> LittleSocketApp:
        """One more connection, of an app of its own."""
        app = LittleSocketApp(self.slack.api_url)
        self.apps.append(app)
        before = len(self.slack.sockets.open)
        await app.client.connect()  # type: ignore[no-untyped-call] # Slack's client is half typed
        await self.slack.until(lambda: len(self.slack.sockets.open) > before)
        return app

    async def command(self, text: str = "/calls") -> Any:
        return await self.slack.command(self.ana.id, self.ops.id, text)

    async def post(self, *blocks: Json) -> Message:
        await self.web_client.chat_postMessage(channel=self.ops.id, text="card", blocks=blocks)
        return self.slack.workspace.messages[-1]

    def seen(self) -> list[str]:
        return [each.text for each in self.slack.workspace.messages_for(self.ana.id, self.ops.id)]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with _stage() as here:
        yield here


@asynccontextmanager
async def _stage() -> AsyncIterator[Stage]:
    clock = Clock()
    slack = SlackStandIn(
        bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET, app_token=APP_TOKEN, clock=clock
    )
    async with slack:
        here = Stage(slack, clock)
        try:
            yield here
        finally:
            for app in here.apps:
                await app.client.close()  # type: ignore[no-untyped-call] # likewise


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while True:
            if holds():
                return
            await asyncio.sleep(0.01)


async def test_a_connection_begins_with_hello(stage: Stage) -> None:
    app = await stage.connect()
    await until(lambda: app.frames)

    (hello,) = app.frames
    assert (hello["type"], hello["num_connections"]) == ("hello", 1)
    assert hello["connection_info"] == {"app_id": stage.slack.workspace.app.app_id}


async def test_a_command_arrives_in_an_envelope_and_the_ack_answers_it(stage: Stage) -> None:
    app = await stage.connect()
    app.answer = {"text": "no calls"}

    delivery = await stage.command("/calls help")

    (request,) = app.received
    assert (request.type, request.accepts_response_payload) == ("slash_commands", True)
    assert (request.retry_attempt, request.retry_reason) == (0, "")
    assert request.payload == delivery.payload
    assert (delivery.outcome, stage.seen()) == ("ok", ["no calls"])


async def test_clicks_modals_and_events_have_their_types(stage: Stage) -> None:
    app = await stage.connect()
    message = await stage.post(actions(button("Open")))
    await stage.slack.click(stage.ana.id, message, text="Open")
    trigger_id = app.received[0].payload["trigger_id"]
    await stage.web_client.views_open(trigger_id=trigger_id, view=modal(callback_id="where"))
    await stage.slack.submit(
        stage.ana.id, stage.slack.workspace.views[stage.ana.id][-1], {"target": "there"}
    )
    await stage.slack.open_home(stage.ana.id)

    assert [
        (each.type, each.payload["type"], each.accepts_response_payload) for each in app.received
    ] == [
        ("interactive", "block_actions", False),
        ("interactive", "view_submission", True),
        ("events_api", "event_callback", False),
    ]


async def test_the_ack_of_a_modal_says_what_becomes_of_it(stage: Stage) -> None:
    app = await stage.connect()
    await stage.slack.click(stage.ana.id, await stage.post(actions(button("Open"))), text="Open")
    trigger_id = app.received[0].payload["trigger_id"]
    await stage.web_client.views_open(trigger_id=trigger_id, view=modal(callback_id="where"))
    view = stage.slack.workspace.views[stage.ana.id][-1]
    app.answer = {"response_action": "errors", "errors": {"target": "Nobody is there"}}

    await stage.slack.submit(stage.ana.id, view, {"target": "there"})

    assert view.errors == {"target": "Nobody is there"}


async def test_a_payload_in_the_ack_of_a_click_is_complained_of(stage: Stage) -> None:
    app = await stage.connect()
    app.answer = {"text": "done"}

    await stage.slack.click(stage.ana.id, await stage.post(actions(button("Open"))), text="Open")

    (complaint,) = stage.slack.workspace.complaints
    assert complaint.message == "no payload fits a interactive"


async def test_no_ack_in_time_is_operation_timeout(stage: Stage) -> None:
    app = await stage.connect()
    app.is_silent, stage.slack.ack_timeout_s = True, 0.05

    delivery = await stage.command()

    assert delivery.outcome == "timeout"
    assert stage.seen() == ['/calls failed with the error "operation_timeout"']
    await until(lambda: len(app.received) == 1)


async def test_an_event_without_ack_comes_again_through_other_connections(stage: Stage) -> None:
    first, second = await stage.connect(), await stage.connect()
    first.is_silent, stage.slack.ack_timeout_s = True, 1.0

    delivery = await stage.slack.open_home(stage.ana.id)

    assert [each.retry_attempt for each in first.received] == [0]
    assert [(each.retry_attempt, each.retry_reason) for each in second.received] == [(1, "timeout")]
    assert first.received[0].payload == second.received[0].payload
    assert delivery.outcome == "ok"


async def test_envelopes_go_to_one_connection_each_in_turn(stage: Stage) -> None:
    first, second = await stage.connect(), await stage.connect()

    for _ in range(4):
        await stage.command()

    assert (len(first.received), len(second.received)) == (2, 2)


async def test_slacks_own_client_comes_back_after_a_refresh(stage: Stage) -> None:
    await stage.connect()
    (before,) = stage.slack.sockets.open

    await stage.slack.sockets.refresh()

    await until(lambda: any(each is not before for each in stage.slack.sockets.open))
    assert (await stage.command()).outcome == "ok"


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_the_end_of_a_connection_is_announced(stage: Stage, reason: Reason) -> None:
    answer = await stage.web_client.apps_connections_open(app_token=APP_TOKEN)
    async with aiohttp.ClientSession() as session, session.ws_connect(answer["url"]) as socket:
        await socket.receive_json()
        await stage.slack.sockets.refresh(reason=reason, closes_after_s=0)

        announced = await socket.receive_json()
        ended = await socket.receive()

    assert (announced["type"], announced["reason"]) == ("disconnect", reason)
    assert ended.type is aiohttp.WSMsgType.CLOSE


async def test_with_debug_reconnects_a_connection_is_warned_and_soon_refreshed(
    stage: Stage,
) -> None:
    sockets = stage.slack.sockets
    assert (sockets.lasts_s, sockets.debug_lasts_s) == (18_060, 360)
    sockets.debug_lasts_s, sockets.warns_before_s = 0.2, 0.1
    address = (await stage.web_client.apps_connections_open(app_token=APP_TOKEN))["url"]

    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{address}&debug_reconnects=true") as socket,
    ):
        frames = [await socket.receive_json() for _ in range(3)]
        ended = await socket.receive()

    assert [(frame["type"], frame.get("reason")) for frame in frames] == [
        ("hello", None),
        ("disconnect", "warning"),
        ("disconnect", "refresh_requested"),
    ]
    assert ended.type is aiohttp.WSMsgType.CLOSE


async def test_the_address_can_ask_for_debug_reconnects_by_itself(stage: Stage) -> None:
    plain = (await stage.web_client.apps_connections_open(app_token=APP_TOKEN))["url"]
    stage.slack.sockets.adds_debug_reconnects = True

    debugged = await stage.connect()
    await until(lambda: debugged.frames)

    assert "debug_reconnects" not in plain
    assert debugged.frames[0]["debug_info"]["approximate_connection_time"] == 360


async def test_slacks_own_client_comes_back_after_a_drop(stage: Stage) -> None:
    await stage.connect()

    stage.slack.sockets.drop()

    assert (await stage.command()).shown_error == '/calls failed with the error "dispatch_failed"'
    await stage.slack.until(lambda: stage.slack.sockets.open)
    assert (await stage.command()).outcome == "ok"


async def test_what_was_not_acknowledged_when_the_connection_ends_has_failed(stage: Stage) -> None:
    app = await stage.connect()
    app.is_silent = True
    deed = asyncio.create_task(stage.command())
    await until(lambda: app.received)

    stage.slack.sockets.drop()

    assert (await deed).outcome in {"timeout", "refused"}


async def test_the_eleventh_connection_is_one_too_many(stage: Stage) -> None:
    stage.slack.sockets.most = 1
    await stage.connect()

    answer = await stage.web_client.apps_connections_open(app_token=APP_TOKEN)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(answer["url"]) as surplus,
    ):
        frame = await surplus.receive_json()

    assert (frame["type"], frame["reason"]) == ("disconnect", "too_many_websockets")
    assert len(stage.slack.sockets.open) == 1


async def test_ten_connections_are_allowed(stage: Stage) -> None:
    assert stage.slack.sockets.most == 10


async def test_socket_mode_that_was_turned_off_refuses_connections(stage: Stage) -> None:
    await stage.slack.sockets.disable()

    answer = await stage.web_client.apps_connections_open(app_token=APP_TOKEN)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(answer["url"]) as refused,
    ):
        frame = await refused.receive_json()

    assert frame["reason"] == "link_disabled"


async def test_a_ticket_opens_one_connection_and_soon_expires(stage: Stage) -> None:
    used = (await stage.web_client.apps_connections_open(app_token=APP_TOKEN))["url"]
    old = (await stage.web_client.apps_connections_open(app_token=APP_TOKEN))["url"]
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(used):
            pass
        stage.clock.advance(timedelta(seconds=31).total_seconds())

        for ticket in (used, old):
            with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
                await session.ws_connect(ticket)


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (BOT_TOKEN, "not_allowed_token_type"),
        ("xapp-1-A0OTHER-1-other", "invalid_auth"),
    ],
)
async def test_only_the_app_level_token_opens_connections(
    stage: Stage, token: str, code: str
) -> None:
    with pytest.raises(SlackApiError) as refusal:
        await stage.web_client.apps_connections_open(app_token=token)

    assert refusal.value.response["error"] == code


async def test_the_app_level_token_needs_its_scope_and_opens_nothing_else(stage: Stage) -> None:
    with pytest.raises(SlackApiError) as not_allowed:
        await stage.web_client.auth_test(token=APP_TOKEN)
    stage.slack.web_api.app_scopes.clear()
    with pytest.raises(SlackApiError) as missing:
        await stage.web_client.apps_connections_open(app_token=APP_TOKEN)

    assert not_allowed.value.response["error"] == "not_allowed_token_type"
    assert missing.value.response["error"] == "missing_scope"
    assert missing.value.response["needed"] == "connections:write"


async def test_connections_that_are_opened_too_often_are_limited(stage: Stage) -> None:
    for _ in range(10):
        await stage.web_client.apps_connections_open(app_token=APP_TOKEN)

    with pytest.raises(SlackApiError) as refusal:
        await stage.web_client.apps_connections_open(app_token=APP_TOKEN)

    assert refusal.value.response.status_code == 429
    assert refusal.value.response.headers["Retry-After"] == "60"


async def test_without_an_app_token_nothing_opens() -> None:
    plain = SlackStandIn(bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET)
    async with plain:
        client = AsyncWebClient(base_url=plain.api_url)

        with pytest.raises(SlackApiError) as refusal:
            await client.apps_connections_open(app_token=APP_TOKEN)

    assert refusal.value.response["error"] == "invalid_auth"


async def test_frames_that_acknowledge_nothing_are_complained_of(stage: Stage) -> None:
    app = await stage.connect()

    await app.client.send_message('{"type": "ack"}')
    await app.client.send_message("not even JSON")

    await until(lambda: len(stage.slack.workspace.complaints) == 2)
