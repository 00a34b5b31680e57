"""A call of the phone network: what Twilio tells of it, and what the person on it hears."""

from dataclasses import dataclass, field
from datetime import datetime

LIVE_STATUSES = frozenset({"initiated", "queued", "ringing", "in-progress"})
FINAL_STATUSES = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


@dataclass(eq=False, kw_only=True)
class Call:
    """One leg: a person at one end, Twilio at the other."""

    sid: str
    account_sid: str
    serial: int
    from_: str
    to: str
    status: str
    direction: str
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    parent_call_sid: str | None = None
    phone_number_sid: str | None = None
    caller_name: str | None = None
    forwarded_from: str | None = None
    answered_by: str | None = None
    group_sid: str | None = None
    trunk_sid: str | None = None
    price: str | None = None
    price_unit: str | None = "USD"
    queue_time_ms: int = 0
    twiml: str | None = None
    hears: str = "silence"
    hears_log: list[tuple[datetime, str]] = field(default_factory=list)
    ended_because: str | None = None
    row: str | None = field(default=None, repr=False)
    """The resource as JSON, kept while the call does not change."""

    @property
    def is_live(self) -> bool:
        """Has it not reached a final status?"""
        return self.status not in FINAL_STATUSES

    @property
    def is_in_progress(self) -> bool:
        """Is it up?"""
        return self.status == "in-progress"

    @property
    def party(self) -> str:
        """The number of the person on this leg."""
        return self.from_ if self.direction == "inbound" else self.to

    @property
    def order(self) -> tuple[datetime, int]:
        """Its place in a listing; it never changes, so pages stay together while calls move on."""
        return self.created_at, self.serial

    @property
    def duration_s(self) -> int | None:
        """Seconds from answer to end; None unless the call was answered and is over."""
        if self.status != "completed" or self.ended_at is None:
            return None
        return int((self.ended_at - (self.answered_at or self.ended_at)).total_seconds())


@dataclass(frozen=True, kw_only=True)
class Number:
    """A phone number of the account, and the URL that says what its calls do."""

    sid: str
    account_sid: str
    serial: int
    phone_number: str
    friendly_name: str
    voice_url: str | None
    voice_method: str
    created_at: datetime

    @property
    def order(self) -> tuple[datetime, int]:
        """Its place in a listing."""
        return self.created_at, self.serial


@dataclass(eq=False)
class Dial:
    """What a call that executes `<Dial>` has going: the legs it rang, and the one that answered."""

    parent: Call
    action_url: str | None = None
    legs: list[Call] = field(default_factory=list)
    answered: Call | None = None

    @property
    def is_trying(self) -> bool:
        """Does any leg still ring?"""
        return self.answered is None and any(leg.is_live for leg in self.legs)

    @property
    def is_talking(self) -> bool:
        """Is the leg that answered still on this line?"""
        return self.answered in self.legs and self.answered is not None and self.answered.is_live
