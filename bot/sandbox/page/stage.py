"""All that the page shows and acts on, in one place."""

from dataclasses import dataclass

from bot.sandbox.bot_process import BotProcess
from bot.sandbox.page.changes import Changes
from bot.sandbox.page.conversation import Conversations
from bot.sandbox.page.misbehaviour import Misbehaviour
from bot.sandbox.page.phones import Switchboard
from bot.sandbox.slack import SlackStandIn
from bot.sandbox.traffic import Traffic
from bot.sandbox.twilio import PacedClock, TwilioStandIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The two stand-ins, the bot between them, and the page's own view of them."""

    slack: SlackStandIn
    twilio: TwilioStandIn
    clock: PacedClock
    bot: BotProcess
    traffic: Traffic
    conversations: Conversations
    switchboard: Switchboard
    misbehaviour: Misbehaviour
    changes: Changes
