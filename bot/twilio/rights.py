"""The rights that Hookflash needs at Twilio, and what can be looked at to try each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# No call and no conference has these, so that asking for them tells of the right alone.
_NO_CALL = "CA" + "0" * 32
_NO_CONFERENCE = "CF" + "0" * 32
_ONE_ROW = {"PageSize": "1"}
# Cannot be tried: trying it would change a call.
UPDATE_CALLS = "/twilio/voice/calls/update"


@dataclass(frozen=True, slots=True)
class Right:
    """A right, what it is needed for, and whether Hookflash is of no use without it."""

    purpose: str
    without_it: str
    resource: str
    is_vital: bool
    params: Mapping[str, str] = field(default_factory=dict)


LIST_CALLS = Right("list calls", "there are no lists", "/Calls", True, _ONE_ROW)
# Source: https://www.twilio.com/docs/iam/api-keys/restricted-api-keys
RIGHTS = (
    LIST_CALLS,
    Right("read a call", "no call can be opened or settled", f"/Calls/{_NO_CALL}", True),
    Right(
        "list phone numbers",
        "your numbers have no names, and own-flow leads nowhere",
        "/IncomingPhoneNumbers",
        False,
        _ONE_ROW,
    ),
    Right(
        "list conferences",
        "a card does not tell which conference a call is in",
        "/Conferences",
        False,
        _ONE_ROW,
    ),
    Right(
        "list a conference's participants",
        "a card does not tell which conference a call is in",
        f"/Conferences/{_NO_CONFERENCE}/Participants",
        False,
        _ONE_ROW,
    ),
)
