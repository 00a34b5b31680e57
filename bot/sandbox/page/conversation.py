"""What one person sees in Slack: the channels, the messages of one of them, and the open modal."""

from dataclasses import dataclass
from typing import Any

from bot.sandbox import company
from bot.sandbox.page.reader import Reader
from bot.sandbox.slack import Channel, Message, User, View, Workspace
from bot.sandbox.slack.workspace import SLACKBOT

MOST_SHOWN = 60
INITIALS = 2
HOME_TAB = "home"


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks at the page, and at which channel; of the app's at its Home tab, or not."""

    user: User
    channel: Channel
    is_home: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLine:
    """A channel in the list."""

    channel: Channel
    name: str
    unread: int
    is_open: bool
    lacks_app: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLine:
    """A message as it is drawn."""

    message: Message
    author: str
    initials: str
    look: str
    posted_at: str
    is_from_app: bool
    state: dict[str, Any]
    """What the reader has chosen in it, as in `Message.state`."""


class Conversations:
    """What everybody sees, and how far each has read."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._read_up_to: dict[tuple[str, str], str] = {}

    def visit(self, user_id: str, channel_id: str, tab: str = "") -> Visit:
        """The visit that the address asks for; whoever and whatever is unknown gives the first."""
        people = {person.user_id for person in company.PEOPLE}
        user = self._workspace.users[user_id if user_id in people else company.ANA.user_id]
        mine = self._channels_of(user)
        chosen = [channel for channel in mine if channel.id == channel_id]
        channel = (chosen or mine)[0]
        return Visit(user, channel, is_home=channel.is_im and tab == HOME_TAB)

    def channel_lines(self, visit: Visit) -> list[ChannelLine]:
        """The channels of this person, in the order of the list."""
        return [
            ChannelLine(
                channel=channel,
                name=self.name_of(channel),
                unread=0 if channel is visit.channel else self._unread(visit.user, channel),
                is_open=channel is visit.channel,
                lacks_app=not self._workspace.has_app(channel),
            )
            for channel in self._channels_of(visit.user)
        ]

    def messages(self, visit: Visit) -> list[MessageLine]:
        """The newest messages of the channel, oldest first; they count as read from now on."""
        shown = self._workspace.messages_for(visit.user.id, visit.channel.id)[-MOST_SHOWN:]
        if shown:
            self._read_up_to[visit.user.id, visit.channel.id] = shown[-1].ts
        reader = self.reader(visit.user)
        return [self._line(message, reader) for message in shown]

    def modal(self, user: User) -> View | None:
        """The modal that this person has before them."""
        stack = self._workspace.views.get(user.id)
        return stack[-1] if stack else None

    def home(self, user: User) -> View | None:
        """The app's Home tab as this person has it; None before the app has published one."""
        return self._workspace.home_views.get(user.id)

    def reader(self, user: User) -> Reader:
        """How this person reads."""
        return Reader(self._workspace, user)

    def name_of(self, channel: Channel) -> str:
        """What the channel is called in the list."""
        return self._workspace.app.name if channel.is_im else channel.name

    def _channels_of(self, user: User) -> list[Channel]:
        return [
            channel for channel in self._workspace.channels.values() if user.id in channel.members
        ]

    def _unread(self, user: User, channel: Channel) -> int:
        read_up_to = self._read_up_to.get((user.id, channel.id), "")
        messages = self._workspace.messages_for(user.id, channel.id)
        return sum(message.ts > read_up_to for message in messages)

    def _line(self, message: Message, reader: Reader) -> MessageLine:
        is_from_app = message.user == self._workspace.app.bot_user_id
        author = "Slackbot" if message.user == SLACKBOT else reader.user_name(message.user)
        return MessageLine(
            message=message,
            author="Hookflash" if is_from_app else author,
            initials="".join(word[0] for word in author.split()[:INITIALS]).upper(),
            look=_look(message.user),
            posted_at=reader.posted_at(message.ts),
            is_from_app=is_from_app,
            state=message.state.get(reader.user.id, {}),
        )


def _look(user_id: str) -> str:
    """The name of the colours of somebody's picture, the same each time."""
    ids = [person.user_id for person in company.PEOPLE]
    return f"look-{ids.index(user_id)}" if user_id in ids else "look-app"
