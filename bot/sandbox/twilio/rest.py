"""The REST API, version 2010-04-01: which request is which operation, and who may ask for it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.sandbox.twilio import account_operations, call_operations
from bot.sandbox.twilio.accounts import Account
from bot.sandbox.twilio.answers import (
    METHOD_NOT_ALLOWED,
    NOT_ACCEPTABLE,
    Answer,
    ApiError,
    not_found,
)
from bot.sandbox.twilio.asked import Asked
from bot.sandbox.twilio.network import PhoneNetwork
from bot.sandbox.twilio.open_questions import OpenQuestions
from bot.sandbox.twilio.received import ReceivedRequest
from bot.sandbox.twilio.resources import API_VERSION

CALLS = "/twilio/voice/calls"
CONFERENCES = "/twilio/voice/conferences"
NUMBERS = "/twilio/phone-numbers/incoming"


@dataclass(frozen=True)
class Operation:
    """What a method does on a path, and the permission that a restricted key needs for it."""

    permission: str
    carry_out: Callable[[Asked], Answer]


class RestApi:
    """Answers requests; it knows nothing of sockets."""

    def __init__(self, account: Account, network: PhoneNetwork, questions: OpenQuestions) -> None:
        self._account = account
        self._network = network
        self._open_questions = questions

    def answer(self, request: ReceivedRequest, authorization: str | None) -> Answer:
        """Carries the request out, or refuses it."""
        try:
            user = self._account.authenticate(authorization)
            return self._carry_out(request, user)
        except ApiError as error:
            return error.answer()

    def _carry_out(self, request: ReceivedRequest, user: str) -> Answer:
        operations, sids = self._find(request.path)
        if not request.path.endswith(".json"):
            text = "Without .json Twilio answers in XML, which this stand-in does not write.\n"
            return Answer(NOT_ACCEPTABLE, text, "text/plain")
        operation = operations.get(request.method)
        if operation is None:
            message = f"{request.method} is not allowed on {request.path}"
            raise ApiError(METHOD_NOT_ALLOWED, 20004, message)
        self._account.authorise(user, operation.permission)
        asked = Asked(request, sids, self._account, self._network, self._open_questions)
        return operation.carry_out(asked)

    def _find(self, path: str) -> tuple[Mapping[str, Operation], Mapping[str, str]]:
        """The operations on a path, by method, and the SIDs in it."""
        for pattern, operations in ROUTES:
            match = pattern.fullmatch(path)
            if match is not None and match["account_sid"] == self._account.sid:
                return operations, match.groupdict()
        raise not_found(path)


def _route(path: str, **operations: Operation) -> tuple[re.Pattern[str], Mapping[str, Operation]]:
    account = rf"/{API_VERSION}/Accounts/(?P<account_sid>[^/.]+)"
    return re.compile(rf"{account}{path}(\.json)?"), operations


ROUTES = (
    _route("", GET=Operation("/twilio/iam/accounts/read", account_operations.fetch_account)),
    _route("/Calls", GET=Operation(f"{CALLS}/list", call_operations.list_calls)),
    _route(
        r"/Calls/(?P<sid>[^/.]+)",
        GET=Operation(f"{CALLS}/read", call_operations.fetch_call),
        POST=Operation(f"{CALLS}/update", call_operations.update_call),
        DELETE=Operation(f"{CALLS}/delete", call_operations.delete_call),
    ),
    _route(
        "/IncomingPhoneNumbers",
        GET=Operation(f"{NUMBERS}/list", account_operations.list_numbers),
    ),
    _route(
        r"/IncomingPhoneNumbers/(?P<sid>[^/.]+)",
        GET=Operation(f"{NUMBERS}/read", account_operations.fetch_number),
    ),
    _route(
        "/Conferences",
        GET=Operation(f"{CONFERENCES}/list", account_operations.list_conferences),
    ),
    _route(
        r"/Conferences/(?P<sid>[^/.]+)",
        GET=Operation(f"{CONFERENCES}/read", account_operations.fetch_conference),
    ),
    _route(
        r"/Conferences/(?P<sid>[^/.]+)/Participants",
        GET=Operation(f"{CONFERENCES}/participants/list", account_operations.list_participants),
    ),
    _route(
        r"/Conferences/(?P<sid>[^/.]+)/Participants/(?P<participant>[^/]+?)",
        GET=Operation(f"{CONFERENCES}/participants/read", account_operations.fetch_participant),
    ),
)
