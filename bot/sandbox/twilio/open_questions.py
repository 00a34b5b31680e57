"""What Twilio's documentation leaves open, and the answer that this stand-in gives."""

from dataclasses import dataclass


@dataclass
class OpenQuestions:
    """The stricter answer stands until it is changed."""

    refuses_hang_up_of_ended_calls: bool = True
    """Is `Status=completed` on a call that is over 21220, or a 200 that changes nothing?"""
    lists_initiated_as_ringing: bool = False
    """Does `Status=ringing` find legs that are `initiated`, or does no live listing?"""
    honours_time_of_day: bool = False
    """Do filters by time work to the second, or by whole days in UTC?"""
