"""How one person reads Slack: names for ids, links, and times in their own zone."""

import re
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup, escape

from bot.sandbox.page import markup
from bot.sandbox.slack import User, Workspace

_DATE_TOKEN = re.compile(r"\{(\w+)\}")
# Source: https://docs.slack.dev/messaging/formatting-message-text
_DATE_FORMATS = {
    "date_num": "%Y-%m-%d",
    "date": "%B %-d, %Y",
    "date_short": "%b %-d, %Y",
    "date_long": "%A, %B %-d, %Y",
    "time": "%H:%M",
    "time_secs": "%H:%M:%S",
}
_LOUD = frozenset({"here", "channel", "everyone"})


class Reader:
    """Draws text as this person sees it."""

    def __init__(self, workspace: Workspace, user: User) -> None:
        self.user = user
        self._workspace = workspace
        self._zone = zone_of(user)

    def text(self, text_object: dict[str, Any]) -> Markup:
        """A text object of Block Kit."""
        if text_object["type"] == "mrkdwn":
            return self.marked_up(text_object["text"])
        return escape(markup.emoji(text_object["text"]))

    def marked_up(self, text: str) -> Markup:
        """Text in Slack's markup."""
        return markup.mrkdwn(text, self._control)

    def emoji(self, name: str) -> str:
        """An emoji by its name."""
        return markup.emoji(f":{name}:")

    def user_name(self, user_id: str) -> str:
        """The name of a person, or the id of somebody who is not known."""
        user = self._workspace.users.get(user_id)
        return user.real_name if user else user_id

    def channel_name(self, channel_id: str) -> str:
        """The name of a channel, or its id."""
        channel = self._workspace.channels.get(channel_id)
        return channel.name if channel else channel_id

    def mention(self, user_id: str) -> Markup:
        """A person, marked when it is the reader."""
        kind = "mention me" if user_id == self.user.id else "mention"
        return Markup('<span class="{}">@{}</span>').format(kind, self.user_name(user_id))

    def loud_mention(self, audience: str) -> Markup:
        """A mention that makes a noise for everybody; the app should never make one."""
        return Markup('<span class="mention loud">@{}</span>').format(audience)

    def date(self, timestamp: int, pattern: str, fallback: str = "") -> Markup:
        """A time in the reader's zone, as Slack's date format says; else the fallback."""
        try:
            at = datetime.fromtimestamp(timestamp, UTC)
        except (OverflowError, ValueError, OSError):
            return escape(fallback)
        shown = _DATE_TOKEN.sub(lambda token: self._date_part(token[1], at), pattern)
        return Markup('<time title="{}">{}</time>').format(f"{at:%Y-%m-%d %H:%M:%S} UTC", shown)

    def clock_time(self, at: datetime) -> str:
        """The time of day in the reader's zone."""
        return f"{at.astimezone(self._zone):%H:%M}"

    def clock_time_ms(self, at: datetime) -> str:
        """The time of day in the reader's zone, to the millisecond."""
        local_at = at.astimezone(self._zone)
        return f"{local_at:%H:%M:%S}.{local_at.microsecond // 1_000:03}"

    def posted_at(self, ts: str) -> str:
        """The time of day that a message's time stamp tells."""
        return self.clock_time(datetime.fromtimestamp(float(ts), UTC))

    def _date_part(self, name: str, at: datetime) -> str:
        local_at = at.astimezone(self._zone)
        is_today = local_at.date() == datetime.now(self._zone).date()
        if name.endswith("_pretty") and is_today:
            return "today"
        form = _DATE_FORMATS.get(name.removesuffix("_pretty"))
        return local_at.strftime(form) if form else f"{{{name}}}"

    def _control(self, before: str, after: str) -> Markup:
        sign, rest = before[:1], before[1:]
        if sign == "@":
            return self.mention(rest)
        if sign == "#":
            return Markup('<span class="mention">#{}</span>').format(
                after or self.channel_name(rest)
            )
        if sign == "!":
            return self._special(rest, after)
        return markup.link(before, after)

    def _special(self, command: str, fallback: str) -> Markup:
        name, *arguments = command.split("^")
        if name in _LOUD:
            return self.loud_mention(name)
        if name == "date" and len(arguments) >= len(("timestamp", "format")):
            timestamp, pattern, *_link = arguments
            if timestamp.isdecimal():
                return self.date(int(timestamp), pattern, fallback)
        return escape(fallback or f"<!{command}>")


def zone_of(user: User) -> tzinfo:
    """The person's time zone; UTC on machines that do not know it."""
    try:
        return ZoneInfo(user.tz)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
