"""For whom a view is made: which names it may use, and whether numbers must be hidden."""

from __future__ import annotations

import asyncio

from bot.application.numbers import NumberBook
from bot.application.rights import Rights
from bot.domain.people import Actor, Role
from bot.slack.channels import ChannelBook
from bot.slack.views.formatting import Audience


class Audiences:
    """Knows who will read a message."""

    def __init__(self, numbers: NumberBook, channels: ChannelBook, rights: Rights) -> None:
        self._numbers = numbers
        self._channels = channels
        self._rights = rights

    async def alone(self, actor: Actor) -> Audience:
        """The person alone; buttons for what the person may do."""
        return Audience(names=await self._numbers.names(), can_act=self._can_act(actor))

    async def in_channel(self, channel_id: str) -> Audience:
        """All who read along; whoever may not act is refused at the click."""
        names, readers = await asyncio.gather(
            self._numbers.names(), self._channels.readers_of(channel_id)
        )
        return Audience(names=names, can_act=True, readers=readers)

    async def who_sees(self, actor: Actor, *, channel_id: str, is_ephemeral: bool) -> Audience:
        """Those who see the message that stands there."""
        return await (self.alone(actor) if is_ephemeral else self.in_channel(channel_id))

    def at_once(self, actor: Actor) -> Audience:
        """The person alone, with the names that are known by now; asks nobody."""
        return Audience(names=self._numbers.known_names(), can_act=self._can_act(actor))

    def _can_act(self, actor: Actor) -> bool:
        return self._rights.role_of(actor) >= Role.OPERATOR
