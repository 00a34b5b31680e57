"""What Twilio's answers and faults mean for a change, and how an outcome is written down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.domain.audit import AuditEntry, EntryDraft, Event, Surface
from bot.domain.calls import Call
from bot.domain.changes import Change, Outcome, OutcomeReason
from bot.domain.errors import (
    TwilioAuthenticationError,
    TwilioCallNotInProgressError,
    TwilioError,
    TwilioNotFoundError,
    TwilioPermissionError,
    TwilioRateLimitedError,
    TwilioRefusedError,
    TwilioUnavailableError,
)

NUMBERS = ("from", "to")
# Twilio's clock tells of the end, ours of the request.
CERTAINLY_EARLIER = timedelta(seconds=30)
# Faults after which it is certain that Twilio changed nothing; an unavailable Twilio is among them
# only where the request never reached it.
REASON_OF_FAULT: dict[type[TwilioError], OutcomeReason] = {
    TwilioRateLimitedError: OutcomeReason.RATE_LIMITED,
    TwilioAuthenticationError: OutcomeReason.NOT_AUTHENTICATED,
    TwilioPermissionError: OutcomeReason.NOT_PERMITTED,
    TwilioNotFoundError: OutcomeReason.NO_SUCH_CALL,
    TwilioCallNotInProgressError: OutcomeReason.NOT_IN_PROGRESS,
    TwilioRefusedError: OutcomeReason.REFUSED,
    TwilioUnavailableError: OutcomeReason.NOT_SENT,
}


def failed(fault: TwilioError, *, at: datetime, before: str) -> Outcome:
    """The outcome after a fault that is certain to have changed nothing."""
    return Outcome(
        event=Event.FAILED,
        reason=REASON_OF_FAULT.get(type(fault), OutcomeReason.REFUSED),
        at=at,
        status_before=before,
        code=fault.code,
        twilio_request_id=fault.request_id,
        message=str(fault),
    )


def not_done(reason: OutcomeReason, *, at: datetime, is_recorded: bool = True) -> Outcome:
    """The outcome of a change that was never sent to Twilio."""
    return Outcome(event=Event.FAILED, reason=reason, at=at, is_recorded=is_recorded)


def already_ended(
    call: Call, *, at: datetime, twilio_request_id: str = "", code: int | None = None
) -> Outcome:
    """The outcome where the call had ended before the change reached it."""
    return Outcome(
        event=Event.FAILED,
        reason=OutcomeReason.ALREADY_ENDED,
        at=at,
        status_after=call.status,
        code=code,
        twilio_request_id=twilio_request_id,
        ended_at=call.ended_at,
        numbers=numbers_of(call),
    )


def found_over(change: Change, call: Call, *, at: datetime, before: str) -> Outcome:
    """The outcome of a hang-up without an answer, where a look finds the call over."""
    if call.ended_at is not None and call.ended_at < change.requested_at - CERTAINLY_EARLIER:
        return already_ended(call, at=at)
    return taken(OutcomeReason.CONFIRMED, call, at=at, before=before, twilio_request_id="")


def taken(
    reason: OutcomeReason, call: Call, *, at: datetime, before: str, twilio_request_id: str
) -> Outcome:
    """The outcome of a change that Twilio confirmed (hang-up) or accepted (redirect)."""
    return Outcome(
        event=Event.SUCCEEDED,
        reason=reason,
        at=at,
        status_before=before,
        status_after=call.status,
        twilio_request_id=twilio_request_id,
        numbers=numbers_of(call),
    )


def unclear(
    reason: OutcomeReason, *, at: datetime, before: str, status: str = "", is_final: bool
) -> Outcome:
    """The outcome where it is not known what Twilio did."""
    return Outcome(
        event=Event.UNKNOWN,
        reason=reason,
        at=at,
        status_before=before,
        status_after=status,
        is_final=is_final,
    )


def numbers_of(call: Call) -> dict[str, str]:
    """The numbers of both ends, as far as Twilio told them."""
    named = dict(zip(NUMBERS, (call.from_number, call.to_number), strict=True))
    return {name: number for name, number in named.items() if number}


def outcome_of(entry: AuditEntry, personal: Mapping[str, str]) -> Outcome:
    """The outcome that `outcome_entry` wrote down, as far as the log keeps it."""
    twilio = entry.details.get("twilio", {})
    return Outcome(
        event=Event(entry.event),
        reason=OutcomeReason(entry.details["reason"]),
        at=entry.recorded_at,
        status_before=entry.details.get("status_before", ""),
        status_after=entry.details.get("status_after", ""),
        code=twilio.get("code"),
        twilio_request_id=twilio.get("request_id", ""),
        numbers={name: personal[name] for name in NUMBERS if name in personal},
    )


def outcome_entry(
    change: Change, outcome: Outcome, *, surface: Surface | None = None
) -> EntryDraft:
    """The log entry that tells the outcome; the same request id and person as the intent."""
    details: dict[str, Any] = {
        "reason": outcome.reason.value,
        "status_before": outcome.status_before,
        "status_after": outcome.status_after,
        "attempts": change.attempts,
    }
    if outcome.code or outcome.twilio_request_id:
        details["twilio"] = {"code": outcome.code, "request_id": outcome.twilio_request_id}
    return EntryDraft(
        request_id=change.request.request_id,
        event=outcome.event,
        action=change.action,
        actor=change.actor,
        surface=surface or change.request.surface,
        channel_id=change.request.origin.channel_id,
        account_sid=change.account_sid,
        call_sid=change.call_sid,
        details={name: value for name, value in details.items() if value not in ("", None)},
        personal=dict(outcome.numbers),
    )
