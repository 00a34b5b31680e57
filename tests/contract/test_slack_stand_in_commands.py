"""Slash commands in the Slack stand-in, from the keyboard to what people see."""

import asyncio

import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from bot.sandbox.slack import NotPossibleError
from tests.contract.slack_stand_in_bot import SIGNING_SECRET, Json, Stage, actions, button

pytest_plugins = ("tests.contract.slack_stand_in_fixture",)


async def test_command_arrives_signed_with_the_fields_that_slack_documents(stage: Stage) -> None:
    delivery = await stage.slack.command(stage.ana.id, stage.ops.id, "/calls  hangup CA1 ")

    received = stage.bot.received[0]
    assert received.is_signed
    assert delivery.outcome == "ok"
    assert received.payload == delivery.payload
    assert received.payload.keys() == {
        "token",
        "team_id",
        "team_domain",
        "channel_id",
        "channel_name",
        "user_id",
        "user_name",
        "command",
        "text",
        "api_app_id",
        "is_enterprise_install",
        "response_url",
        "trigger_id",
    }
    assert received.payload["command"] == "/calls"
    assert received.payload["text"] == "hangup CA1"
    assert received.payload["user_id"] == stage.ana.id


async def test_signature_satisfies_slacks_own_verifier(stage: Stage) -> None:
    delivery = await stage.slack.command(stage.ana.id, stage.ops.id, "/calls")

    expected = SignatureVerifier(SIGNING_SECRET).generate_signature(
        timestamp=delivery.headers["X-Slack-Request-Timestamp"], body=delivery.sent_body
    )

    assert delivery.headers["X-Slack-Signature"] == expected


@pytest.mark.parametrize(
    ("typed", "arrives"),
    [
        ("by:@ana", "by:<@{ana}>"),
        ("@nobody", "@nobody"),
        ("in #ops", "in <#{ops}|ops>"),
        ("a & b < c > d", "a &amp; b &lt; c &gt; d"),
        ("https://a.example/x?y=1&z=2.", "<https://a.example/x?y=1&amp;z=2>."),
        (
            "<Play>https://a.example/@ana.mp3</Play>",
            "&lt;Play&gt;<https://a.example/@ana.mp3>&lt;/Play&gt;",
        ),
        ('<Dial url="https://a.example/b">', '&lt;Dial url="<https://a.example/b>"&gt;'),
        ("from:+442071838750", "from:+442071838750"),
    ],
)
async def test_text_is_escaped_as_slack_escapes_it(stage: Stage, typed: str, arrives: str) -> None:
    delivery = await stage.slack.command(stage.ana.id, stage.ops.id, f"/calls {typed}")

    assert delivery.payload["text"] == arrives.format(ana=stage.ana.id, ops=stage.ops.id)


async def test_private_channel_is_linked_without_its_name(stage: Stage) -> None:
    board = stage.slack.workspace.add_channel("board", is_private=True)

    delivery = await stage.slack.command(stage.ana.id, stage.ops.id, "/calls #board")

    assert delivery.payload["text"] == f"<#{board.id}|>"


async def test_phone_numbers_and_domains_become_links_where_the_client_does_so(
    stage: Stage,
) -> None:
    stage.slack.escaping.phone_numbers = True
    stage.slack.escaping.bare_domains = True

    delivery = await stage.slack.command(
        stage.ana.id, stage.ops.id, "/calls to:+1 415-555-2671 at example.com"
    )

    assert delivery.payload["text"] == (
        "to:<tel:+14155552671|+1 415-555-2671> at <http://example.com|example.com>"
    )


async def test_text_is_left_alone_without_should_escape(stage: Stage) -> None:
    stage.slack.escaping.should_escape = False

    delivery = await stage.slack.command(stage.ana.id, stage.ops.id, "/calls @ana <b>")

    assert delivery.payload["text"] == "@ana <b>"


async def test_plain_answer_is_shown_to_the_asker_alone(stage: Stage) -> None:
    stage.bot.says("no calls")

    await stage.slack.command(stage.ana.id, stage.ops.id, "/calls")

    assert [message.text for message in stage.seen_by(stage.ana)] == ["no calls"]
    assert stage.seen_by(stage.ben) == []


async def test_in_channel_answer_echoes_the_command(stage: Stage) -> None:
    stage.bot.says({"response_type": "in_channel", "text": "two calls"})

    await stage.slack.command(stage.ana.id, stage.ops.id, "/calls post")

    echo, answer = stage.seen_by(stage.ben)
    assert (echo.text, echo.user, echo.echo_of_command) == ("/calls post", stage.ana.id, True)
    assert answer.text == "two calls"


async def test_empty_answer_shows_nothing(stage: Stage) -> None:
    delivery = await stage.slack.command(stage.ana.id, stage.ops.id, "/calls")

    assert stage.seen_by(stage.ana) == []
    assert delivery.shown_error is None


async def test_answer_after_the_deadline_is_operation_timeout(stage: Stage) -> None:
    stage.slack.ack_timeout_s = 0.05

    async def too_late(_payload: Json) -> web.Response:
        await asyncio.sleep(0.2)
        return web.Response(text="too late")

    stage.bot.answer = too_late

    delivery = await stage.slack.command(stage.ana.id, stage.ops.id, "/calls")

    assert delivery.outcome == "timeout"
    assert delivery.shown_error == '/calls failed with the error "operation_timeout"'
    assert [message.text for message in stage.seen_by(stage.ana)] == [delivery.shown_error]


async def test_slack_waits_three_seconds(stage: Stage) -> None:
    assert stage.slack.ack_timeout_s == 3.0


@pytest.mark.parametrize("status", [404, 500])
async def test_any_status_but_200_is_dispatch_failed(stage: Stage, status: int) -> None:
    stage.bot.says("trouble", status=status)

    delivery = await stage.slack.command(stage.ana.id, stage.ops.id, "/calls")

    assert delivery.outcome == f"http_{status}"
    assert delivery.shown_error == '/calls failed with the error "dispatch_failed"'


async def test_app_that_does_not_listen_is_dispatch_failed(stage: Stage) -> None:
    stage.slack.request_url = "http://127.0.0.1:9/slack/events"

    delivery = await stage.slack.command(stage.ana.id, stage.ops.id, "/calls")

    assert delivery.outcome == "refused"
    assert delivery.shown_error == '/calls failed with the error "dispatch_failed"'


async def test_answer_with_wrong_blocks_is_refused_and_complained_of(stage: Stage) -> None:
    too_long = button("x" * 76)
    stage.bot.says({"text": "calls", "blocks": [actions(too_long)]})

    delivery = await stage.slack.command(stage.ana.id, stage.ops.id, "/calls")

    assert delivery.shown_error == '/calls failed with the error "invalid_blocks"'
    (complaint,) = stage.slack.workspace.complaints
    assert complaint.severity == "error"
    assert "[json-pointer:/blocks/0/elements/0/text/text]" in complaint.message


async def test_blocks_without_text_are_shown_but_complained_of(stage: Stage) -> None:
    stage.bot.says({"blocks": [{"type": "divider"}]})

    await stage.slack.command(stage.ana.id, stage.ops.id, "/calls")

    assert len(stage.seen_by(stage.ana)) == 1
    assert [each.severity for each in stage.slack.workspace.complaints] == ["warning"]


async def test_command_needs_a_slash_and_a_seat_in_the_channel(stage: Stage) -> None:
    outsider = stage.slack.workspace.add_user("cleo")

    with pytest.raises(NotPossibleError, match="slash"):
        await stage.slack.command(stage.ana.id, stage.ops.id, "calls")
    with pytest.raises(NotPossibleError, match="cleo is not in ops"):
        await stage.slack.command(outsider.id, stage.ops.id, "/calls")

    assert stage.bot.received == []


async def test_stranger_brings_their_own_team(stage: Stage) -> None:
    stranger = stage.slack.workspace.add_user("sid", team_id="T0ELSEWHERE")
    stage.ops.members.add(stranger.id)

    delivery = await stage.slack.command(stranger.id, stage.ops.id, "/calls")

    assert stranger.is_stranger
    assert delivery.payload["team_id"] == "T0ELSEWHERE"


async def test_anything_can_be_sent_rightly_or_wrongly_signed(stage: Stage) -> None:
    assert await stage.slack.send_signed(b"payload={}") == (200, "")
    assert await stage.slack.send_signed(b"payload={}", signature="v0=ff") == (200, "")
    assert await stage.slack.send_signed(b"payload={}", timestamp="soon") == (200, "")

    assert [received.is_signed for received in stage.bot.received] == [True, False, True]
    assert stage.bot.received[2].headers["X-Slack-Request-Timestamp"] == "soon"
