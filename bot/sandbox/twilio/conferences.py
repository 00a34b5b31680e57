"""Conferences: rooms with a name in which calls hear one another."""

from dataclasses import dataclass, field
from datetime import datetime

ENDED_BY_LEAVER = "participant-with-end-conference-on-exit-left"
ENDED_BY_LAST = "last-participant-left"
ENOUGH_TO_START = 2
"""A conference does not start until two are there.

Source: https://www.twilio.com/docs/voice/twiml/conference
"""


@dataclass(eq=False, kw_only=True)
class Participant:
    """A call in a conference, and the rights it came with."""

    call_sid: str
    label: str | None = None
    is_muted: bool = False
    starts_conference_on_enter: bool = True
    ends_conference_on_exit: bool = False
    joined_at: datetime
    serial: int = 0

    @property
    def sid(self) -> str:
        """What names it among the participants."""
        return self.call_sid

    @property
    def order(self) -> tuple[datetime, int]:
        """Its place in a listing."""
        return self.joined_at, self.serial


@dataclass(eq=False, kw_only=True)
class Conference:
    """A room; once it is over, its name can be had by a new one."""

    sid: str
    account_sid: str
    serial: int
    friendly_name: str
    created_at: datetime
    updated_at: datetime
    status: str = "init"
    reason_ended: str | None = None
    call_sid_ending: str | None = None
    participants: dict[str, Participant] = field(default_factory=dict)

    @property
    def is_live(self) -> bool:
        """Is anybody in it?"""
        return self.status != "completed"

    @property
    def order(self) -> tuple[datetime, int]:
        """Its place in a listing."""
        return self.created_at, self.serial

    @property
    def sound(self) -> str:
        """What its participants hear."""
        if self.status == "init":
            return f"Music: waiting for conference {self.friendly_name} to start"
        people = len(self.participants)
        return f"conference {self.friendly_name}, {people} {'person' if people == 1 else 'people'}"

    def admit(self, participant: Participant, at: datetime) -> None:
        """Takes one in, and starts when enough are there and one of them may start it."""
        self.participants[participant.call_sid] = participant
        self.updated_at = at
        may_start = any(one.starts_conference_on_enter for one in self.participants.values())
        if self.status == "init" and may_start and len(self.participants) >= ENOUGH_TO_START:
            self.status = "in-progress"

    def release(self, call_sid: str, at: datetime) -> list[str]:
        """The call SIDs of those who must leave because this one left."""
        leaver = self.participants.pop(call_sid)
        self.updated_at = at
        if self.participants and not leaver.ends_conference_on_exit:
            return []
        self.status = "completed"
        self.reason_ended = ENDED_BY_LEAVER if leaver.ends_conference_on_exit else ENDED_BY_LAST
        self.call_sid_ending = call_sid
        others = list(self.participants)
        self.participants.clear()
        return others
