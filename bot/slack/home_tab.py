"""Each person's Home tab, drawn and published as it is now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.application.deadlines import database_deadline
from bot.application.ports import AuditReader, Clock
from bot.application.rights import Rights
from bot.domain.changes import Freeze, Origin
from bot.domain.errors import HookflashError, LogUnavailableError, TwilioError
from bot.domain.people import Actor, Role
from bot.slack.audiences import Audiences
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
# Slack tells of an opened tab at any moment, and what was drawn for that must not take away what
# the person has not had the time to read.
BANNER_STAYS = timedelta(seconds=15)
MOST_BANNERS = 3
MOST_TABS = 10_000
TWILIO_IS_SLOW = "Twilio has not listed the calls yet. Refresh in a moment."


@dataclass(slots=True)
class _Tab:
    """What this process has drawn of one person's tab; drawings are numbered as they begin."""

    publishing: asyncio.Lock = field(default_factory=asyncio.Lock)
    begun: int = 0
    published: int = 0
    banners: list[tuple[datetime, str]] = field(default_factory=list)

    def begin(self, banner: str, now: datetime) -> int:
        """The number of a new drawing; whichever is published from now on has its banner."""
        self.begun += 1
        recent = [(at, words) for at, words in self.banners if now - at < BANNER_STAYS]
        self.banners = [(now, banner), *recent][:MOST_BANNERS] if banner else recent
        return self.begun


class HomeTab:
    """Publishes the tab. `help_for` tells what a role may type."""

    def __init__(
        self,
        live_list: LiveList,
        log: AuditReader,
        rights: Rights,
        audiences: Audiences,
        replies: Replies,
        *,
        help_for: Callable[[Role], Sequence[HelpRow]],
        clock: Clock,
        place: Place,
    ) -> None:
        self._live_list = live_list
        self._log = log
        self._rights = rights
        self._audiences = audiences
        self._replies = replies
        self._help_for = help_for
        self._clock = clock
        self._place = place
        self._tabs: dict[str, _Tab] = {}

    async def show(self, actor: Actor, page: ListState = FIRST_PAGE, *, banner: str = "") -> bool:
        """Show the person this page of the live calls, with *banner* (marked-up text) on top.

        False where Slack did not take it. What Twilio or the log do not tell is said in its place.
        The banner stays for a while, whatever the tab is drawn again for.
        """
        tab = self._tab_of(actor)
        number = tab.begin(banner, self._clock())
        if self._rights.must_learn(actor):  # a process that has just started knows nobody
            await self._rights.learn(actor)
        role = self._rights.role_of(actor)
        audience = await self._audiences.alone(actor)
        calls, freeze = None, None
        if role >= Role.VIEWER:
            calls, freeze = await asyncio.gather(self._calls(page, audience), self._freeze())
        view = home_tab(
            role=role,
            commands=self._help_for(role) if role >= Role.VIEWER else (),
            calls=calls,
            freeze=freeze,
            ask=self._rights.who_to_ask(Role.ADMIN),
            audience=audience,
            place=self._place,
            banners=[words for _, words in tab.banners],
        )
        async with tab.publishing:
            if number < tab.published:
                return True  # what was begun later is there, and this banner with it
            is_published = await self._replies.publish_home(actor.user_id, view)
            if is_published:
                tab.published = number
            return is_published

    async def show_again(self, origin: Origin, actor: Actor, *, banner: str) -> bool:
        """The same, on the page where the person acted."""
        return await self.show(actor, self._page_of(origin), banner=banner)

    def _tab_of(self, actor: Actor) -> _Tab:
        if len(self._tabs) >= MOST_TABS:
            self._tabs.clear()
        return self._tabs.setdefault(actor.user_id, _Tab())

    def _page_of(self, origin: Origin) -> ListState:
        if not origin.list_state:
            return FIRST_PAGE
        try:
            return self._live_list.parse(origin.list_state)
        except HookflashError:
            return FIRST_PAGE  # what came of the click matters more than the page

    async def _calls(self, page: ListState, audience: Audience) -> MessageView:
        try:
            async with asyncio.timeout(LOOK_DEADLINE_S):
                return await self._live_list.draw(page, audience)
        except TimeoutError:
            return calls_not_listed(TWILIO_IS_SLOW, self._live_list.encode(page))
        except TwilioError as fault:
            return calls_not_listed(words(fault, self._place.command), self._live_list.encode(page))

    async def _freeze(self) -> Freeze | None:
        """None also where the log does not answer: the list says so, and nothing can be changed."""
        try:
            async with database_deadline():
                return await self._log.current_freeze()
        except LogUnavailableError:
            return None
