"""Each person's Home tab, drawn and published as it is now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from bot.application.ports import Clock
from bot.application.rights import Rights
from bot.domain.changes import Origin
from bot.domain.errors import HookflashError, TwilioError
from bot.domain.people import Actor, Role
from bot.slack.audiences import Audiences
from bot.slack.drawings import Places
from bot.slack.errors import words
from bot.slack.list_state import FIRST_PAGE, ListState
from bot.slack.live_list import LiveList
from bot.slack.replies import Replies
from bot.slack.views.formatting import Audience, Place
from bot.slack.views.help import HelpRow
from bot.slack.views.home_tab import calls_not_listed, home_tab
from bot.slack.views.message import MessageView

# After a change Twilio may have had its 10 s already, and the person waits for what came of it.
LOOK_DEADLINE_S = 3.0
TWILIO_IS_SLOW = "Twilio has not listed the calls yet. Refresh in a moment."


class HomeTab:
    """Publishes the tab. `help_for` tells what a role may type."""

    def __init__(
        self,
        live_list: LiveList,
        rights: Rights,
        audiences: Audiences,
        replies: Replies,
        *,
        help_for: Callable[[Role], Sequence[HelpRow]],
        clock: Clock,
        place: Place,
    ) -> None:
        self._live_list = live_list
        self._rights = rights
        self._audiences = audiences
        self._replies = replies
        self._help_for = help_for
        self._clock = clock
        self._place = place
        self._tabs = Places()

    async def show(self, actor: Actor, page: ListState = FIRST_PAGE, *, banner: str = "") -> bool:
        """Show the person this page of the live calls, with *banner* (marked-up text) on top.

        False where Slack did not take it. What Twilio or the log do not tell is said in its place.
        The banner stays for a while, whatever the tab is drawn again for.
        """
        tab = self._tabs.at(actor.user_id)
        number = tab.begin(banner, self._clock())
        if self._rights.must_learn(actor):  # a process that has just started knows nobody
            await self._rights.learn(actor)
        role = self._rights.role_of(actor)
        audience = await self._audiences.alone(actor)
        calls, freeze = None, None
        if role >= Role.VIEWER:
            calls, freeze = await asyncio.gather(
                self._calls(page, audience), self._live_list.freeze()
            )
        view = home_tab(
            role=role,
            commands=self._help_for(role) if role >= Role.VIEWER else (),
            calls=calls,
            freeze=freeze,
            ask=self._rights.who_to_ask(Role.ADMIN),
            audience=audience,
            place=self._place,
            # Who has no role is told so, and why: a refusal on top would say it twice.
            banners=tab.banners if role >= Role.VIEWER else (),
        )
        return await tab.show(number, lambda: self._replies.publish_home(actor.user_id, view))

    async def show_again(self, origin: Origin, actor: Actor, *, banner: str) -> bool:
        """The same, on the page where the person acted."""
        return await self.show(actor, self._page_of(origin), banner=banner)

    def _page_of(self, origin: Origin) -> ListState:
        if not origin.list_state:
            return FIRST_PAGE
        try:
            return self._live_list.parse(origin.list_state)
        except HookflashError:
            return FIRST_PAGE  # what came of the click matters more than the page

    async def _calls(self, page: ListState, audience: Audience) -> MessageView:
        try:
            return await self._live_list.draw(
                page, audience, within_s=LOOK_DEADLINE_S, tells_freeze=False
            )
        except TimeoutError:
            return calls_not_listed(TWILIO_IS_SLOW, self._live_list.encode(page))
        except TwilioError as fault:
            return calls_not_listed(words(fault, self._place.command), self._live_list.encode(page))
