"""A stand-in for Twilio: its REST API over HTTP, and the phone network behind it."""

from bot.sandbox.twilio.calls import Call, Number
from bot.sandbox.twilio.clock import Clock, ManualClock, PacedClock, RealClock
from bot.sandbox.twilio.conferences import Conference, Participant
from bot.sandbox.twilio.example_hosts import ExampleHosts, Fetch
from bot.sandbox.twilio.faults import Fault, FaultKind, Faults
from bot.sandbox.twilio.network import PhoneNetwork
from bot.sandbox.twilio.open_questions import OpenQuestions
from bot.sandbox.twilio.parties import Party
from bot.sandbox.twilio.received import ReceivedRequest
from bot.sandbox.twilio.server import TwilioStandIn

__all__ = [
    "Call",
    "Clock",
    "Conference",
    "ExampleHosts",
    "Fault",
    "FaultKind",
    "Faults",
    "Fetch",
    "ManualClock",
    "Number",
    "OpenQuestions",
    "PacedClock",
    "Participant",
    "Party",
    "PhoneNetwork",
    "RealClock",
    "ReceivedRequest",
    "TwilioStandIn",
]
