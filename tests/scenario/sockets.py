"""What tests of Socket Mode look at."""

from __future__ import annotations

from bot.sandbox.slack import SlackStandIn
from bot.slack.socket_mode import CONNECTIONS

OPEN = "apps.connections.open"


def is_up(slack: SlackStandIn) -> bool:
    """Whether the bot has all its connections."""
    return len(slack.sockets.open) == CONNECTIONS
