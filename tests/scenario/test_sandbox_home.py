"""The app's Home tab on the sandbox's page: opened, drawn and clicked as in Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.contract.slack_stand_in_bot import BOT_TOKEN, Json, actions, button
from tests.scenario.sandbox_page import ANA, BEN, SUPPORT, Page, page_at_work

ROWS = [actions(button("Open", value=f"call {row}"), block_id=f"row-{row}") for row in "123"]


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with page_at_work() as here:
        yield here


async def show(page: Page, *, who: str = ANA, where: str | None = None, tab: str = "home") -> str:
    """The whole page; at the person's conversation with the app, unless told otherwise."""
    channel_id = where or page.slack.workspace.direct_channel(who).id
    async with page.http.get(f"{page.url}?as={who}&in={channel_id}&tab={tab}") as response:
        assert response.status == 200
        return await response.text()


async def publish(page: Page, who: str) -> str:
    """What the app does when the tab is opened; the id of the view."""
    async with page.http.post(
        f"{page.slack.api_url}views.publish",
        json={"user_id": who, "view": {"type": "home", "blocks": ROWS}},
        headers={"Authorization": f"Bearer {BOT_TOKEN}"},
    ) as response:
        answer: Json = await response.json()
    assert answer["ok"], answer
    return str(answer["view"]["id"])


async def test_opening_the_tab_tells_the_app_who_opened_it(page: Page) -> None:
    await page.do("slack/open-home")

    event = page.app.received[0].payload["event"]
    assert (event["type"], event["tab"], event["user"]) == ("app_home_opened", "home", ANA)


async def test_the_tab_shows_what_the_app_has_published_for_this_person(page: Page) -> None:
    before = await show(page)
    await publish(page, ANA)

    assert "Hookflash has not drawn this tab yet" in before
    assert 'value="[&#34;row-2&#34;' in await show(page)
    assert "row-2" not in await show(page, who=BEN)
    assert "row-2" not in await show(page, tab="")


async def test_only_the_app_has_a_home_tab(page: Page) -> None:
    await publish(page, ANA)

    assert "row-2" not in await show(page, where=SUPPORT)


async def test_a_row_of_the_tab_sends_its_own_value_and_no_channel(page: Page) -> None:
    view_id = await publish(page, ANA)

    status, words = await page.do("slack/click", view=view_id, element='["row-2","open"]')

    click = page.app.received[0].payload
    assert (status, words) == (204, "")
    assert click["actions"][0]["value"] == "call 2"
    assert click["container"] == {"type": "view", "view_id": view_id}
    assert "channel" not in click


async def test_nobody_presses_a_button_of_somebody_elses_tab(page: Page) -> None:
    view_id = await publish(page, ANA)

    form = {"as": BEN, "view": view_id, "element": '["row-2","open"]'}
    status, _ = await page.do("slack/click", **form)

    assert status == 409
    assert page.app.received == []
