"""Changes of calls: what is asked, how far it has come, what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.audit import Action, Event, Surface
from bot.domain.people import Actor


class ChangeState(StrEnum):
    """How far a change has come. CLAIMED and SENT hold the call's slot."""

    CLAIMED = "claimed"
    SENT = "sent"
    CLOSED = "closed"


class OriginKind(StrEnum):
    """What was on the screen when the person acted; it decides how the answer is shown."""

    COMMAND = "command"
    LIST = "list"
    CARD = "card"
    HOME = "home"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the person acted in Slack, so that any process can answer there later.

    `list_state` is what the list's own paging buttons carry, so that it can be drawn again.
    `view_id` is the modal that lay over the Home tab, empty where the tab itself was clicked.
    """

    kind: OriginKind
    channel_id: str = ""
    response_url: str = ""
    message_ts: str = ""
    is_ephemeral: bool = True
    list_state: str = ""
    view_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRequest:
    """One person's wish to change one call, parsed and well-formed.

    `target` is a redirect's destination in the form of `bot.domain.redirects.serialise_target`.
    `card_version` is what the person's card was made from, empty where there was no card.
    Of one that `is_repeated` another process may have taken an earlier delivery.
    """

    request_id: str
    action: Action
    call_sid: str
    actor: Actor
    surface: Surface
    origin: Origin
    reason: str = ""
    target: str = ""
    card_version: str = ""
    is_repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The working state of one requested change of one call."""

    change_id: str
    request: ChangeRequest
    account_sid: str
    state: ChangeState
    requested_at: datetime
    owner: str
    lease_until: datetime
    deadline_at: datetime | None = None
    attempts: int = 0
    outcome: Event | None = None
    closed_at: datetime | None = None

    @property
    def call_sid(self) -> str:
        """The call that is to be changed."""
        return self.request.call_sid

    @property
    def actor(self) -> Actor:
        """Who asked for it."""
        return self.request.actor

    @property
    def action(self) -> Action:
        """What is to be done."""
        return self.request.action


@dataclass(frozen=True, slots=True, kw_only=True)
class LastChange:
    """The newest change of a call that anybody has asked for, whatever came of it."""

    change_id: str
    action: Action
    by: Actor
    at: datetime


# By the call's SID; a call that nobody wanted to change has none.
LastChanges = Mapping[str, LastChange]


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """All changes are stopped: by whom, since when and why."""

    by: Actor
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnding:
    """What our own log knows of a call's end."""

    status: str
    at: datetime
    by: Actor | None


class OutcomeReason(StrEnum):
    """Why a change came out as it did; views put each into words."""

    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    ALREADY_ENDED = "already_ended"
    NOT_IN_PROGRESS = "not_in_progress"
    NO_SUCH_CALL = "no_such_call"
    NOT_AUTHENTICATED = "not_authenticated"
    NOT_PERMITTED = "not_permitted"
    RATE_LIMITED = "rate_limited"
    REFUSED = "refused"
    NO_TARGET = "no_target"
    NO_ANSWER = "no_answer"
    STILL_ACTIVE = "still_active"
    NOT_SENT = "not_sent"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is known of a change after Twilio was asked.

    `event` is SUCCEEDED, FAILED or UNKNOWN. `is_final` is false while the machine goes on looking.
    """

    event: Event
    reason: OutcomeReason
    at: datetime
    status_before: str = ""
    status_after: str = ""
    code: int | None = None
    twilio_request_id: str = ""
    message: str = ""
    ended_by: Actor | None = None
    ended_at: datetime | None = None
    numbers: Mapping[str, str] = field(default_factory=dict)
    is_final: bool = True
    is_recorded: bool = True
