"""A request that was let in, and what the operations need to answer it."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.sandbox.twilio.accounts import Account
from bot.sandbox.twilio.answers import ApiError, not_found
from bot.sandbox.twilio.network import PhoneNetwork
from bot.sandbox.twilio.open_questions import OpenQuestions
from bot.sandbox.twilio.received import ReceivedRequest


@dataclass(frozen=True)
class Asked:
    """What is asked for, of which network; `sids` are those in the path."""

    request: ReceivedRequest
    sids: Mapping[str, str]
    account: Account
    network: PhoneNetwork
    open_questions: OpenQuestions

    @property
    def filters_by_day(self) -> bool:
        """Do filters by time drop the time of day?"""
        return not self.open_questions.honours_time_of_day

    def missing(self) -> ApiError:
        """The refusal that says that this account has no such thing."""
        return not_found(self.request.path)
