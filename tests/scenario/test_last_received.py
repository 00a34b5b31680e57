"""When the newest request of each kind came from Slack, as the metrics tell it."""

from __future__ import annotations

import time

import aiohttp
import pytest

from bot.domain.audit import Surface
from bot.slack.views.redirect_modal import TARGET_BLOCK
from bot.web.metrics import LAST_RECEIVED, SURFACE_LABEL
from tests.scenario.company import ANA, Company
from tests.scenario.home_tab import open_home


def last_received(company: Company) -> dict[str, float]:
    """By kind, in seconds since the epoch."""
    registry = company.bot.metrics.registry
    told = {
        surface.value: registry.get_sample_value(LAST_RECEIVED, {SURFACE_LABEL: surface})
        for surface in Surface
    }
    return {surface: at for surface, at in told.items() if at is not None}


async def test_each_kind_is_noted_when_it_comes_and_no_other(company: Company) -> None:
    call = company.twilio.network.call_in_progress()
    began_at = time.time()
    assert last_received(company) == {}

    await company.say(ANA, "/calls")
    assert [*last_received(company)] == ["command"]
    await company.click(ANA, "Redirect…", call=call)
    assert [*last_received(company)] == ["command", "button"]
    await company.submit(ANA, {TARGET_BLOCK: "hold-music"})
    assert [*last_received(company)] == ["command", "button", "modal"]
    await open_home(company, ANA)
    assert [*last_received(company)] == ["command", "button", "modal", "home"]

    assert all(began_at <= at <= time.time() for at in last_received(company).values())


async def test_the_newest_of_a_kind_counts(company: Company) -> None:
    await company.say(ANA, "/calls help")
    first = last_received(company)["command"]

    await company.say(ANA, "/calls help")

    assert last_received(company)["command"] > first


async def test_a_command_that_is_not_understood_has_come_nonetheless(company: Company) -> None:
    await company.say(ANA, "/calls abracadabra")

    assert [*last_received(company)] == ["command"]


@pytest.mark.parametrize("signature", ["", "v0=" + "0" * 64])
async def test_what_slack_has_not_signed_is_not_noted(company: Company, signature: str) -> None:
    headers = {
        "X-Slack-Request-Timestamp": str(int(time.time())),
        "X-Slack-Signature": signature,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            str(company.slack.request_url), data="command=/calls&text=help", headers=headers
        ) as answer,
    ):
        assert answer.status == 401

    assert last_received(company) == {}
