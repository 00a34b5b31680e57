"""The state of the workspace that the stand-in plays, and everything that changes it."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.sandbox.slack.content import Content
from bot.sandbox.slack.elements import with_ids
from bot.sandbox.slack.records import (
    AppIdentity,
    Channel,
    Complaint,
    Message,
    User,
    View,
    new_id,
)

SLACKBOT = "USLACKBOT"
MOST_MESSAGES = 5_000


class Workspace:
    """Who and what there is, and who sees what."""

    def __init__(self, *, team_id: str, clock: Callable[[], datetime]) -> None:
        self.team_id = team_id
        self.team_domain = "sandbox"
        self.clock = clock
        self.app = AppIdentity()
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.usergroups: dict[str, list[str]] = {}
        self.messages: list[Message] = []
        self.views: dict[str, list[View]] = {}
        self.home_views: dict[str, View] = {}
        self.complaints: list[Complaint] = []
        self._watchers: list[Callable[[], None]] = []
        self._last_ts_at = clock() - timedelta(days=1)
        self.add_user(self.app.name, user_id=self.app.bot_user_id, is_bot=True)

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Calls back after each change of what people see; what is returned ends that."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    def changed(self) -> None:
        """Tells everybody who subscribed."""
        for callback in list(self._watchers):
            callback()

    def add_user(
        self,
        name: str,
        *,
        user_id: str | None = None,
        real_name: str | None = None,
        team_id: str | None = None,
        **flags: Any,
    ) -> User:
        """A new person; `flags` are the other fields of User. Another team makes a stranger."""
        home = team_id or self.team_id
        flags.setdefault("is_stranger", home != self.team_id)
        user = User(user_id or new_id("U"), name, real_name or name.title(), home, **flags)
        self.users[user.id] = user
        self.changed()
        return user

    def add_channel(
        self,
        name: str,
        *,
        channel_id: str | None = None,
        members: Iterable[User | str] = (),
        app_is_member: bool = True,
        **flags: Any,
    ) -> Channel:
        """A new conversation; `flags` are the other fields of Channel."""
        channel = Channel(channel_id or new_id("C"), name, **flags)
        channel.members = {each if isinstance(each, str) else each.id for each in members}
        if app_is_member:
            channel.members.add(self.app.bot_user_id)
        self.channels[channel.id] = channel
        self.changed()
        return channel

    def direct_channel(self, user_id: str) -> Channel:
        """The conversation between a person and the app, begun if need be."""
        for channel in self.channels.values():
            if channel.is_im and user_id in channel.members and self.has_app(channel):
                return channel
        return self.add_channel(
            "directmessage", channel_id=new_id("D"), members=[user_id], is_im=True
        )

    def has_app(self, channel: Channel) -> bool:
        """Whether the app's bot user is in the channel."""
        return self.app.bot_user_id in channel.members

    def new_ts(self) -> str:
        """A time stamp as messages and actions carry it, later than every one before."""
        self._last_ts_at = max(self.clock(), self._last_ts_at + timedelta(microseconds=1))
        return f"{int(self._last_ts_at.timestamp())}.{self._last_ts_at.microsecond:06d}"

    def messages_for(self, user_id: str, channel_id: str) -> list[Message]:
        """What this person sees in a channel, oldest first; nothing where they are no member."""
        if user_id not in self.channels[channel_id].members:
            return []
        return [
            message
            for message in self.messages
            if message.channel_id == channel_id
            and not message.deleted
            and message.ephemeral_to in (None, user_id)
        ]

    def message(self, channel_id: str, ts: str) -> Message | None:
        """The message with this time stamp, unless it is gone."""
        for message in reversed(self.messages):
            if (message.channel_id, message.ts) == (channel_id, ts) and not message.deleted:
                return message
        return None

    def post(
        self,
        channel_id: str,
        content: Content,
        *,
        user_id: str | None = None,
        ephemeral_to: str | None = None,
        thread_ts: str | None = None,
        echo_of_command: bool = False,
    ) -> Message:
        """A new message, by the app unless another author is named."""
        message = Message(
            ts=self.new_ts(),
            channel_id=channel_id,
            user=user_id or self.app.bot_user_id,
            text=content.text,
            blocks=with_ids(content.blocks),
            metadata=content.metadata,
            ephemeral_to=ephemeral_to,
            thread_ts=thread_ts,
            echo_of_command=echo_of_command,
        )
        self.messages.append(message)
        del self.messages[:-MOST_MESSAGES]
        self.changed()
        return message

    def tell(self, user_id: str, channel_id: str, text: str) -> None:
        """Slack itself says something to one person."""
        self.post(channel_id, Content(text), user_id=SLACKBOT, ephemeral_to=user_id)

    def edit(self, message: Message, content: Content) -> None:
        """Puts new content in the place of the old one."""
        message.text = content.text
        message.blocks = with_ids(content.blocks)
        message.metadata = content.metadata or message.metadata
        message.edited_at = self.clock()
        message.state.clear()
        self.changed()

    def delete(self, message: Message) -> None:
        """Takes a message out of everybody's sight."""
        message.deleted = True
        self.changed()

    def complain(
        self, where: str, message: str, severity: Literal["error", "warning"] = "error"
    ) -> None:
        """Notes something that the app did wrong."""
        self.complaints.append(Complaint(severity, where, message))
