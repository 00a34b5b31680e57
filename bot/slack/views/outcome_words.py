"""What came of a change, in a sentence or two: only what is known, and what happens next.

What comes back is marked-up text.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.audit import Action
from bot.domain.calls import FINAL_STATUSES
from bot.domain.changes import Change, Outcome, OutcomeReason
from bot.domain.redirects import TwimlTarget, deserialise_target
from bot.slack.views.escaping import escape
from bot.slack.views.formatting import (
    Place,
    mention,
    slack_moment,
    slack_time,
    status_words,
    target_words,
)

WORD_LIMIT = 60
DONE = {Action.HANG_UP: "hung up", Action.REDIRECT: "redirected"}
_NOT_YET_IN_THE_LOG = (
    "*This outcome is not in the log yet*; Hookflash adds it as soon as the log answers."
)
_LOG_IS_DOWN = "The log did not answer, and without a record nothing is sent."

Sentence = Callable[[Change, Outcome, Place], str]


def outcome_words(change: Change, outcome: Outcome, place: Place) -> str:
    """What is known of the change, by whom and when."""
    words = _SENTENCES[outcome.reason](change, outcome, place)
    if outcome.is_recorded:
        return words
    was_sent = outcome.reason is not OutcomeReason.NOT_SENT
    return f"{words} {_NOT_YET_IN_THE_LOG if was_sent else _LOG_IS_DOWN}"


def _done(change: Change) -> str:
    return DONE.get(change.action, "changed")


def _taken(change: Change, outcome: Outcome, place: Place) -> str:
    del place
    who, when = mention(change.actor), slack_time(outcome.at)
    if change.action is Action.HANG_UP:
        status = escape(outcome.status_after or "completed", WORD_LIMIT)
        return f"Hung up by {who} at {when}; Twilio says {status}."
    target = escape(target_words(change.request.target), WORD_LIMIT)
    words = f"Redirected to {target} by {who}; Twilio took it at {when}."
    if outcome.status_after not in FINAL_STATUSES:
        return words
    ended = f" at {slack_time(outcome.ended_at)}" if outcome.ended_at else ""
    status = escape(status_words(outcome.status_after), WORD_LIMIT)
    is_twiml = isinstance(deserialise_target(change.request.target), TwimlTarget)
    why = "the TwiML had come to its end, or failed" if is_twiml else "the target probably failed"
    return f"{words} *The call ended right after*{ended} ({status}); {why}."


def _already_ended(change: Change, outcome: Outcome, place: Place) -> str:
    del place
    when = [slack_moment(outcome.ended_at)] if outcome.ended_at else []
    by = [f"hung up by {mention(outcome.ended_by)}"] if outcome.ended_by else []
    how = f" ({', '.join([*when, *by])})" if when or by else ""
    return (
        f"The call had already ended{how} before {mention(change.actor)} asked; "
        "nothing was changed."
    )


def _not_in_progress(change: Change, outcome: Outcome, place: Place) -> str:
    del place
    known = outcome.status_after or outcome.status_before
    status = escape(status_words(known), WORD_LIMIT)
    if change.action is Action.REDIRECT and known != "in-progress":
        rule = "Twilio redirects only calls that are answered"
        return f"{rule}, and this one is {status or 'not in progress'}. Nothing was changed."
    still = f", and still says {status}" if status else ""
    return (
        f"Not {_done(change)}: Twilio refused it{_code(outcome)}{still}. Nothing was changed; look "
        "at the call again in a moment."
    )


def _no_such_call(change: Change, outcome: Outcome, place: Place) -> str:
    del change, outcome
    return (
        f"There is no such call in account {place.account_sid}, Region {place.region}; it may be "
        "another account's or Region's. Nothing was changed."
    )


def _not_authenticated(change: Change, outcome: Outcome, place: Place) -> str:
    del place
    return (
        f"Not {_done(change)}: Twilio does not accept Hookflash's credentials, or the account is "
        f"not active{_code(outcome)}. Whoever runs Hookflash finds more in its log."
    )


def _not_permitted(change: Change, outcome: Outcome, place: Place) -> str:
    del place
    return (
        f"Not {_done(change)}: Hookflash's Twilio key lacks the permission to change "
        f"calls{_code(outcome)}. Whoever runs Hookflash finds more in its log."
    )


def _rate_limited(change: Change, outcome: Outcome, place: Place) -> str:
    del outcome, place
    return (
        f"Not {_done(change)}: Twilio is taking no more requests of this account just now. "
        "Nothing was changed; wait half a minute and try again."
    )


def _refused(change: Change, outcome: Outcome, place: Place) -> str:
    del place
    return f"Not {_done(change)}: Twilio refused it{_code(outcome)}. Nothing was changed."


def _no_target(change: Change, outcome: Outcome, place: Place) -> str:
    del outcome, place
    return (
        f"Not {_done(change)}: that target leads nowhere for this call. Neither end is a number of "
        "this account with a voice URL of its own, or that is a Studio flow, and Twilio sends "
        "no call that is up into one. Choose another target."
    )


def _no_answer(change: Change, outcome: Outcome, place: Place) -> str:
    del place
    unknown = f"Twilio did not answer, so *it is not known whether the call was {_done(change)}*."
    if not outcome.is_final:
        return f"{unknown} Hookflash goes on looking and tells what it finds."
    if change.action is Action.REDIRECT:
        return f"{unknown} It was not sent again. Look at the call before you redirect it again."
    return f"{unknown} Look at the call before you try again."


def _still_active(change: Change, outcome: Outcome, place: Place) -> str:
    del place
    status = escape(status_words(outcome.status_after or "up"), WORD_LIMIT)
    known = f"The call was to be {_done(change)}, but Twilio still says {status}."
    if not outcome.is_final:
        return f"{known} Hookflash goes on and tells what comes of it."
    return f"{known} *It is not known to have ended.* Look at the call, and try again."


def _not_sent(change: Change, outcome: Outcome, place: Place) -> str:
    del outcome, place
    return f"The call was *not* {_done(change)}: nothing was sent to Twilio. Try again."


def _frozen(change: Change, outcome: Outcome, place: Place) -> str:
    del outcome, place
    return (
        f"The call was *not* {_done(change)}: all changes were frozen before it was sent. "
        "Nothing was changed."
    )


def _code(outcome: Outcome) -> str:
    """Marked-up: Twilio's error code with a link to what it means."""
    if outcome.code is None:
        return ""
    page = f"https://www.twilio.com/docs/errors/{outcome.code}"
    return f" (<{page}|error {outcome.code}>)"


_SENTENCES: dict[OutcomeReason, Sentence] = {
    OutcomeReason.CONFIRMED: _taken,
    OutcomeReason.ACCEPTED: _taken,
    OutcomeReason.ALREADY_ENDED: _already_ended,
    OutcomeReason.NOT_IN_PROGRESS: _not_in_progress,
    OutcomeReason.NO_SUCH_CALL: _no_such_call,
    OutcomeReason.NOT_AUTHENTICATED: _not_authenticated,
    OutcomeReason.NOT_PERMITTED: _not_permitted,
    OutcomeReason.RATE_LIMITED: _rate_limited,
    OutcomeReason.REFUSED: _refused,
    OutcomeReason.NO_TARGET: _no_target,
    OutcomeReason.NO_ANSWER: _no_answer,
    OutcomeReason.STILL_ACTIVE: _still_active,
    OutcomeReason.NOT_SENT: _not_sent,
    OutcomeReason.FROZEN: _frozen,
}
