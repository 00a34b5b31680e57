"""Events: the one that opens the Home tab, those that nobody listens to, and what is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.sandbox.twilio import Call
from tests.scenario.company import ANA, APP_TOKEN, BEN, SUPPORT_LINE, Company
from tests.scenario.company import company as company_at_work
from tests.scenario.home_tab import home, open_home
from tests.scenario.reading import shown
from tests.scenario.sockets import is_up
from tests.scenario.trouble import until

CALLER = "+14155550123"
PARTS = st.sampled_from(
    [
        "user",
        "tab",
        "channel",
        "team",
        "team_id",
        "event_id",
        "message",
        "item",
        "view",
        "authorizations",
        "is_ext_shared_channel",
        "enterprise",
        "enterprise_id",
        "bot_id",
        "subtype",
        "user_team",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["home", ANA, ""]),
    lambda children: st.lists(children, max_size=2) | st.dictionaries(PARTS, children, max_size=4),
    max_leaves=8,
)


@pytest.fixture
def call(company: Company) -> Call:
    """The one live call."""
    return company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)


async def test_the_tab_with_the_messages_is_left_alone(company: Company) -> None:
    await company.slack.send_event("app_home_opened", user=ANA, channel="D1", tab="messages")
    await company.at_rest()

    assert company.slack.workspace.home_views == {}


@pytest.mark.usefixtures("call")
async def test_an_event_that_comes_twice_does_no_harm(company: Company) -> None:
    delivery = await company.slack.open_home(ANA)

    again = await company.slack.redeliver(delivery)
    await company.at_rest()

    assert again.is_ok
    assert "1 live call" in shown(home(company, ANA))


async def test_the_tab_opens_through_socket_mode_too(tmp_path: Path) -> None:
    log = f"sqlite:///{tmp_path}/hookflash.db"
    async with company_at_work(log, SLACK_APP_TOKEN=APP_TOKEN, SLACK_SIGNING_SECRET="") as here:
        await until(lambda: is_up(here.slack))
        here.slack.request_url = None

        tab = await open_home(here, ANA)
        unknown = await here.slack.send_event("team_join", user={"id": BEN})

        assert "You are an operator" in shown(tab)
        assert unknown.is_ok


async def test_an_event_that_nobody_listens_to_is_taken(company: Company) -> None:
    delivery = await company.slack.send_event("team_join", user={"id": BEN})

    assert delivery.is_ok


async def test_slacks_question_for_the_address_is_answered(company: Company) -> None:
    status, body = await company.slack.send_signed(
        b'{"type": "url_verification", "token": "t", "challenge": "3eZbrw1a"}',
        content_type="application/json",
    )

    assert (status, body) == (200, '{"challenge": "3eZbrw1a"}')


@pytest.mark.parametrize(
    "event",
    [
        '{"type": "app_home_opened", "tab": "home"}',
        '{"type": "app_home_opened", "user": 5, "tab": "home"}',
        '{"type": 7}',
        "{}",
        "[]",
        "null",
    ],
)
async def test_an_event_that_makes_no_sense_is_refused(company: Company, event: str) -> None:
    body = f'{{"type": "event_callback", "team_id": "T1", "event_id": "E1", "event": {event}}}'

    status, _ = await company.slack.send_signed(body.encode(), content_type="application/json")

    assert status == 400


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    event=st.dictionaries(PARTS, JSON),
    around=st.dictionaries(PARTS, JSON, max_size=2),
    event_type=st.sampled_from(["app_home_opened", "message", "app_mention"]),
)
async def test_any_event_is_survived(
    company: Company, event: dict[str, Any], around: dict[str, Any], event_type: str
) -> None:
    payload = around | {"type": "event_callback", "event": event | {"type": event_type}}

    status, _ = await company.slack.send_signed(
        json.dumps(payload).encode(), content_type="application/json"
    )
    await company.at_rest()

    assert status < 500
