"""The Home tab: drawn when it is opened; what stands on it belongs to the other features."""

from __future__ import annotations

from bot.domain.audit import Action
from bot.slack.desk import Desk
from bot.slack.features import Ack, Feature
from bot.slack.payloads import HomeOpening

HOME_TAB = "home"


async def home_opened(ack: Ack, asked: HomeOpening, desk: Desk) -> None:
    """Show the tab as it is now; the other tab of the app's conversation is Slack's own."""
    if asked.tab == HOME_TAB:
        actor = asked.asking.actor
        await desk.guard.admit(asked.asking, Action.LIST)
        desk.answer(asked, desk.home.show(actor))
    await ack()


FEATURE = Feature(events={"app_home_opened": home_opened})
