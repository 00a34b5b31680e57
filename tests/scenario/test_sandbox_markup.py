"""The sandbox draws Slack's markup as Slack does, and nothing in it becomes HTML of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.page.reader import Reader
from bot.sandbox.slack import Workspace

DRAWN = {"a", "b", "code", "i", "pre", "s", "span", "time"}
ATTRIBUTES = {"class", "href", "rel", "target", "title"}


def workspace() -> Workspace:
    here = Workspace(team_id="T0SANDBOX", clock=lambda: datetime(2026, 11, 22, tzinfo=UTC))
    here.add_user("ana", user_id="U0ANA", real_name="Ana <Ruiz>", tz="Europe/Madrid")
    here.add_channel("support", channel_id="C0SUPPORT")
    return here


def drawn(text: str) -> str:
    """How Ana sees the text."""
    here = workspace()
    return str(Reader(here, here.users["U0ANA"]).marked_up(text))


class Tags(HTMLParser):
    """Collects the tags, attributes and links of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold* _italic_ ~gone~", "<b>bold</b> <i>italic</i> <s>gone</s>"),
        ("2*3*4 snake_case_name", "2*3*4 snake_case_name"),
        ("`a *b* <@U0ANA>`", "<code>a *b* <span"),
        ("*by <@U0ANA>*", '<b>by <span class="mention me">@Ana &lt;Ruiz&gt;</span></b>'),
        ("<@U0NOBODY>", '<span class="mention">@U0NOBODY</span>'),
        ("<#C0SUPPORT|>", '<span class="mention">#support</span>'),
        ("<!channel>", '<span class="mention loud">@channel</span>'),
        ("&lt;!channel&gt; &amp; co", "&lt;!channel&gt; &amp; co"),
        ("<https://x.example/?a=1&amp;b=2|there>", 'href="https://x.example/?a=1&amp;b=2"'),
        ("<javascript:alert(1)|click>", "&lt;click&gt;"),
        (":warning: :unheard_of:", "⚠️ :unheard_of:"),
        ("```\n<script>\n```", "<pre>"),
        ("<!date^1763820127^{time_secs}|14:02:07 UTC>", ">15:02:07</time>"),
        ("<!date^1763820127^{date_num} at {time}|then>", ">2025-11-22 at 15:02</time>"),
        ("<!date^99999999999999999^{time}|then>", "then"),
        ("<!date^x^{time}|then>", "then"),
    ],
)
def test_markup_reads_as_in_slack(text: str, html: str) -> None:
    assert html in drawn(text)


@given(
    st.text(
        alphabet=st.one_of(st.sampled_from("<>&\"'`*_~|!@#^:=/ \n\ue000\ue0010az"), st.characters())
    )
)
def test_no_text_becomes_html_of_its_own(text: str) -> None:
    found = Tags()
    found.feed(drawn(text))

    assert found.tags <= DRAWN
    assert found.attributes <= ATTRIBUTES
    assert all(link.startswith(("http://", "https://", "mailto:", "tel:")) for link in found.links)


@pytest.mark.parametrize(
    "text",
    [
        '<https://x.example/"onmouseover="alert(1)|a>',
        "<https://x.example/`code`|a>",
        "\ue0000\ue001 `x` <https://x.example|\ue0000\ue001>",
        "<https://x.example|<b>&lt;img src=x onerror=alert(1)&gt;</b>>",
    ],
)
def test_tricks_with_links_and_marks_stay_text(text: str) -> None:
    found = Tags()
    found.feed(drawn(text))

    assert found.tags <= DRAWN
    assert found.attributes <= ATTRIBUTES


def test_zone_that_this_machine_does_not_know_is_utc() -> None:
    here = workspace()
    here.users["U0ANA"].tz = "Mars/Olympus"

    shown = Reader(here, here.users["U0ANA"]).marked_up("<!date^1763820127^{time}|then>")

    assert ">14:02</time>" in shown
