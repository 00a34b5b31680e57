"""The one place that turns errors into words for people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import singledispatch

from bot.domain.audit import Action
from bot.domain.changes import LastChange
from bot.domain.errors import (
    CallBusyError,
    CallNotActiveError,
    CallNotFoundError,
    ChangeUnconfirmedError,
    FrozenError,
    HookflashError,
    InvalidInputError,
    LogUnavailableError,
    NoDestinationError,
    NotPermittedError,
    OtherCommandError,
    OutdatedButtonError,
    RepeatedRequestError,
    StaleCardError,
    TargetNotAllowedError,
    TwilioAuthenticationError,
    TwilioError,
    TwilioNotFoundError,
    TwilioPermissionError,
    TwilioRateLimitedError,
    TwilioUnavailableError,
    UnknownVerbError,
)
from bot.domain.people import Role
from bot.domain.sids import is_call_sid
from bot.slack.views.escaping import escape, with_mentions
from bot.slack.views.formatting import ask_words, mention, slack_moment, slack_time
from bot.slack.views.message import MessageView
from bot.slack.views.notice import notice
from bot.slack.views.outcome_words import DONE

SHOWN_PART = 120
SHOWN_SENTENCE = 600
NO_ROLE = (
    "have no role: guests and people of other workspaces have none unless the settings name them"
)
WHO_MAY = {
    Role.VIEWER: "viewers, operators and admins",
    Role.OPERATOR: "operators and admins",
    Role.ADMIN: "admins",
}
DOING = {Action.HANG_UP: "hanging it up", Action.REDIRECT: "redirecting it"}


def explain(error: BaseException, *, command: str) -> MessageView:
    """What the person is shown: what is wrong and what to do, never a vendor's text or a trace."""
    return notice(words(error, command))


@singledispatch
def words(error: BaseException, command: str) -> str:
    """The sentence for an error, in mrkdwn."""
    return (
        "Something went wrong in Hookflash, and it has been logged. "
        f"See with `{command} audit` or `{command}` what was done."
    )


@words.register
def _(error: HookflashError, command: str) -> str:
    return f"That did not work, and nothing was changed. `{command} help` shows what there is."


@words.register
def _(error: InvalidInputError, command: str) -> str:
    part = f"“{_literal(error.part, SHOWN_PART)}”: " if error.part.strip() else ""
    problem = escape(error.problem, SHOWN_SENTENCE)
    example = f"{command} {error.example}" if error.is_command else error.example
    return f"{part}{problem} Example: {_literal(example, SHOWN_SENTENCE)}"


@words.register
def _(error: UnknownVerbError, command: str) -> str:
    commands = (f"{command} {suggestion}".strip() for suggestion in error.suggestions)
    near = " or ".join(f"`{escape(each, SHOWN_PART)}`" for each in commands)
    meant = f" Did you mean {near}?" if near else ""
    typed = escape(f"{command} {error.part}", SHOWN_PART)
    return f"There is no command “{typed}”.{meant} `{command} help` shows what you can do."


@words.register
def _(error: OutdatedButtonError, command: str) -> str:
    return (
        "This is from another version of Hookflash, or from before it was installed anew. "
        f"Nothing was changed; start at `{command}`."
    )


@words.register
def _(error: OtherCommandError, command: str) -> str:
    return (
        f"Nothing was done: Slack has the command “{escape(str(error), SHOWN_PART)}”, and "
        f"Hookflash is set to `{command}`. Whoever runs Hookflash makes them the same: "
        "HOOKFLASH_COMMAND in its settings, or Slash Commands in those of the Slack app."
    )


@words.register
def _(error: NotPermittedError, command: str) -> str:
    held = NO_ROLE if error.held is Role.NOBODY else f"are {_with_article(error.held)}"
    return (
        f"Only {WHO_MAY[error.needed]} may do that, and you {held}. Nothing was changed. "
        f"{ask_words(error.ask)}"
    )


@words.register
def _(error: FrozenError, command: str) -> str:
    freeze = error.freeze
    reason = with_mentions(escape(freeze.reason, SHOWN_SENTENCE)) if freeze.reason else ""
    return (
        f"All changes are frozen by {mention(freeze.by)} since {slack_moment(freeze.since)}"
        f"{f' (reason: {reason})' if reason else ''}. "
        f"Nothing was changed. An admin can lift it with `{command} unfreeze`."
    )


@words.register
def _(error: TargetNotAllowedError, command: str) -> str:
    part, problem = escape(error.part, SHOWN_PART), escape(error.problem, SHOWN_SENTENCE)
    return f"“{part}”: {problem} Nothing was changed. {ask_words(error.ask)}"


@words.register
def _(error: CallBusyError, command: str) -> str:
    doing = DOING.get(error.action, "changing it")
    first = "You have asked already" if error.is_own else f"{mention(error.by)} was first"
    return (
        f"{first}: {doing} since {slack_time(error.since)}. "
        "Nothing more was done; look at the call again in a moment."
    )


@words.register
def _(error: CallNotActiveError, command: str) -> str:
    ending = error.ending
    by = [f"by {mention(ending.by)}"] if ending.by else []
    how = ", ".join([slack_moment(ending.at), *by, escape(ending.status, SHOWN_PART)])
    return f"That call had already ended ({how}). Nothing was changed."


@words.register
def _(error: StaleCardError, command: str) -> str:
    changes = " ".join(stale_words(error.changes, error.last_change))
    return f"Look again before you redirect. {changes} Nothing was changed."


def stale_words(changes: Sequence[str], last_change: LastChange | None) -> list[str]:
    """Marked-up: what has changed since the card was made, a sentence each."""
    said = {
        "change": _last_change_words(last_change),
        "legs": "Other people are on the line than you were shown.",
    }
    return [said[change] for change in changes]


def _last_change_words(last_change: LastChange | None) -> str:
    if last_change is None:
        return "Somebody has changed this call."
    wanted = last_change.action.replace("_", " ")
    return f"{mention(last_change.by)} asked to {wanted} this call at {slack_time(last_change.at)}."


@words.register
def _(error: CallNotFoundError, command: str) -> str:
    account = f" in account {error.account_sid}" if error.account_sid else ""
    named = f"“{escape(error.reference, SHOWN_PART)}”"
    unseen = "Calls of other accounts and Regions are not seen."
    if is_call_sid(error.reference):
        return f"There is no such call{account}: {named}. {unseen}"
    is_digits = re.fullmatch("[0-9]+", error.reference) is not None
    taken_for = f"{named}, taken for the end of a SID" if is_digits else named
    plus = "A number begins with + and its country code. " if is_digits else ""
    return (
        f"No live call{account} fits {taken_for}. {plus}A number or the end of a SID finds live "
        f"calls only; `{command} recent` lists those that have ended. {unseen}"
    )


@words.register
def _(error: NoDestinationError, command: str) -> str:
    return (
        "That target leads nowhere for this call: neither end is a number of this account with a "
        "voice URL of its own. Nothing was changed. Name another target."
    )


@words.register
def _(error: LogUnavailableError, command: str) -> str:
    return (
        "It was *not* done: the log does not answer, and without a record nothing is changed. "
        "Try again in a moment, and tell whoever runs Hookflash."
    )


@words.register
def _(error: RepeatedRequestError, command: str) -> str:
    return (
        "Slack brought this again, and it was answered when it first came: nothing was changed "
        f"now. If you still want it, ask anew; `{command}` shows how things are."
    )


@words.register
def _(error: ChangeUnconfirmedError, command: str) -> str:
    if error.action in DONE:
        return (
            f"It is *not known here* whether the call will be {DONE[error.action]}: the log did "
            "not answer in time. If it took this, Hookflash tells what came of it. Look at the "
            "call before you try again."
        )
    is_lifting = error.action is Action.UNFREEZE
    what = "the freeze is lifted" if is_lifting else "all changes are frozen"
    verb = "unfreeze" if is_lifting else "freeze REASON"
    return (
        f"It is *not known here* whether {what}: the log did not answer in time. Type "
        f"`{command} {verb}` again in a moment, which tells. Until then calls may be changed."
    )


@words.register
def _(error: TimeoutError, command: str) -> str:
    return "It was *not* done: it took too long. Nothing was changed. Try again in a moment."


@words.register
def _(error: TwilioError, command: str) -> str:
    status = f" (HTTP {error.status})" if error.status else ""
    code = f" (Twilio error {error.code})" if error.code else status
    return f"Twilio did not answer as it should{code}. Try again in a moment."


@words.register
def _(error: TwilioUnavailableError, command: str) -> str:
    if error.status or error.request_id:
        return words.dispatch(TwilioError)(error, command)
    return "Twilio could not be reached, or did not answer in time. Try again in a moment."


@words.register
def _(error: TwilioAuthenticationError, command: str) -> str:
    return (
        f"Twilio does not accept Hookflash's credentials, or the account is not active "
        f"({error.code or 'HTTP 401'}). Tell whoever runs Hookflash."
    )


@words.register
def _(error: TwilioPermissionError, command: str) -> str:
    return (
        f"Hookflash's Twilio key lacks a permission for this ({error.code or 'HTTP 403'}). "
        "Tell whoever runs Hookflash."
    )


@words.register
def _(error: TwilioRateLimitedError, command: str) -> str:
    # Twilio does not say for how long; by then Hookflash itself looks again, at the latest.
    return (
        "Twilio is taking no more requests of this account just now. Wait a minute and try again."
    )


@words.register
def _(error: TwilioNotFoundError, command: str) -> str:
    return "Twilio knows no such call in this account and Region."


def _literal(text: str, limit: int) -> str:
    """Marked-up: the text with names for ids, and with every `*`: of two Slack would show none."""
    shown = escape(text, limit)
    return f"`{shown}`" if "*" in shown else with_mentions(shown)


def _with_article(role: Role) -> str:
    return f"{'a' if role is Role.VIEWER else 'an'} {role.title}"
