"""The resources of the REST API, as Twilio writes them in JSON."""

import json
import re
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from bot.sandbox.twilio.accounts import Account
from bot.sandbox.twilio.calls import Call, Number
from bot.sandbox.twilio.clock import Clock, PacedClock
from bot.sandbox.twilio.conferences import Conference, Participant

API_VERSION = "2010-04-01"
NORTH_AMERICAN = re.compile(r"^\+1(\d{3})(\d{3})(\d{4})$")
CALL_SUBRESOURCES = {
    "events": "Events",
    "notifications": "Notifications",
    "payments": "Payments",
    "recordings": "Recordings",
    "siprec": "Siprec",
    "streams": "Streams",
    "transcriptions": "Transcriptions",
    "user_defined_message_subscriptions": "UserDefinedMessageSubscriptions",
    "user_defined_messages": "UserDefinedMessages",
}


def account_path(account_sid: str) -> str:
    """Where everything of an account begins."""
    return f"/{API_VERSION}/Accounts/{account_sid}"


def call_json(call: Call, clock: Clock) -> str:
    """The call resource; it is written once and kept until the call changes.

    Where the clock has been another than the real time, calls grow older as fast as it went, and
    nothing can be kept.
    """
    if isinstance(clock, PacedClock) and not clock.is_real_time:
        return json.dumps(call_row(call, clock))
    if call.row is None:
        call.row = json.dumps(call_row(call, clock))
    return call.row


def call_row(call: Call, clock: Clock) -> dict[str, Any]:
    """The call resource; its start is as long ago as the clock says that it has lasted."""
    until = call.ended_at or clock.now()
    path = f"{account_path(call.account_sid)}/Calls/{call.sid}"
    return {
        "sid": call.sid,
        "account_sid": call.account_sid,
        "parent_call_sid": call.parent_call_sid,
        "phone_number_sid": call.phone_number_sid,
        "group_sid": call.group_sid,
        "trunk_sid": call.trunk_sid,
        "date_created": rfc_2822(call.created_at),
        "date_updated": rfc_2822(call.updated_at),
        "start_time": rfc_2822(_begin(call.started_at, until, clock)),
        # Twilio leaves it empty for calls that did not complete.
        "end_time": rfc_2822(call.ended_at) if call.status == "completed" else None,
        "duration": _duration(call, clock),
        "status": call.status,
        "direction": call.direction,
        "to": call.to,
        "to_formatted": formatted(call.to),
        "from": call.from_,
        "from_formatted": formatted(call.from_),
        "caller_name": call.caller_name,
        "forwarded_from": call.forwarded_from,
        "answered_by": call.answered_by,
        "queue_time": str(call.queue_time_ms),
        "price": call.price,
        "price_unit": call.price_unit,
        "api_version": API_VERSION,
        "uri": f"{path}.json",
        "subresource_uris": {key: f"{path}/{name}.json" for key, name in CALL_SUBRESOURCES.items()},
    }


def _begin(at: datetime | None, until: datetime, clock: Clock) -> datetime | None:
    return at and until - timedelta(seconds=clock.passed_s(at, until))


def _duration(call: Call, clock: Clock) -> str | None:
    if call.duration_s is None or call.ended_at is None:
        return None
    return str(int(clock.passed_s(call.answered_at or call.ended_at, call.ended_at)))


def conference_row(conference: Conference) -> dict[str, Any]:
    """The conference resource."""
    path = f"{account_path(conference.account_sid)}/Conferences/{conference.sid}"
    return {
        "sid": conference.sid,
        "account_sid": conference.account_sid,
        "friendly_name": conference.friendly_name,
        "status": conference.status,
        "region": "us1",
        "date_created": rfc_2822(conference.created_at),
        "date_updated": rfc_2822(conference.updated_at),
        "reason_conference_ended": conference.reason_ended,
        "call_sid_ending_conference": conference.call_sid_ending,
        "api_version": API_VERSION,
        "uri": f"{path}.json",
        "subresource_uris": {
            "participants": f"{path}/Participants.json",
            "recordings": f"{path}/Recordings.json",
        },
    }


def participant_row(conference: Conference, participant: Participant) -> dict[str, Any]:
    """The participant resource."""
    path = f"{account_path(conference.account_sid)}/Conferences/{conference.sid}"
    return {
        "account_sid": conference.account_sid,
        "call_sid": participant.call_sid,
        "label": participant.label,
        "conference_sid": conference.sid,
        "date_created": rfc_2822(participant.joined_at),
        "date_updated": rfc_2822(participant.joined_at),
        "end_conference_on_exit": participant.ends_conference_on_exit,
        "muted": participant.is_muted,
        "hold": False,
        "status": "connected",
        "start_conference_on_enter": participant.starts_conference_on_enter,
        "coaching": False,
        "call_sid_to_coach": None,
        "queue_time": None,
        "uri": f"{path}/Participants/{participant.call_sid}.json",
    }


def number_row(number: Number) -> dict[str, Any]:
    """The resource of a phone number of the account."""
    path = f"{account_path(number.account_sid)}/IncomingPhoneNumbers/{number.sid}.json"
    return {
        "sid": number.sid,
        "account_sid": number.account_sid,
        "friendly_name": number.friendly_name,
        "phone_number": number.phone_number,
        "voice_url": number.voice_url,
        "voice_method": number.voice_method,
        "voice_fallback_url": None,
        "voice_fallback_method": "POST",
        "voice_application_sid": None,
        "voice_caller_id_lookup": False,
        "status_callback": None,
        "status_callback_method": "POST",
        "trunk_sid": None,
        "origin": "twilio",
        "capabilities": {"voice": True, "sms": False, "mms": False, "fax": False},
        "beta": False,
        "status": "in-use",
        "date_created": rfc_2822(number.created_at),
        "date_updated": rfc_2822(number.created_at),
        "api_version": API_VERSION,
        "uri": path,
    }


def account_row(account: Account) -> dict[str, Any]:
    """The account resource, without its token: nobody should learn it from a stand-in's log."""
    return {
        "sid": account.sid,
        "friendly_name": account.friendly_name,
        "status": account.status,
        "type": "Full",
        "owner_account_sid": account.sid,
        "date_created": rfc_2822(account.created_at),
        "date_updated": rfc_2822(account.created_at),
        "uri": f"{account_path(account.sid)}.json",
        "subresource_uris": {
            "calls": f"{account_path(account.sid)}/Calls.json",
            "conferences": f"{account_path(account.sid)}/Conferences.json",
            "incoming_phone_numbers": f"{account_path(account.sid)}/IncomingPhoneNumbers.json",
        },
    }


def rfc_2822(at: datetime | None) -> str | None:
    """A time as Twilio writes it, such as `Tue, 31 Aug 2010 20:36:28 +0000`."""
    return None if at is None else format_datetime(at)


def formatted(address: str) -> str:
    """A number for display: North American ones as `(415) 555-0123`, others as they are."""
    return NORTH_AMERICAN.sub(r"(\1) \2-\3", address)
