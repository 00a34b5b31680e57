"""What the use cases need from outside, as Protocols that the adapters fulfil."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any, Protocol, TypeVar

from bot.application.deadlines import Deadline
from bot.domain.audit import AuditEntry, EntryDraft, Head, PersonalValue
from bot.domain.audit_log import AuditPage as AuditPage  # noqa: PLC0414 - part of this port
from bot.domain.audit_log import AuditQuery as AuditQuery  # noqa: PLC0414 - part of this port
from bot.domain.audit_log import AuditRow as AuditRow  # noqa: PLC0414 - part of this port
from bot.domain.calls import Call, CallDetails, Listing, OwnNumber
from bot.domain.changes import CallEnding, Change, Freeze, LastChanges, Outcome
from bot.domain.checkpoints import Checkpoint
from bot.domain.looks import Learnt, Look, News
from bot.domain.people import Actor
from bot.domain.retention import OldValues

T = TypeVar("T")
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioAnswer:
    """A change that Twilio took: the call as it answered, and its request id.

    `had_ended` says that the call was over before Twilio was asked.
    """

    call: Call
    request_id: str
    had_ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a call is redirected to: a URL or TwiML, never both."""

    url: str = ""
    twiml: str = ""
    method: str = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedCallsQuery:
    """Which finished calls to ask Twilio for; the finer filters are applied by the caller.

    `from_number` and `to_number` are whole numbers in E.164 (Twilio knows no wildcards).
    """

    limit: int
    from_number: str = ""
    to_number: str = ""
    status: str = ""
    since: datetime | None = None


class CallGateway(Protocol):
    """Twilio. Every method raises a TwilioError of the domain and nothing of the vendor's."""

    async def list_live(self) -> Listing:
        """All queued, ringing and in-progress calls, each once."""

    async def list_finished(self, query: FinishedCallsQuery) -> Listing:
        """Calls that have ended, newest first, at most `query.limit`."""

    async def fetch_call(self, call_sid: str, *, timeout_s: float = 10.0) -> Call:
        """One call as it is now."""

    async def fetch_details(self, call_sid: str) -> CallDetails:
        """One call with its parent, the legs that it dialled and the conference it is in."""

    async def list_numbers(self) -> Sequence[OwnNumber]:
        """The account's own numbers."""

    async def find_number(self, phone_number: str) -> OwnNumber | None:
        """The account's own number in E.164 as it is now, None where it has no such number."""

    async def hang_up(self, call_sid: str, *, deadline: Deadline) -> TwilioAnswer:
        """Ask Twilio to end the call; retried only where it was never processed.

        Nothing is sent after the deadline.
        """

    async def redirect(
        self, call_sid: str, destination: Destination, *, deadline: Deadline
    ) -> TwilioAnswer:
        """Ask Twilio to run other TwiML on the call; retried only where it was never processed.

        Nothing is sent after the deadline.
        """


class LookBoard(Protocol):
    """Where replicas take turns to look at Twilio and show each other what they saw.

    Every method that asks the database raises LogUnavailableError where it does not answer.
    """

    async def listen(self) -> None:
        """Hear of what other replicas show and tell, for ever."""

    def next_change(self) -> asyncio.Event:
        """Set when news is heard of; some is never heard of, so read now and then all the same."""

    async def read(self) -> News:
        """What is new since this process last read."""

    async def claim(self, holder: str, *, lease_s: float) -> bool:
        """Take the turn; False where another has it, or has looked since this process last read."""

    async def renew(self, holder: str, *, lease_s: float) -> bool:
        """Keep the turn; False where it was lost."""

    async def show(self, holder: str, look: Look) -> bool:
        """Show a look to all and give the turn back; False where the turn was lost."""

    async def give_back(self, holder: str) -> None:
        """Let another have the turn, with nothing to show."""

    async def tell(self, learnt: Learnt) -> None:
        """Let all know what was learnt of calls without a look."""


class LedgerTransaction(Protocol):
    """What can be done inside one transaction on changes and the log."""

    async def append(self, draft: EntryDraft) -> AuditEntry:
        """Seal the draft as the next entry of the chain."""

    async def rehearse(self, draft: EntryDraft) -> None:
        """Do all that appending the draft needs, and undo it; the commit still goes to the disk."""

    async def is_hindered(self, request_id: str, account_sid: str, call_sid: str) -> bool:
        """Whether a new change of the call may meet anything that the four methods below tell."""

    async def is_recorded(self, request_id: str) -> bool:
        """Whether the log has an entry of this request."""

    async def current_freeze(self) -> Freeze | None:
        """The freeze in force, as the log tells it."""

    async def ending_of(self, account_sid: str, call_sid: str) -> CallEnding | None:
        """What the log knows of the call's end."""

    async def find_change(self, request_id: str) -> Change | None:
        """The change that this request made, open or closed."""

    async def open_change(self, account_sid: str, call_sid: str) -> Change | None:
        """The change that holds the call's slot."""

    async def last_changes(self, account_sid: str, call_sids: Sequence[str]) -> LastChanges:
        """The newest change of each of the calls that has any, by the call's SID."""

    async def insert_change(self, change: Change) -> None:
        """Keep a new change; its slot must be free."""

    async def mark_sent(
        self, change: Change, *, deadline_at: datetime, lease_until: datetime, now: datetime
    ) -> Change | None:
        """The change in state SENT; None where `change.owner` no longer holds its lease."""

    async def close_change(self, change: Change, outcome: Outcome) -> bool:
        """Close it and free the slot; False where another owner has it or it is closed already."""

    async def claim_abandoned(
        self, *, owner: str, now: datetime, lease_until: datetime, limit: int
    ) -> Sequence[Change]:
        """Take over open changes whose lease and Twilio deadline have both run out."""

    async def mark_told(self, change: Change) -> None:
        """The outcome has been told."""

    async def claim_untold(
        self, *, before: datetime, now: datetime, limit: int
    ) -> Sequence[Change]:
        """Closed changes whose outcome was to be told before then; they wait anew from now on."""

    async def told_entry(self, change: Change) -> tuple[AuditEntry, Mapping[str, str]] | None:
        """The entry that tells the outcome of a closed change, and its personal values."""

    async def old_values(self, *, older_than: datetime, after_seq: int, limit: int) -> OldValues:
        """The first run of entries after *after_seq* whose personal values may be deleted."""

    async def delete_values(self, old: OldValues) -> None:
        """Delete them; the newest entry of the chain must be the one that redacts them."""

    async def last_redaction_at(self) -> datetime | None:
        """When the machine last redacted by itself."""


class Ledger(Protocol):
    """The database's writing side. One writer; several units of work may share a commit."""

    async def write(
        self,
        work: Callable[[LedgerTransaction], Awaitable[T]],
        *,
        within_s: float | None = None,
    ) -> T:
        """Run *work* in one transaction and return its result once that is durable.

        *work* may be run again when its transaction is rolled back for another's sake, so it must
        do nothing but use the transaction: it awaits nothing else, and may run in another thread.
        What it raises rolls back its part and comes out here. A commit that is on its way after
        *within_s* seconds is waited for a little longer.

        Raises:
            LogUnavailableError: the database did not take it in time, and never will.
            CommitUnconfirmedError: it did not say in time whether it took it.
        """


class AuditReader(Protocol):
    """The database's reading side of the log. Raises LogUnavailableError."""

    async def page(self, query: AuditQuery) -> AuditPage:
        """Requests that fit, newest first."""

    def entries(
        self, *, after_seq: int = 0
    ) -> AsyncIterator[tuple[AuditEntry, Sequence[PersonalValue]]]:
        """Every entry in the order of the chain, in constant memory."""

    async def head(self) -> Head:
        """The end of the chain as kept beside it."""

    async def is_answering(self) -> bool:
        """Whether the database answers now."""

    async def last_changes(self, account_sid: str, call_sids: Sequence[str]) -> LastChanges:
        """The newest change of each of the calls that has any, by the call's SID."""

    async def current_freeze(self) -> Freeze | None:
        """The freeze in force."""

    async def old_values(self, *, older_than: datetime, after_seq: int, limit: int) -> OldValues:
        """The first run of entries after *after_seq* whose personal values may be deleted."""


class Signer(Protocol):
    """Signs with a key that the database does not know."""

    @property
    def public_key(self) -> str:
        """What its signatures are checked with."""

    def sign(self, message: bytes) -> str:
        """The signature, in base64."""


class CheckpointStore(Protocol):
    """The checkpoints that are kept in the database. Raises LogUnavailableError."""

    async def newest(self) -> Checkpoint | None:
        """The one that reaches farthest; of one entry, the succession that was signed last."""

    async def successions(self) -> Sequence[Checkpoint]:
        """Those that name a next key."""

    async def add(self, checkpoint: Checkpoint, *, after: Checkpoint | None) -> bool:
        """Keep it; False where *after* is not the newest any more, or one reaches as far as it."""


class CheckpointWitness(Protocol):
    """A place outside the database where a checkpoint is shown."""

    @property
    def name(self) -> str:
        """What to call it in the log."""

    async def show(self, checkpoints: Sequence[Checkpoint]) -> bool:
        """Show those that it lacks there for good, in order; False where another replica is at it.

        Raises:
            WitnessUnavailableError: it did not take one.
            LogUnavailableError: the database does not tell what it lacks.
        """


class CheckpointPost(Protocol):
    """A place outside the database that takes checkpoints and cannot tell which it has."""

    @property
    def name(self) -> str:
        """What to call it in the log, and where it is noted what it has."""

    async def post(self, checkpoint: Checkpoint) -> None:
        """Put it there for good, once more if it is there.

        Raises:
            WitnessUnavailableError: it did not take it.
        """


class Turn(Enum):
    """Whose turn it is to show a checkpoint somewhere."""

    OURS = auto()
    OTHERS = auto()
    OVER = auto()


class CheckpointShowings(Protocol):
    """What replicas note of where they have shown which checkpoint. Raises LogUnavailableError."""

    async def take(self, witness: str, checkpoint: Checkpoint) -> Turn:
        """Whose turn it is to show it there; where it is ours it stays so for half a minute."""

    async def note(self, witness: str, checkpoint: Checkpoint) -> None:
        """Remember that it was shown there."""

    async def give_back(self, witness: str, checkpoint: Checkpoint) -> None:
        """Let others show it there."""


class MemberDirectory(Protocol):
    """Who is a full member of the installing workspace. Never asks Slack before an ack."""

    def is_full_member(self, actor: Actor) -> bool | None:
        """What is known now; None where it must be learnt first."""

    async def learn(self, actor: Actor) -> None:
        """Ask Slack and remember; a person who cannot be looked up is no full member for now."""


class ChangeAnnouncer(Protocol):
    """Shows what came of a change to the people who should see it. Never raises."""

    async def announce(self, change: Change, outcome: Outcome) -> bool:
        """Replace the card, or answer another way; False where nobody could be shown it."""


class ChangeCounter(Protocol):
    """Counts changes for whoever watches the bot."""

    def change_closed(self, *, action: str, outcome: str) -> None:
        """One more change has its outcome in the log."""


class TaskSpawner(Protocol):
    """Runs work after the ack and sees to its end."""

    def spawn(
        self,
        work: Coroutine[Any, Any, object],
        *,
        name: str,
        on_fault: Callable[[Exception], Awaitable[None]] | None = None,
    ) -> None:
        """Start it; *on_fault* is told what it raises, or else the log. Shutdown waits for it."""
