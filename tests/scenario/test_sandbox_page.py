"""What a person does on the sandbox's page reaches the bot as Slack would send it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.sandbox.bot_process import Printed
from tests.contract.slack_stand_in_bot import Json, actions, button, modal, plain, text_input
from tests.scenario.sandbox_page import ANA, BEN, SUPPORT, Page, page_at_work


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with page_at_work() as here:
        yield here


def option(text: str) -> Json:
    return {"text": plain(text), "value": text.lower()}


OPTIONS = [option("Hold"), option("Sorry"), option("Agent")]


async def open_modal(page: Page, *blocks: Json) -> Json:
    """A modal before Ana, opened by the app in answer to a command."""
    await page.do("slack/say", text="/calls")
    trigger_id = page.app.received[-1].payload["trigger_id"]
    async with page.http.post(
        f"{page.slack.api_url}views.open",
        json={"trigger_id": trigger_id, "view": modal(*blocks)},
        headers={"Authorization": "Bearer xoxb-stand-in"},
    ) as response:
        answer: Json = await response.json()
    assert answer["ok"], answer
    view: Json = answer["view"]
    return view


async def test_command_arrives_as_typed_by_this_person_in_this_channel(page: Page) -> None:
    page.app.says("Here they are")

    await page.do("slack/say", text="/calls from:+44*")

    command = page.app.received[0].payload
    assert (command["user_id"], command["channel_id"]) == (ANA, SUPPORT)
    assert (command["command"], command["text"]) == ("/calls", "from:+44*")
    assert "Here they are" in await page.part("conversation")
    assert "Here they are" not in await page.part("conversation", who=BEN)


async def test_words_without_a_slash_are_a_message_for_all_and_never_markup(page: Page) -> None:
    await page.do("slack/say", text="<b>hi</b> <!channel>")

    seen = await page.part("conversation", who=BEN)
    assert "&lt;b&gt;hi&lt;/b&gt; &lt;!channel&gt;" in seen
    assert page.app.received == []


async def test_command_of_another_app_is_not_sent_to_the_bot(page: Page) -> None:
    await page.do("slack/say", text="/giphy cat")

    assert "/giphy is not a command here" in await page.part("conversation")
    assert page.app.received == []


async def test_bot_that_does_not_answer_in_time_is_told_as_slack_tells_it(page: Page) -> None:
    page.slack.ack_timeout_s = 0.05

    async def dawdle(_payload: Json) -> aiohttp.web.Response:
        await asyncio.sleep(0.5)
        return aiohttp.web.Response()

    page.app.answer = dawdle

    await page.do("slack/say", text="/calls")

    assert "operation_timeout" in await page.part("conversation")


async def test_rows_with_buttons_of_one_name_send_the_value_of_their_own_row(page: Page) -> None:
    rows = [actions(button("Open", value=f"call {row}"), block_id=f"row-{row}") for row in "123"]
    message = page.post(*rows)

    status, words = await page.do("slack/click", message=message.ts, element='["row-2","open"]')

    assert (status, words) == (204, "")
    assert page.app.received[0].payload["actions"][0]["value"] == "call 2"


async def test_click_that_the_bot_refuses_is_told_at_once(page: Page) -> None:
    message = page.post(actions(button("Open")))
    page.app.says(status=500)

    _status, words = await page.do("slack/click", message=message.ts, element='["row","open"]')

    assert "trouble" in words


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"message": "1.0", "element": '["row","open"]'}, "message is gone"),
        ({"element": '["other","open"]'}, "button is gone"),
        ({"element": "open"}, "no such button"),
        ({"element": '["row"]'}, "no such button"),
    ],
)
async def test_click_on_what_is_not_there_sends_nothing(
    page: Page, form: dict[str, str], words: str
) -> None:
    message = page.post(actions(button("Open")))

    status, told = await page.do("slack/click", **{"message": message.ts, **form})

    assert status == 409
    assert words in told
    assert page.app.received == []


async def test_choice_in_a_menu_is_sent_with_its_option(page: Page) -> None:
    menu = {"type": "static_select", "action_id": "target", "options": OPTIONS}
    more = {"type": "overflow", "action_id": "more", "options": OPTIONS}
    message = page.post(actions(menu, more))

    await page.do(
        "slack/click",
        **{"message": message.ts, "element": '["row","target"]', '["row","target"]': "sorry"},
    )
    await page.do("slack/click", message=message.ts, element='["row","more","agent"]')

    chosen = [
        received.payload["actions"][0]["selected_option"]["value"] for received in page.app.received
    ]
    assert chosen == ["sorry", "agent"]


async def test_confirm_waits_on_the_page_and_its_text_is_no_html(page: Page) -> None:
    confirm = {
        "title": plain("Hang up <this>?"),
        "text": plain("<script>alert(1)</script>"),
        "confirm": plain("Hang up"),
        "deny": plain("Keep call"),
        "style": "danger",
    }
    page.post(actions(button("Hang up", confirm=confirm, style="danger")))

    html = await page.part("conversation")

    assert '<template class="confirm">' in html
    assert "Hang up &lt;this&gt;?" in html
    assert "<script" not in html


async def test_modal_is_submitted_with_all_that_was_filled_in(page: Page) -> None:
    def field(block_id: str, **element: object) -> Json:
        element = {"action_id": "in", **element}
        return {"type": "input", "block_id": block_id, "label": plain("L"), "element": element}

    view = await open_modal(
        page,
        field("where", type="static_select", options=OPTIONS),
        field("how", type="radio_buttons", options=OPTIONS),
        field("what", type="checkboxes", options=OPTIONS),
        field("url", type="url_text_input"),
        field("why", type="plain_text_input", multiline=True),
    )

    status, _words = await page.do(
        "slack/submit",
        **{
            "view": view["id"],
            '["where","in"]': "sorry",
            '["how","in"]': "hold",
            '["what","in"]': ["hold", "agent"],
            '["url","in"]': "https://voice.example.com/hold",
            '["why","in"]': "two\r\nlines",
        },
    )

    assert status == 204
    values = page.app.received[-1].payload["view"]["state"]["values"]
    assert values["where"]["in"]["selected_option"]["value"] == "sorry"
    assert values["how"]["in"]["selected_option"]["value"] == "hold"
    assert [each["value"] for each in values["what"]["in"]["selected_options"]] == ["hold", "agent"]
    assert values["url"]["in"]["value"] == "https://voice.example.com/hold"
    assert values["why"]["in"]["value"] == "two\nlines"
    assert (await page.part("modal")).strip() == ""


async def test_error_stands_at_its_field_and_what_was_typed_stays(page: Page) -> None:
    view = await open_modal(page, text_input("target"))
    page.app.says({"response_action": "errors", "errors": {"target": "Not <there>"}})

    await page.do("slack/submit", **{"view": view["id"], '["target","typed"]': "no & where"})

    html = await page.part("modal")
    assert "Not &lt;there&gt;" in html
    assert 'aria-invalid="true"' in html
    assert 'value="no &amp; where"' in html


async def test_empty_field_that_is_needed_is_refused_before_anything_is_sent(page: Page) -> None:
    view = await open_modal(page, text_input("target"))
    sent_before = len(page.app.received)

    await page.do("slack/submit", **{"view": view["id"], '["target","typed"]': ""})

    assert "Please complete this required field." in await page.part("modal")
    assert len(page.app.received) == sent_before


async def test_button_in_a_modal_is_sent_with_what_was_typed_so_far(page: Page) -> None:
    view = await open_modal(page, text_input("target"), actions(button("Check")))

    await page.do(
        "slack/click",
        **{"view": view["id"], "element": '["row","check"]', '["target","typed"]': "half"},
    )

    click = page.app.received[-1].payload
    assert click["actions"][0]["action_id"] == "check"
    assert click["view"]["state"]["values"]["target"]["typed"]["value"] == "half"


async def test_modal_can_be_closed_once(page: Page) -> None:
    view = await open_modal(page)

    first = await page.do("slack/close", view=view["id"])
    second = await page.do("slack/close", view=view["id"])

    assert first == (204, "")
    assert second == (409, "Not possible: this modal is closed already")


async def test_message_elsewhere_counts_as_unread_until_it_is_seen(page: Page) -> None:
    page.post(text="Look here")

    before = await page.part("sidebar", where="C0FRAUD")
    await page.part("conversation")
    after = await page.part("sidebar", where="C0FRAUD")

    assert 'aria-label="1 unread"' in before
    assert "unread" not in after


async def test_block_that_the_page_does_not_know_is_loud(page: Page) -> None:
    page.post({"type": "hologram", "block_id": "h"})

    html = await page.part("conversation")

    assert 'role="alert">This page cannot draw the block “hologram”' in html


async def test_open_page_is_told_which_part_changed(page: Page) -> None:
    async with page.http.get(f"{page.url}changes") as stream:
        await asyncio.sleep(0.05)

        page.stage.traffic.place_call()

        async with asyncio.timeout(30):
            line = await stream.content.readline()
    assert line == b"data: phones\n"


async def test_every_open_page_is_let_go_when_the_server_stops(page: Page) -> None:
    async with page.http.get(f"{page.url}changes") as stream:
        await page.server.stop()

        async with asyncio.timeout(30):
            assert await stream.content.read() == b""


async def test_what_is_said_beside_the_entries_of_the_log_stands_in_no_column(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(*words: str) -> Printed:
        said = "seq\twho\n7\tana\nThere is more: hookflash audit list --before 7\n"
        return Printed(" ".join(["hookflash", *words]), said, 0)

    monkeypatch.setattr(page.stage.bot, "ask", ask)

    log = await page.part("log")

    assert "<tr><td>7</td><td>ana</td></tr>" in log
    assert ">There is more: hookflash audit list --before 7</pre>" in log
    assert "<td>There is more" not in log
