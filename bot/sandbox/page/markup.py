"""Slack's own markup as HTML: everything is escaped first, then the few known forms are drawn."""

import re
from collections.abc import Callable
from html import unescape

from markupsafe import Markup, escape

_OPEN, _CLOSE = "\ue000", "\ue001"
_NO_MARKS = str.maketrans({_OPEN: "\ufffd", _CLOSE: "\ufffd"})
_KEPT = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")
_CONTROL = re.compile(r"<([^<>\n]+)>")
_CODES = (
    (re.compile(r"```\n?(.+?)\n?```", re.DOTALL), Markup("<pre>{}</pre>")),
    (re.compile(r"`([^`\n]+)`"), Markup("<code>{}</code>")),
)
_STYLES = tuple(
    (
        re.compile(
            rf"(?<![\w{mark}]){re.escape(mark)}(?=\S)([^{mark}\n]+?)(?<=\S)"
            rf"{re.escape(mark)}(?![\w{mark}])"
        ),
        rf"<{tag}>\1</{tag}>",
    )
    for mark, tag in (("*", "b"), ("_", "i"), ("~", "s"))
)
_EMOJI_NAME = re.compile(r":([a-z0-9_+-]+):")
_LINKED = ("http://", "https://", "mailto:", "tel:")
EMOJI = {
    "bell": "🔔",
    "black_circle": "⚫",
    "bust_in_silhouette": "👤",
    "large_blue_circle": "🔵",
    "large_green_circle": "🟢",
    "large_yellow_circle": "🟡",
    "lock": "🔒",
    "mag": "🔍",
    "no_entry": "⛔",
    "phone": "☎️",
    "red_circle": "🔴",
    "rotating_light": "🚨",
    "snowflake": "❄️",
    "telephone_receiver": "📞",
    "thumbsdown": "👎",
    "thumbsup": "👍",
    "warning": "⚠️",
    "wave": "👋",
    "white_check_mark": "✅",
    "x": "❌",
}

Control = Callable[[str, str], Markup]


def emoji(text: str) -> str:
    """The text with the names of emoji replaced; names that are not known stay."""
    return _EMOJI_NAME.sub(lambda name: EMOJI.get(name[1], name[0]), text)


def mrkdwn(text: str, control: Control) -> Markup:
    """The marked-up text as HTML.

    `control` draws what stands in angle brackets: what comes before the bar, and what after it.
    """
    kept: list[Markup] = []

    def keep(html: Markup) -> str:
        """A mark that stands for the finished HTML until all other text is escaped."""
        kept.append(html)
        return f"{_OPEN}{len(kept) - 1}{_CLOSE}"

    def keep_in(code: Markup) -> Callable[[re.Match[str]], str]:
        return lambda found: keep(code.format(as_typed(found[1])))

    def put_back(html: str) -> str:
        return _KEPT.sub(lambda mark: put_back(kept[int(mark[1])]), html)

    text = text.translate(_NO_MARKS)
    text = _CONTROL.sub(lambda found: keep(_draw_control(found[1], control)), text)
    for pattern, code in _CODES:
        text = pattern.sub(keep_in(code), text)
    html: str = emoji(str(escape(as_typed(text))))
    for pattern, styled in _STYLES:
        html = pattern.sub(styled, html)
    return Markup(put_back(html))  # noqa: S704 - escaped above, piece by piece


def as_typed(text: str) -> str:
    """The text without Slack's escapes for its three special characters."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def link(url: str, label: str) -> Markup:
    """A link that opens beside the page; what is no address for a link is shown as text."""
    url = unescape(url)
    if not url.lower().startswith(_LINKED):
        return Markup("&lt;{}&gt;").format(label or url)
    html = Markup('<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>')
    return html.format(url, as_typed(label) or url)


def _draw_control(inside: str, control: Control) -> Markup:
    before, _, after = inside.partition("|")
    return control(before, after)
