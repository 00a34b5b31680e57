"""The inspector of the sandbox: what goes over the wire, in order, without what is secret."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.sandbox.page.wire import MOST_SHOWN
from tests.contract.slack_stand_in_bot import BOT_TOKEN
from tests.scenario.sandbox_page import ACCOUNT_SID, SUPPORT, Page, page_at_work


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with page_at_work() as here:
        yield here


async def ask_slack(page: Page, method: str, **arguments: object) -> None:
    headers = {"Authorization": f"Bearer {BOT_TOKEN}"}
    async with page.http.post(
        f"{page.slack.api_url}{method}", json=arguments, headers=headers
    ) as response:
        await response.read()


async def ask_twilio(page: Page) -> None:
    url = f"{page.stage.twilio.url}/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json?Status=ringing"
    headers = {"Authorization": aiohttp.encode_basic_auth(ACCOUNT_SID, "b2" * 16)}
    async with page.http.get(url, headers=headers) as response:
        await response.read()


def lines_of(part: str) -> list[str]:
    """What stands in the line of each request, the newest first."""
    summaries = re.findall(r"<summary>(.*?)</summary>", part, re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", one)).split()) for one in summaries]


async def test_requests_stand_in_order_with_who_asked_whom_and_what_came_of_it(page: Page) -> None:
    await page.do("slack/say", text="/calls recent")
    await ask_twilio(page)
    response_url = page.app.received[0].payload["response_url"]
    async with page.http.post(response_url, json={"text": "here"}) as response:
        assert response.status == 200
    await ask_slack(page, "chat.postMessage", channel="C0NOWHERE", text="hi")

    lines = lines_of(await page.part("wire"))

    words = [re.sub(r"^[\d:.]+ | \d+ ms$", "", line) for line in lines]
    assert words == [
        "Hookflash → Slack chat.postMessage channel_not_found",
        "Hookflash → Slack response_url 200",
        "Hookflash → Twilio GET /Calls.json?Status=ringing 200",
        "Slack → Hookflash command /calls recent ok",
    ]
    assert all(re.search(r"^\d\d:\d\d:\d\d\.\d{3} .* \d+ ms$", line) for line in lines)


async def test_what_was_in_a_request_is_shown_but_no_token_of_anybody(page: Page) -> None:
    await page.do("slack/say", text="/calls")
    await ask_slack(page, "chat.postMessage", channel=SUPPORT, text="to be seen")
    payload = page.app.received[0].payload
    response_token = payload["response_url"].rpartition("/")[2]

    part = await page.part("wire")

    assert "to be seen" in part
    for secret in (BOT_TOKEN, response_token, payload["token"], "b2" * 16):
        assert secret not in part


async def test_request_that_twilio_dropped_after_acting_is_marked(page: Page) -> None:
    await page.do("faults/twilio", mode="drop_after")

    with pytest.raises(aiohttp.ClientError):
        await ask_twilio(page)

    part = await page.part("wire")
    assert "no answer" in lines_of(part)[0]
    assert 'class="exchange bad"' in part


async def test_list_of_requests_does_not_grow_without_end(page: Page) -> None:
    for _ in range(MOST_SHOWN + 5):
        await ask_twilio(page)

    assert len(lines_of(await page.part("wire"))) == MOST_SHOWN


async def test_open_inspector_is_told_of_a_request_to_twilio(page: Page) -> None:
    async with page.http.get(f"{page.url}changes") as stream:
        await ask_twilio(page)

        assert await stream.content.readline() == b"data: wire\n"


async def test_inspector_is_a_page_of_its_own(page: Page) -> None:
    await ask_twilio(page)

    async with page.http.get(f"{page.url}inspector") as response:
        whole = await response.text()

    assert response.status == 200
    assert "GET /Calls.json?Status=ringing" in html.unescape(whole)
