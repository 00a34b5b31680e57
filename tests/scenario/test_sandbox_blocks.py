"""Each kind of block is drawn with its words, and what is not known is loud, never lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.sandbox.slack.block_kit_blocks import BLOCKS
from bot.sandbox.slack.block_kit_elements import PLACES
from tests.contract.slack_stand_in_bot import Json, actions, button, plain
from tests.scenario.sandbox_page import Page, page_at_work


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with page_at_work() as here:
        yield here


def text(words: str, **style: bool) -> Json:
    return {"type": "text", "text": words, **({"style": style} if style else {})}


def rich(*parts: Json) -> Json:
    return {"type": "rich_text", "block_id": "rich", "elements": list(parts)}


def mrkdwn(words: str) -> Json:
    return {"type": "mrkdwn", "text": words}


@pytest.mark.parametrize(
    ("block", "html"),
    [
        ({"type": "header", "text": plain("7 live <calls>")}, "7 live &lt;calls&gt;</h2>"),
        ({"type": "divider"}, "<hr"),
        ({"type": "section", "text": mrkdwn("*a*")}, "<b>a</b>"),
        ({"type": "section", "text": plain("*a*")}, "*a*"),
        ({"type": "section", "fields": [mrkdwn("*one*"), plain("two")]}, "two</div>"),
        ({"type": "context", "elements": [mrkdwn("as of `now`")]}, "<code>now</code>"),
        ({"type": "image", "image_url": "https://x.example/a.png", "alt_text": "A map"}, "A map"),
        (
            {"type": "table", "rows": [[{"type": "raw_text", "text": "<th>"}]]},
            '<th class="left">&lt;th&gt;</th>',
        ),
        (
            rich({"type": "rich_text_section", "elements": [text("<x>", bold=True, code=True)]}),
            "<b><code>&lt;x&gt;</code></b>",
        ),
        (
            rich(
                {
                    "type": "rich_text_list",
                    "style": "bullet",
                    "elements": [{"type": "rich_text_section", "elements": [text("first")]}],
                }
            ),
            "<ul><li>first</li></ul>",
        ),
        (
            rich({"type": "rich_text_preformatted", "elements": [text("a *b*")]}),
            "<pre>a *b*</pre>",
        ),
        (
            rich(
                {
                    "type": "rich_text_quote",
                    "elements": [{"type": "user", "user_id": "U0BEN"}],
                }
            ),
            '<blockquote><span class="mention">@Ben Okafor</span></blockquote>',
        ),
        (
            rich(
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "link", "url": "javascript:x", "text": "here"}],
                }
            ),
            "&lt;here&gt;",
        ),
        (actions(button("Hang up", style="danger")), 'class="button danger"'),
        (actions({"type": "hologram", "action_id": "a"}), "cannot draw the element “hologram”"),
    ],
)
async def test_block_is_drawn_with_its_words(page: Page, block: Json, html: str) -> None:
    page.post({"block_id": "b", **block})

    assert html in await page.part("conversation")


async def test_nothing_that_slack_takes_breaks_the_page(page: Page) -> None:
    """A block or element that this page does not draw is told of in its place."""
    bare: dict[str, Any] = {
        "text": plain("words"),
        "elements": [],
        "rows": [],
        "options": [],
        "label": plain("label"),
        "element": {"type": "file_input", "action_id": "in"},
    }
    for number, kind in enumerate(BLOCKS):
        page.post({**bare, "type": kind, "block_id": f"block-{number}"})
    for number, kind in enumerate(PLACES["input"] + PLACES["actions"]):
        element = {**bare, "type": kind, "action_id": "in", "alt_text": "picture"}
        page.post(actions(element, block_id=f"element-{number}"))

    html = await page.part("conversation")

    assert "cannot draw the block “video”" in html
    assert "cannot draw the element “file_input”" in html
    assert "cannot draw the block “section”" not in html
