"""A stand-in for Slack that speaks only HTTP: the Web API, and the people at the client."""

from bot.sandbox.slack.deliveries import Delivery
from bot.sandbox.slack.elements import FoundElement
from bot.sandbox.slack.errors import NotPossibleError, SlackError
from bot.sandbox.slack.escaping import CommandEscaping
from bot.sandbox.slack.faults import SlackFaults
from bot.sandbox.slack.records import Channel, Complaint, Message, User, View
from bot.sandbox.slack.server import SlackStandIn
from bot.sandbox.slack.sockets import Socket, Sockets
from bot.sandbox.slack.web_api import ApiCall
from bot.sandbox.slack.workspace import Workspace

__all__ = [
    "ApiCall",
    "Channel",
    "CommandEscaping",
    "Complaint",
    "Delivery",
    "FoundElement",
    "Message",
    "NotPossibleError",
    "SlackError",
    "SlackFaults",
    "SlackStandIn",
    "Socket",
    "Sockets",
    "User",
    "View",
    "Workspace",
]
