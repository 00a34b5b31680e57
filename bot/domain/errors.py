"""The error tree. Each error carries facts; one place in the Slack adapter turns them into words.

HookflashError
├── InvalidInputError            the person's text: which part, what is wrong, a right example
│   ├── InvalidCallReferenceError
│   ├── InvalidFilterError
│   ├── InvalidTargetError
│   └── UnknownVerbError
├── RefusedError                 not allowed; recorded as `denied`
│   ├── NotPermittedError
│   ├── FrozenError
│   ├── TargetNotAllowedError
│   ├── CallBusyError
│   ├── CallNotActiveError
│   └── StaleCardError
├── CallNotFoundError
├── AmbiguousCallError
├── OutdatedButtonError          a button or form that this version does not know
├── OtherCommandError            the Slack app has a command that the settings do not name
├── NoDestinationError           the named target leads nowhere for this call
├── LogUnavailableError          the database did not take it: nothing was sent
│   └── CommitUnconfirmedError   it did not say whether it took it
├── RedactedMeanwhileError       an export met the deletion of values that it had not read yet
├── RepeatedRequestError         it came again, and was answered when it first came
├── ChangeUnconfirmedError       the log may have taken it, and others act on it
├── LeaseLostError               another process has taken the change over
├── WitnessUnavailableError      a checkpoint could not be shown outside the database
└── TwilioError                  code, Twilio's request id
    ├── TwilioRateLimitedError   never processed
    ├── TwilioAuthenticationError
    ├── TwilioPermissionError
    ├── TwilioNotFoundError
    ├── TwilioCallNotInProgressError
    ├── TwilioRefusedError       any other 4xx
    └── TwilioUnavailableError   5xx, reset, silence: it may have acted
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.audit import Action
from bot.domain.calls import Conversation
from bot.domain.changes import CallEnding, Freeze, LastChange
from bot.domain.people import Actor, Role


class HookflashError(Exception):
    """Anything that Hookflash itself raises."""


class InvalidInputError(HookflashError):
    """A person's text is not understood: which *part*, the *problem*, a right *example*.

    The example takes the place of the part, or, where *is_command*, of all after the slash command.
    """

    def __init__(self, part: str, problem: str, example: str, *, is_command: bool = False) -> None:
        super().__init__(f"{part!r}: {problem} Example: {example}")
        self.part = part
        self.problem = problem
        self.example = example
        self.is_command = is_command


class InvalidCallReferenceError(InvalidInputError):
    """No call SID, no end of one and no number."""


class InvalidFilterError(InvalidInputError):
    """A filter that does not exist or cannot have that value."""


class InvalidTargetError(InvalidInputError):
    """A redirect's target whose form is wrong, for everybody."""


class UnknownVerbError(InvalidInputError):
    """A command that does not exist; *suggestions* are the nearest that do."""

    def __init__(self, part: str, suggestions: Sequence[str], example: str) -> None:
        super().__init__(part, "There is no such command.", example)
        self.suggestions = tuple(suggestions)


class OutdatedButtonError(HookflashError):
    """A button or a form that an older version has left behind, or a newer one."""


class OtherCommandError(HookflashError):
    """A slash command of another name than the settings have for it; the argument is that name."""


class RefusedError(HookflashError):
    """Understood and not allowed; the log gets a `denied` entry with `code`."""

    code = "refused"


class NotPermittedError(RefusedError):
    """The person's role is too low; *ask* are the user ids of people who can help."""

    code = "not_permitted"

    def __init__(self, *, needed: Role, held: Role, ask: Sequence[str]) -> None:
        super().__init__(f"needs {needed.title}, is {held.title}")
        self.needed = needed
        self.held = held
        self.ask = tuple(ask)


class FrozenError(RefusedError):
    """An admin has stopped all changes."""

    code = "frozen"

    def __init__(self, freeze: Freeze) -> None:
        super().__init__("all changes are frozen")
        self.freeze = freeze


class TargetNotAllowedError(RefusedError):
    """A well-formed target that the lists in the settings do not allow to this person."""

    code = "target_not_allowed"

    def __init__(self, part: str, problem: str, *, ask: Sequence[str] = ()) -> None:
        super().__init__(f"{part!r}: {problem}")
        self.part = part
        self.problem = problem
        self.ask = tuple(ask)


class CallBusyError(RefusedError):
    """Another change of this call is being performed right now; `is_own`: the asker's."""

    code = "busy"

    def __init__(self, *, by: Actor, is_own: bool, action: Action, since: datetime) -> None:
        super().__init__(f"{action} in progress")
        self.by = by
        self.is_own = is_own
        self.action = action
        self.since = since


class CallNotActiveError(RefusedError):
    """Our own log says that the call is over."""

    code = "already_ended"

    def __init__(self, call_sid: str, ending: CallEnding) -> None:
        super().__init__(f"{call_sid} has ended")
        self.call_sid = call_sid
        self.ending = ending


class StaleCardError(RefusedError):
    """The call has changed since the card was made.

    *current_version* is what it is now, *last_change* the newest change that somebody asked for.
    """

    code = "stale_card"

    def __init__(
        self, changes: Sequence[str], current_version: str, last_change: LastChange | None
    ) -> None:
        super().__init__("; ".join(changes))
        self.changes = tuple(changes)
        self.current_version = current_version
        self.last_change = last_change


class CallNotFoundError(HookflashError):
    """No call fits what the person named."""

    def __init__(self, reference: str, *, account_sid: str = "") -> None:
        super().__init__(f"no call {reference!r}")
        self.reference = reference
        self.account_sid = account_sid


class AmbiguousCallError(HookflashError):
    """Several calls fit what the person named."""

    def __init__(self, reference: str, candidates: Sequence[Conversation]) -> None:
        super().__init__(f"{len(candidates)} calls fit {reference!r}")
        self.reference = reference
        self.candidates = tuple(candidates)


class NoDestinationError(HookflashError):
    """The named target leads nowhere for this call."""


class LogUnavailableError(HookflashError):
    """The database did not take it, so nothing was sent to Twilio."""


class CommitUnconfirmedError(LogUnavailableError):
    """The commit was on its way when the database fell silent: it may stand, or come to stand."""


class RedactedMeanwhileError(HookflashError):
    """Personal values were deleted before an export read them, and it ends before what says so."""

    def __init__(self) -> None:
        super().__init__(
            "Old personal values were deleted while they were exported, so the export would not "
            "hold. Export again, once that is over."
        )


class RepeatedRequestError(HookflashError):
    """A request came again that was answered when it first came; others may have acted since."""


class ChangeUnconfirmedError(HookflashError):
    """The log may have taken what a person asked for; then other processes act on it."""

    def __init__(self, action: Action) -> None:
        super().__init__(f"the log did not confirm it in time: {action}")
        self.action = action


class WitnessUnavailableError(HookflashError):
    """A witness did not take a checkpoint; the message is the reason, in a few words."""


class LeaseLostError(HookflashError):
    """This process no longer owns the change and must not act on it."""


class TwilioError(HookflashError):
    """Twilio refused or failed. *code* is Twilio's error code, *request_id* its RQ… id."""

    def __init__(
        self, message: str, *, code: int | None = None, status: int = 0, request_id: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.request_id = request_id


class TwilioRateLimitedError(TwilioError):
    """Too many concurrent requests (20429): never processed, safe to send again.

    Twilio asks to be left alone for `retry_after_s` seconds, where it says.
    """

    retry_after_s: float = 0.0


class TwilioAuthenticationError(TwilioError):
    """The credentials are wrong or the account is not active (20003, 20005)."""


class TwilioPermissionError(TwilioError):
    """The API key lacks a permission (70051)."""


class TwilioNotFoundError(TwilioError):
    """No such resource in this account and Region (20404)."""


class TwilioCallNotInProgressError(TwilioError):
    """The call is not in a state that can be changed so (21220)."""


class TwilioRefusedError(TwilioError):
    """Any other refusal of the request (4xx)."""


class TwilioUnavailableError(TwilioError):
    """Twilio failed or did not answer; *may_have_acted* when the request had reached it."""

    def __init__(
        self,
        message: str,
        *,
        may_have_acted: bool,
        code: int | None = None,
        status: int = 0,
        request_id: str = "",
    ) -> None:
        super().__init__(message, code=code, status=status, request_id=request_id)
        self.may_have_acted = may_have_acted
