"""The operations on calls: list, fetch, update, delete."""

from collections.abc import Callable
from datetime import datetime

from bot.sandbox.twilio import resources
from bot.sandbox.twilio.answers import BAD_REQUEST, NO_CONTENT, Answer, ApiError, listing, one
from bot.sandbox.twilio.asked import Asked
from bot.sandbox.twilio.call_update import CallUpdate
from bot.sandbox.twilio.calls import FINAL_STATUSES, Call
from bot.sandbox.twilio.listing import choice, cut_page, date_filter, single

STATUS_FILTERS = frozenset({"queued", "ringing", "in-progress"}) | FINAL_STATUSES
EQUALITY_FILTERS = {"To": "to", "From": "from_", "ParentCallSid": "parent_call_sid"}


def list_calls(asked: Asked) -> Answer:
    """A page of the calls that pass the filters."""
    query = asked.request.query
    page = cut_page(asked.network.calls, _call_filter(asked), query, asked.request.path)
    clock = asked.network.clock
    rows = [resources.call_json(call, clock) for call in page.items]
    return listing(page.envelope, "calls", rows)


def fetch_call(asked: Asked) -> Answer:
    """One call."""
    return one(resources.call_row(_call(asked), asked.network.clock))


def update_call(asked: Asked) -> Answer:
    """Hangs up, redirects or limits a call, and answers with the call as it stands then.

    Raises:
        ApiError: There is no such call, it is not in a state for it, or a parameter is wrong.
    """
    call = _call(asked)
    update = CallUpdate.from_form(asked.request.form)
    if update.hangs_up:
        return _hang_up(asked, call, update)
    if (update.redirects and not call.is_in_progress) or (update.time_limit_s and not call.is_live):
        raise _not_in_progress()
    if update.time_limit_s is not None:
        asked.network.limit_time(call, update.time_limit_s)
    asked.network.change(call)
    # Twilio answers that it took the redirect; what the new TwiML does to the call comes after.
    answer = one(resources.call_row(call, asked.network.clock))
    if update.redirects:
        asked.network.redirect(
            call,
            twiml=update.twiml,
            url=update.url,
            method=update.method,
            fallback_url=update.fallback_url,
        )
    return answer


def delete_call(asked: Asked) -> Answer:
    """Removes the record of a call that is over; it is no way to hang up.

    Raises:
        ApiError: There is no such call, or it is still live.
    """
    call = _call(asked)
    if call.is_live:
        raise ApiError(BAD_REQUEST, 20009, "Cannot delete this call before it is complete")
    asked.network.remove(call)
    return Answer(NO_CONTENT)


def _call(asked: Asked) -> Call:
    call = asked.network.calls.get(asked.sids["sid"])
    if call is None:
        raise asked.missing()
    return call


def _call_filter(asked: Asked) -> Callable[[Call], bool]:
    query = asked.request.query
    status = choice(query, "Status", STATUS_FILTERS)
    statuses = {status}
    if status == "ringing" and asked.open_questions.lists_initiated_as_ringing:
        statuses.add("initiated")
    asked_for = {field: single(query, name) for name, field in EQUALITY_FILTERS.items()}
    wanted = {field: value for field, value in asked_for.items() if value is not None}
    started = date_filter(query, "StartTime", _started_at, by_day=asked.filters_by_day)
    ended = date_filter(query, "EndTime", _ended_at, by_day=asked.filters_by_day)

    def keep(call: Call) -> bool:
        if status is not None and call.status not in statuses:
            return False
        fits = all(getattr(call, field) == value for field, value in wanted.items())
        return fits and started(call) and ended(call)

    return keep


def _hang_up(asked: Asked, call: Call, update: CallUpdate) -> Answer:
    if not call.is_live and asked.open_questions.refuses_hang_up_of_ended_calls:
        raise _not_in_progress()
    # `canceled` is for calls that nobody has answered; others go on as if nothing had been.
    if update.status == "completed" or not call.is_in_progress:
        asked.network.hang_up(call)
    return one(resources.call_row(call, asked.network.clock))


def _not_in_progress() -> ApiError:
    return ApiError(BAD_REQUEST, 21220, "Call is not in-progress. Cannot redirect.")


def _started_at(call: Call) -> datetime | None:
    return call.started_at


def _ended_at(call: Call) -> datetime | None:
    return call.ended_at
