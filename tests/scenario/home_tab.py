"""The Home tab as a person sees and uses it."""

from __future__ import annotations

from bot.sandbox.slack import Message, View
from bot.sandbox.twilio import Call
from tests.scenario.company import Company


def home(company: Company, who: str) -> View:
    """The person's Home tab as it stands."""
    return company.slack.workspace.home_views[who]


async def open_home(company: Company, who: str) -> View:
    """Open it, and see what is drawn."""
    await company.slack.open_home(who)
    await company.at_rest()
    return home(company, who)


async def click_home(company: Company, who: str, label: str, call: Call | None = None) -> None:
    """Press a button on it."""
    await company.click(who, label, on=home(company, who), call=call)


def direct_messages(company: Company, who: str) -> list[Message]:
    """What the bot has told this person directly."""
    return company.seen_by(who, where=company.slack.workspace.direct_channel(who).id)
