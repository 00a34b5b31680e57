"""Showing what came of a change: to the channel where it concerns all, and on what was clicked."""

from __future__ import annotations

import asyncio
import logging

from bot.application.ports import Clock
from bot.domain.audit import Event
from bot.domain.changes import Change, OriginKind, Outcome, OutcomeReason
from bot.domain.errors import HookflashError
from bot.slack.audiences import Audiences
from bot.slack.drawings import Places
from bot.slack.home_tab import HomeTab
from bot.slack.live_list import LiveList
from bot.slack.replies import Replies
from bot.slack.views.formatting import Audience, Place
from bot.slack.views.result_card import result_card, result_lines

_log = logging.getLogger(__name__)

# The answer matters more than the list around it, and Twilio may have had its 10 s already.
DRAW_LIST_DEADLINE_S = 1.0
LOOK_DEADLINE_S = 0.7
# After these the card on the screen is wrong: there is no such call to act on any more.
CARD_IS_OVER = (OutcomeReason.ALREADY_ENDED, OutcomeReason.NO_SUCH_CALL)


class SlackAnnouncer:
    """Fulfils `bot.application.ports.ChangeAnnouncer`."""

    def __init__(
        self,
        replies: Replies,
        audiences: Audiences,
        live_list: LiveList,
        home: HomeTab,
        *,
        clock: Clock,
        place: Place,
    ) -> None:
        self._replies = replies
        self._audiences = audiences
        self._live_list = live_list
        self._home = home
        self._clock = clock
        self._place = place
        self._lists = Places()

    async def announce(self, change: Change, outcome: Outcome) -> bool:
        """Show it; False where Slack took it in no way.

        What was clicked shows it: the card, buttons gone, or the list. What was changed, or may
        have been, is told to the channel too; what was not, to the person alone. The Home tab
        belongs to no channel: what was changed from there also comes in a direct message.
        """
        origin = change.request.origin
        is_shown = await self._show_where_clicked(change, outcome)
        is_shown_to_all = is_shown and not origin.is_ephemeral
        if outcome.event is Event.FAILED:
            return is_shown or await self._tell_asker(change, outcome)
        if origin.kind is OriginKind.HOME:
            return await self._tell_asker(change, outcome) or is_shown
        return is_shown_to_all or await self._tell_channel(change, outcome) or is_shown

    async def _show_where_clicked(self, change: Change, outcome: Outcome) -> bool:
        """Whether what was clicked now shows it."""
        match change.request.origin.kind:
            case OriginKind.LIST:
                return await self._show_on_list(change, outcome)
            case OriginKind.CARD:
                return await self._show_on_card(change, outcome)
            case OriginKind.HOME:
                return await self._show_on_home(change, outcome)
            case OriginKind.COMMAND:
                return False

    async def _show_on_card(self, change: Change, outcome: Outcome) -> bool:
        if outcome.event is Event.FAILED and outcome.reason not in CARD_IS_OVER:
            return False  # the card is right as it is, and can be used again
        view = result_card(
            change, outcome, audience=await self._who_sees(change), place=self._place
        )
        return await self._replies.replace(change.request.origin, change.actor.user_id, view)

    async def _show_on_list(self, change: Change, outcome: Outcome) -> bool:
        """The list as it is now, with what came of the click on top, and of those just before."""
        origin = change.request.origin
        drawings = self._lists.at(f"{origin.channel_id}/{origin.message_ts}")
        try:
            async with asyncio.timeout(DRAW_LIST_DEADLINE_S):
                audience = await self._who_sees(change)
                number = drawings.begin(self._banner(change, outcome, audience), self._clock())
                view = await self._live_list.draw(
                    self._live_list.parse(origin.list_state),
                    audience,
                    banner="\n".join(drawings.banners),
                    within_s=LOOK_DEADLINE_S,
                )
        except (HookflashError, TimeoutError):
            _log.warning("a list could not be drawn again after a change")
            return False
        return await drawings.show(
            number, lambda: self._replies.replace(origin, change.actor.user_id, view)
        )

    async def _show_on_home(self, change: Change, outcome: Outcome) -> bool:
        """The tab as it is now, with what came of the click on top; first the modal over it."""
        origin = change.request.origin
        audience = await self._audiences.alone(change.actor)
        if origin.view_id:
            view = result_card(change, outcome, audience=audience, place=self._place)
            await self._replies.update_modal(origin.view_id, view)
        banner = self._banner(change, outcome, audience)
        return await self._home.show_again(origin, change.actor, banner=banner)

    def _banner(self, change: Change, outcome: Outcome, audience: Audience) -> str:
        return "\n".join(result_lines(change, outcome, audience=audience, place=self._place))

    async def _tell_asker(self, change: Change, outcome: Outcome) -> bool:
        audience = await self._audiences.alone(change.actor)
        view = result_card(change, outcome, audience=audience, place=self._place)
        return await self._replies.to_asker(change.request.origin, change.actor.user_id, view)

    async def _tell_channel(self, change: Change, outcome: Outcome) -> bool:
        audience = await self._audiences.in_channel(change.request.origin.channel_id)
        view = result_card(change, outcome, audience=audience, place=self._place)
        return await self._replies.to_channel(change.request.origin, change.actor.user_id, view)

    async def _who_sees(self, change: Change) -> Audience:
        origin = change.request.origin
        return await self._audiences.who_sees(
            change.actor, channel_id=origin.channel_id, is_ephemeral=origin.is_ephemeral
        )
