"""Showing what came of a change: in the channel where it concerns all, on the card, on the list."""

from __future__ import annotations

from bot.application.numbers import NumberBook
from bot.domain.audit import Event
from bot.domain.changes import Change, OriginKind, Outcome, OutcomeReason
from bot.slack.channels import ChannelBook
from bot.slack.replies import Replies
from bot.slack.views.formatting import Audience, Place
from bot.slack.views.message import MessageView
from bot.slack.views.result_card import result_card

# After these the card on the screen is wrong: there is no such call to act on any more.
CARD_IS_OVER = (OutcomeReason.ALREADY_ENDED, OutcomeReason.NO_SUCH_CALL)


class SlackAnnouncer:
    """Fulfils `bot.application.ports.ChangeAnnouncer`."""

    def __init__(
        self, replies: Replies, channels: ChannelBook, numbers: NumberBook, *, place: Place
    ) -> None:
        self._replies = replies
        self._channels = channels
        self._numbers = numbers
        self._place = place

    async def announce(self, change: Change, outcome: Outcome) -> None:
        """What was changed, or may have been, is told to the channel; the rest to the person.

        The card that the person acted on is replaced when it is over; a list stays, since the
        result stands beneath it.
        """
        origin, user_id = change.request.origin, change.actor.user_id
        is_over = outcome.event is not Event.FAILED or outcome.reason in CARD_IS_OVER
        is_card = origin.kind is OriginKind.CARD
        if is_card and is_over:
            view = await self._draw(change, outcome, is_private=origin.is_ephemeral)
            await self._replies.replace(origin, user_id, view)
        if outcome.event is Event.FAILED:
            if not (is_card and is_over):
                view = await self._draw(change, outcome, is_private=True)
                await self._replies.to_asker(origin, user_id, view)
        elif not is_card or origin.is_ephemeral:
            view = await self._draw(change, outcome, is_private=False)
            await self._replies.to_channel(origin, user_id, view)

    async def _draw(self, change: Change, outcome: Outcome, *, is_private: bool) -> MessageView:
        channel_id = change.request.origin.channel_id
        hide_numbers = not is_private and await self._channels.hides_numbers(channel_id)
        audience = Audience(names=await self._numbers.names(), hide_numbers=hide_numbers)
        return result_card(change, outcome, audience=audience, place=self._place)
