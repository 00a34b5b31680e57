"""What Slack and keyboards do to typed text is undone before anything parses it."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.text import straighten, undo_rewriting

URL_PATHS = st.text(alphabet="abcXYZ019/-._~?=&", max_size=40)


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("show <tel:+14155550123|+1 415-555-0123>", "show +14155550123"),
        ("show <tel:+14155550123>", "show +14155550123"),
        (
            "redirect CA1 <https://example.com/a?b=1&amp;c=2>",
            "redirect CA1 https://example.com/a?b=1&c=2",
        ),
        ("redirect CA1 <http://example.com>", "redirect CA1 http://example.com"),
        ("redirect CA1 <http://example.com|http://example.com>", "redirect CA1 http://example.com"),
        ("freeze fraud by <http://example.com|example.com>", "freeze fraud by example.com"),
        ("freeze ask <!subteam^S012AB|@oncall>", "freeze ask @oncall"),
        ("freeze ask <!subteam^S012AB|oncall>", "freeze ask @oncall"),
        ("freeze ask <!subteam^S012AB>", "freeze ask @S012AB"),
        ("freeze all, <!here> and <!channel|@channel>", "freeze all, @here and @channel"),
        ("audit by:<@U012AB|ana>", "audit by:@U012AB"),
        ("audit by:<@W012AB>", "audit by:@W012AB"),
        ("post <#C987|>", "post #C987"),
        ("show sip:<mailto:ana@example.com|ana@example.com>", "show sip:ana@example.com"),
        ("freeze “fraud” isn\u2019t over", 'freeze "fraud" isn\'t over'),
        ("hangup\u00a0CA1\u2003now\u3000please", "hangup CA1 now please"),
        ("show \u202a+14155550123\u202c\u200b", "show +14155550123"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("typed &amp;lt;", "typed &lt;"),
        ("an <unknown> thing", "an <unknown> thing"),
        ("", ""),
    ],
)
def test_rewriting_is_undone(sent: str, typed: str) -> None:
    assert undo_rewriting(sent) == typed


def test_twiml_with_a_link_inside_arrives_as_it_was_typed() -> None:
    sent = "&lt;Response&gt;&lt;Play&gt;<https://x.example/y.mp3>&lt;/Play&gt;&lt;/Response&gt;"

    assert undo_rewriting(sent) == "<Response><Play>https://x.example/y.mp3</Play></Response>"


def test_a_domain_in_what_a_caller_is_told_arrives_as_it_was_typed() -> None:
    """Slack links it although nobody typed an address, and the caller would be told "http"."""
    sent = "&lt;Response&gt;&lt;Say&gt;See <http://example.com|example.com>&lt;/Say&gt;"

    assert undo_rewriting(sent) == "<Response><Say>See example.com</Say>"


def test_twiml_whose_closing_tag_was_swallowed_by_the_link_arrives_as_it_was_typed() -> None:
    sent = "&lt;Response&gt;&lt;Play&gt;<https://x.example/y.mp3&lt;/Play&gt;&lt;/Response&gt;>"

    assert undo_rewriting(sent) == "<Response><Play>https://x.example/y.mp3</Play></Response>"


def test_lines_of_twiml_stay_lines() -> None:
    assert undo_rewriting("&lt;Response&gt;\r\n\t&lt;/Response&gt;") == "<Response>\n </Response>"


@given(said=st.text(alphabet="abc <>&\"'|@#:/", max_size=60), path=URL_PATHS)
def test_any_twiml_comes_through_slack_unharmed(said: str, path: str) -> None:
    url = f"https://x.example/{path}"
    typed = f'<Response><Say voice="x">{html.escape(said)}</Say><Play>{html.escape(url)}</Play>'
    opening, closing = typed.split(html.escape(url))
    sent = f"{html.escape(opening, quote=False)}<{html.escape(html.escape(url))}|x.example>"

    assert undo_rewriting(sent + html.escape(closing, quote=False)) == typed


@given(st.text())
def test_any_text_is_survived(text: str) -> None:
    assert isinstance(undo_rewriting(text), str)


@given(st.text())
def test_straightening_twice_is_straightening_once(text: str) -> None:
    once = straighten(text)

    assert straighten(once) == once


@given(st.text(alphabet=st.characters(exclude_characters="<&")))
def test_text_that_slack_did_not_rewrite_is_only_straightened(text: str) -> None:
    assert undo_rewriting(text) == straighten(text)
    assert undo_rewriting(undo_rewriting(text)) == undo_rewriting(text)
