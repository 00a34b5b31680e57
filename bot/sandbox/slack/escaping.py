"""What Slack makes of a command's text before the app sees it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.slack.records import Channel, User

_URL = re.compile(r"""https?://(?:(?!&[lg]t;)[^\s"])+(?<![.,;:!?)'])""")
_MENTION = re.compile(r"(?<![\w@])@([\w.-]*\w)")
_CHANNEL = re.compile(r"(?<![\w#&])#([\w-]+)")
_PHONE = re.compile(r"(?<![\w<|@/=-])\+?\d[\d ().-]{6,}\d(?![\w@])")
_DOMAIN = re.compile(r"(?<![\w@.*/-])(?:[a-z0-9-]+\.)+(?:com|net|org|io|dev)\b(?![\w.@-])")
_LINK = re.compile(r"(<[^>]*>)")


@dataclass(slots=True)
class CommandEscaping:
    """How the slash command is set up, and what kind of client the person types into."""

    should_escape: bool = True
    phone_numbers: bool = False
    """Whether numbers arrive as `<tel:…|…>`, as some clients send them."""
    bare_domains: bool = False
    """Whether names such as example.com arrive as `<http://…|…>`."""

    def apply(self, text: str, users: list[User], channels: list[Channel]) -> str:
        """The text as the app receives it.

        Source: https://docs.slack.dev/interactivity/implementing-slash-commands
        """
        if not self.should_escape:
            return text
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        text = _URL.sub(lambda match: f"<{match[0]}>", text)
        names = {user.name: user.id for user in users}
        text = _outside_links(
            _MENTION, lambda m: f"<@{names[m[1]]}>" if m[1] in names else m[0], text
        )
        links = {channel.name: _channel_link(channel) for channel in channels if not channel.is_im}
        text = _outside_links(_CHANNEL, lambda m: links.get(m[1], m[0]), text)
        if self.phone_numbers:
            text = _outside_links(
                _PHONE, lambda m: f"<tel:{re.sub(r'[^+0-9]', '', m[0])}|{m[0]}>", text
            )
        if self.bare_domains:
            text = _outside_links(_DOMAIN, lambda m: f"<http://{m[0]}|{m[0]}>", text)
        return text


def _outside_links(
    pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str], text: str
) -> str:
    """The text with the pattern replaced, links that were made before left alone."""
    parts = _LINK.split(text)
    return "".join(part if part.startswith("<") else pattern.sub(replace, part) for part in parts)


def _channel_link(channel: Channel) -> str:
    """A private channel is not named to an app that may not know it."""
    return f"<#{channel.id}|{'' if channel.is_private else channel.name}>"
