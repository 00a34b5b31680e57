"""The whole bot in Socket Mode: the job, refreshes, lost connections, repeats, nonsense."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.sandbox.slack import Delivery, SlackStandIn
from bot.sandbox.slack.sockets import PING_EVERY_S
from bot.sandbox.twilio import Call
from bot.slack import socket_mode
from bot.slack.socket_connection import MOST_AT_ONCE
from bot.slack.socket_mode import CONNECTIONS
from bot.slack.views.redirect_modal import TARGET_BLOCK, URL_BLOCK
from tests.scenario.company import (
    ANA,
    APP_TOKEN,
    SUPPORT,
    SUPPORT_LINE,
    Company,
)
from tests.scenario.company import company as company_at_work
from tests.scenario.reading import shown
from tests.scenario.sockets import OPEN, is_up
from tests.scenario.trouble import log_taken, until

HANG_UP = {"Status": "completed"}


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    """Everybody at work, the bot in Socket Mode without a signing secret."""
    async with company_at_work(
        f"sqlite:///{tmp_path}/hookflash.db", SLACK_APP_TOKEN=APP_TOKEN, SLACK_SIGNING_SECRET=""
    ) as here:
        await until(lambda: is_up(here.slack))
        yield here


@pytest.fixture
async def http(company: Company) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of what the bot answers over HTTP; Slack no longer knows where that is."""
    address = str(company.slack.request_url).removesuffix("/slack/events")
    company.slack.request_url = None
    async with aiohttp.ClientSession(address) as session:
        yield session


@pytest.fixture
def call(company: Company) -> Call:
    """The one live call."""
    return company.twilio.network.call_in_progress(to=SUPPORT_LINE)


def asked_to_open(slack: SlackStandIn) -> list[float]:
    """When the bot asked for a connection, in seconds."""
    return [each.at.timestamp() for each in slack.api_calls if each.method == OPEN]


async def test_the_main_job_needs_no_address_of_the_bot(company: Company, call: Call) -> None:
    await company.say(ANA, "/calls")
    await company.click(ANA, "Details", call=call)
    await company.click(ANA, "Redirect…")
    await company.submit(ANA, {TARGET_BLOCK: "hold-music"})
    await company.say(ANA, "/calls")
    await company.click(ANA, "Hang up", call=call)

    assert call.status == "completed"
    assert [list(change) for change in company.changes_sent()] == [["Twiml"], ["Status"]]
    assert all(delivery.is_ok and delivery.envelope for delivery in company.slack.deliveries)
    assert company.slack.workspace.complaints == []
    assert (ANA, "hang_up succeeded") in await company.events()


async def test_a_modal_is_told_what_is_wrong_at_its_field(company: Company, call: Call) -> None:
    await company.say(ANA, "/calls")
    await company.click(ANA, "Redirect…", call=call)
    form = company.modal(ANA)

    await company.submit(ANA, {TARGET_BLOCK: "url", URL_BLOCK: "http://voice.example.com/"})

    assert list(form.errors) == [URL_BLOCK]
    assert company.changes_sent() == []


async def test_over_http_only_health_and_metrics_answer(
    company: Company, http: aiohttp.ClientSession
) -> None:
    await company.say(ANA, "/calls help")

    async with http.post("/slack/events", data="command=/calls") as events:
        assert events.status == 404
    async with http.get("/healthz") as healthz:
        assert healthz.status == 200
    async with http.get("/readyz") as readyz:
        assert await readyz.json() == {
            "ready": True,
            "parts": {"database": True, "slack_socket": True},
        }
    async with http.get("/metrics") as metrics:
        assert "hookflash_slack_ack_seconds_count 1.0" in await metrics.text()


async def test_no_click_is_lost_or_doubled_while_slack_refreshes_every_connection(
    company: Company,
) -> None:
    calls = [company.twilio.network.call_in_progress(to=SUPPORT_LINE) for _ in range(24)]
    first = list(company.slack.sockets.open)
    fewest = [len(first)]
    company.slack.subscribe(lambda: fewest.append(len(company.slack.sockets.open)))

    async def hang_all_up() -> list[Delivery]:
        deeds = []
        for one in calls:
            deeds.append(
                asyncio.create_task(company.slack.command(ANA, SUPPORT, f"/calls hangup {one.sid}"))
            )
            await asyncio.sleep(0.06)
        return await asyncio.gather(*deeds)

    deeds, _ = await asyncio.gather(
        hang_all_up(), company.slack.sockets.refresh(closes_after_s=1.0)
    )
    await company.at_rest()

    assert [deed.outcome for deed in deeds] == ["ok"] * len(calls)
    assert [company.twilio.updates(one.sid) for one in calls] == [[HANG_UP]] * len(calls)
    assert min(fewest) >= CONNECTIONS
    assert not {*first} & {*company.slack.sockets.open}


async def test_no_click_is_lost_or_doubled_while_slack_ends_one_connection_after_the_other(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with `debug_reconnects`, only that these connections live for a second."""
    monkeypatch.setattr(socket_mode, "LASTING_S", 0.1)  # so that none of them seems to be no good
    sockets = company.slack.sockets
    company.slack.rates.scale = math.inf
    sockets.adds_debug_reconnects, sockets.debug_lasts_s, sockets.warns_before_s = True, 1.0, 0.6
    await sockets.refresh()
    before = len(asked_to_open(company.slack))
    calls = [company.twilio.network.call_in_progress(to=SUPPORT_LINE) for _ in range(60)]

    deeds = []
    for one in calls:
        deeds.append(
            asyncio.create_task(company.slack.command(ANA, SUPPORT, f"/calls hangup {one.sid}"))
        )
        await asyncio.sleep(0.05)
    outcomes = [(await deed).outcome for deed in deeds]
    await company.at_rest()

    assert len(asked_to_open(company.slack)) - before >= 5
    assert outcomes == ["ok"] * len(calls)
    assert [company.twilio.updates(one.sid) for one in calls] == [[HANG_UP]] * len(calls)


async def test_connections_are_opened_one_after_the_other(company: Company) -> None:
    company.slack.faults.slow(OPEN, delay_s=0.3, times=2)
    before = len(asked_to_open(company.slack))

    await company.slack.sockets.refresh(reason="warning", closes_after_s=1.0)

    first, second = asked_to_open(company.slack)[before:]
    assert second - first >= 0.3


async def test_after_both_connections_broke_the_bot_comes_back(
    company: Company, http: aiohttp.ClientSession, call: Call
) -> None:
    company.slack.sockets.drop()
    lost = await company.slack.command(ANA, SUPPORT, f"/calls hangup {call.sid}")
    await until(lambda: is_up(company.slack))

    await company.say(ANA, f"/calls hangup {call.sid}")

    assert lost.shown_error == '/calls failed with the error "dispatch_failed"'
    assert company.twilio.updates(call.sid) == [HANG_UP]
    async with http.get("/readyz") as readyz:
        assert readyz.status == 200


async def test_a_connection_that_went_silent_is_given_up_and_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_mode, "PING_EVERY_S", 0.4)
    database_url = f"sqlite:///{tmp_path}/hookflash.db"
    async with company_at_work(database_url, SLACK_APP_TOKEN=APP_TOKEN) as company:
        await until(lambda: is_up(company.slack))
        silent = list(company.slack.sockets.open)

        company.slack.sockets.freeze()

        # Slack itself would notice only later than that.
        await until(
            lambda: len({*company.slack.sockets.open} - {*silent}) == CONNECTIONS,
            within_s=PING_EVERY_S,
        )


async def test_a_slack_that_refuses_is_asked_again_until_it_takes_the_bot(
    company: Company, http: aiohttp.ClientSession
) -> None:
    company.slack.faults.break_down(OPEN, status=503)
    company.slack.faults.fail(OPEN, "internal_error")
    company.slack.faults.rate_limit(OPEN, retry_after_s=2)
    before = len(asked_to_open(company.slack))
    company.slack.sockets.drop()

    async with http.get("/readyz") as readyz:
        assert readyz.status == 503
        assert (await readyz.json())["parts"] == {"database": True, "slack_socket": False}
    await until(lambda: is_up(company.slack), within_s=40)

    asked = asked_to_open(company.slack)[before:]
    assert asked[3] - asked[2] >= 2
    assert len(asked) == 3 + CONNECTIONS


async def test_socket_mode_turned_off_and_on_again_is_survived(company: Company) -> None:
    await company.slack.sockets.disable()
    await until(lambda: not company.slack.sockets.open)
    company.slack.sockets.is_link_enabled = True

    await until(lambda: is_up(company.slack))

    assert (await company.say(ANA, "/calls help")).is_ok


async def test_a_request_that_comes_again_through_the_other_connection_changes_nothing_more(
    company: Company, call: Call
) -> None:
    company.slack.sockets.holds_acks, company.slack.ack_timeout_s = True, 0.4
    first = await company.say(ANA, f"/calls hangup {call.sid}")
    company.slack.sockets.holds_acks, company.slack.ack_timeout_s = False, 60.0

    again = await company.slack.redeliver(first)
    await company.at_rest()

    first_socket, second_socket = [each.socket for each in company.slack.sockets.envelopes]
    assert first_socket is not second_socket
    assert (first.outcome, again.outcome) == ("timeout", "ok")
    assert company.twilio.updates(call.sid) == [HANG_UP]
    assert await company.events() == [(ANA, "hang_up requested"), (ANA, "hang_up succeeded")]


async def test_a_connection_lost_before_the_ack_takes_nothing_away(
    company: Company, call: Call, tmp_path: Path
) -> None:
    async with log_taken(f"sqlite:///{tmp_path}/hookflash.db"):
        deed = asyncio.create_task(company.slack.command(ANA, SUPPORT, f"/calls hangup {call.sid}"))
        await until(lambda: len(company.slack.sockets.envelopes) == 1)
        await asyncio.sleep(0.1)
        company.slack.sockets.drop()
    lost = await deed
    await company.at_rest()
    await until(lambda: is_up(company.slack))
    again = await company.slack.redeliver(lost)
    await company.at_rest()

    assert not lost.is_ok
    assert again.is_ok
    assert company.twilio.updates(call.sid) == [HANG_UP]
    assert "Hung up by" in shown(company.posted()[-1])


async def test_what_another_process_may_have_done_is_not_told_as_not_done(
    company: Company, call: Call, tmp_path: Path
) -> None:
    """The envelope says that it comes again."""
    first = await company.say(ANA, f"/calls hangup {call.sid}")
    company.bot.changes._accepted.clear()

    async with log_taken(f"sqlite:///{tmp_path}/hookflash.db"):
        await company.slack.redeliver(first)

    assert "*not known here* whether the call will be hung up" in shown(company.last(ANA))


async def test_an_error_is_acknowledged_in_words(
    company: Company, call: Call, tmp_path: Path
) -> None:
    async with log_taken(f"sqlite:///{tmp_path}/hookflash.db"):
        delivery = await company.say(ANA, f"/calls hangup {call.sid}")

    assert delivery.is_ok
    assert "It was *not* done" in shown(company.last(ANA))
    assert company.changes_sent() == []


NONSENSE: list[Any] = [
    None,
    7,
    [],
    {"command": 7},
    {"type": "block_actions", "actions": "all of them"},
    {"type": "block_actions", "actions": [{"action_id": "unknown"}], "user": {"id": ANA}},
    {"type": "view_submission", "view": []},
]


@pytest.mark.parametrize("payload", NONSENSE, ids=json.dumps)
async def test_a_payload_that_makes_no_sense_is_refused_as_over_http(
    company: Company, payload: object
) -> None:
    sockets = company.slack.sockets

    def envelope(kind: str) -> dict[str, Any]:
        return {
            "envelope_id": kind,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind == "slash_commands",
        }

    answer = await sockets.deliver(envelope("slash_commands"), timeout_s=3)
    nothing = await sockets.deliver(envelope("events_api"), timeout_s=3)
    with pytest.raises(TimeoutError):
        await sockets.deliver(envelope("interactive"), timeout_s=0.3)

    assert "nothing was done" in str(answer)
    assert nothing is None
    assert (await company.say(ANA, "/calls help")).is_ok


async def test_frames_that_make_no_sense_end_no_connection(company: Company) -> None:
    before = list(company.slack.sockets.open)

    for text in ("", "hello?", "[]", "7", '{"type": "news"}', '{"envelope_id": 7}', "📞"):
        await company.slack.sockets.send_text(text)

    assert (await company.say(ANA, "/calls help")).is_ok
    assert {*company.slack.sockets.open} == {*before}


async def test_so_many_are_answered_at_once_and_the_rest_right_after(
    company: Company, tmp_path: Path
) -> None:
    calls = [company.twilio.network.call_in_progress(to=SUPPORT_LINE) for _ in range(100)]

    async with log_taken(f"sqlite:///{tmp_path}/hookflash.db"):
        deeds = [
            asyncio.create_task(company.slack.command(ANA, SUPPORT, f"/calls hangup {one.sid}"))
            for one in calls
        ]
        await until(lambda: being_answered() == MOST_AT_ONCE)
        await asyncio.sleep(0.2)
        at_most = being_answered()
    deliveries = await asyncio.gather(*deeds)

    assert at_most == MOST_AT_ONCE
    assert {delivery.outcome for delivery in deliveries} == {"ok"}


def being_answered() -> int:
    """How many of Slack's requests are being worked on."""
    return sum(task.get_name() == "answer Slack" for task in asyncio.all_tasks())


async def test_what_slack_sends_and_its_addresses_stay_out_of_the_log(
    company: Company, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="bot")

    await company.say(ANA, "/calls hangup +14155550123 a secret reason")
    await company.slack.sockets.refresh()
    await company.slack.sockets.send_text('{"secret": "reason"}')
    await until(lambda: is_up(company.slack))

    ours = [record for record in caplog.records if record.name.startswith("bot.")]
    assert any("Slack ends a connection" in record.message for record in ours)
    told = " ".join(str(record.__dict__) for record in ours)
    assert [word for word in ("secret", "ticket", "+1415", "xapp") if word in told] == []
