"""No other web site, and no other name of this machine, gets at the sandbox's page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.sandbox.page.guards import COOKIE
from tests.scenario.sandbox_page import Page, page_at_work


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with page_at_work() as here:
        yield here


async def place_call(page: Page, headers: dict[str, str], *, cookie: str | None = None) -> int:
    """The status of an attempt to place a call; the cookie is the page's own unless given."""
    jar = page.http.cookie_jar if cookie is None else aiohttp.DummyCookieJar()
    cookies = None if cookie is None else {COOKIE: cookie}
    async with (
        aiohttp.ClientSession(cookie_jar=jar, connector_owner=True) as http,
        http.post(f"{page.url}phones/place", headers=headers, cookies=cookies) as response,
    ):
        return response.status


async def test_page_itself_may_change_things(page: Page) -> None:
    status = await place_call(page, {"Origin": page.origin})

    assert status == 204
    assert len(page.stage.twilio.network.calls) == 1


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", "http://127.0.0.1:1", "http://localhost"]
)
async def test_change_from_another_site_is_refused(page: Page, origin: str | None) -> None:
    status = await place_call(page, {} if origin is None else {"Origin": origin})

    assert status == 403
    assert page.stage.twilio.network.calls == {}


@pytest.mark.parametrize("cookie", ["", "guessed", "é"])
async def test_change_without_the_cookie_of_the_page_is_refused(page: Page, cookie: str) -> None:
    status = await place_call(page, {"Origin": page.origin}, cookie=cookie)

    assert status == 403
    assert page.stage.twilio.network.calls == {}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
@pytest.mark.parametrize("path", ["", "part/conversation", "static/page.js", "changes", "log"])
async def test_foreign_host_name_gets_nothing(page: Page, host: str, path: str) -> None:
    async with page.http.get(f"{page.url}{path}", headers={"Host": host}) as response:
        assert response.status == 403
        assert "Borealis" not in await response.text()


async def test_foreign_host_name_with_its_own_origin_changes_nothing(page: Page) -> None:
    headers = {"Host": "evil.example", "Origin": "http://evil.example"}

    status = await place_call(page, headers)

    assert status == 403


async def test_page_runs_no_script_but_its_own(page: Page) -> None:
    async with page.http.get(page.url) as response:
        policy = response.headers["Content-Security-Policy"]
        html = await response.text()

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert re.findall(r"<script(?![^>]*src=)|\son\w+=|\sstyle=|javascript:", html) == []


async def test_static_files_are_served_and_nothing_beside_them(page: Page) -> None:
    async with page.http.get(f"{page.url}static/page.js") as response:
        assert response.status == 200
    for path in ("static/../server.py", "static/%2e%2e/server.py", "static/", "part/page"):
        async with page.http.get(f"{page.origin}/{path}") as response:
            assert response.status in {403, 404}
