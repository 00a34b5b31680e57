"""The one place that calls Twilio: the calls of one account, listed, looked at and changed."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter

from bot.application.deadlines import Deadline
from bot.application.ports import Clock, Destination, FinishedCallsQuery, TwilioAnswer
from bot.domain.calls import (
    FINAL_STATUSES,
    Call,
    CallDetails,
    Conversation,
    Listing,
    OwnNumber,
    conversation_of,
    merge_by_sid,
    newest_first,
)
from bot.domain.errors import (
    TwilioAuthenticationError,
    TwilioError,
    TwilioNotFoundError,
    TwilioPermissionError,
    TwilioUnavailableError,
)
from bot.domain.sids import normalise_call_sid
from bot.twilio.account_api import LARGEST_PAGE, AccountApi, Answer
from bot.twilio.conferences import find_conference
from bot.twilio.fenced_socket import fenced
from bot.twilio.http_client import HttpClient, OnAnswer, count_nothing
from bot.twilio.parsing import Row, parse_call, parse_number
from bot.twilio.rights import Right
from bot.twilio.task_groups import all_or_first_fault

_log = logging.getLogger(__name__)

# Twilio filters by one status, and does not know `initiated` as a filter.
# Source: https://www.twilio.com/docs/voice/api/call-resource#read-multiple-call-resources
LIVE_STATUSES = ("queued", "ringing", "in-progress")
# For one request and its retries.
TIMEOUT_S = 10.0
_MOST_LIVE_CALLS = 20_000
_MOST_NUMBERS = 5_000
_MOST_LEGS = 250
_MOST_DIALLING = 5
_MOST_PAGES_OF_FINISHED = 10
_SMALLEST_PAGE = 50
# Twilio's times are in whole seconds, and not all of its machines need agree to one.
_CERTAINLY_EARLIER = timedelta(seconds=3)
_CONFERENCE_LOOK_S = 4.0
_WARM_UP_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSight:
    """What Twilio says of the account; both are empty where the API key may not read it."""

    friendly_name: str
    status: str


class TwilioGateway:
    """Fulfils `bot.application.ports.CallGateway` with Twilio's REST API.

    Args:
        username: the account SID, or the SID of an API key.
        password: the auth token, or the secret of that API key.
        api_url: base of a Twilio-compatible server; Region and edge do not apply to it.
        timeout_s: seconds for one request and its retries, where the caller does not say.
        max_live_calls: a listing of live calls with more is cut off.
        on_answer: is told how long each request took and what came of it.
    """

    def __init__(
        self,
        *,
        account_sid: str,
        username: str,
        password: str,
        region: str = "",
        edge: str = "",
        api_url: str = "",
        clock: Clock,
        connect_timeout_s: float = 3.0,
        timeout_s: float = TIMEOUT_S,
        max_live_calls: int = _MOST_LIVE_CALLS,
        on_answer: OnAnswer = count_nothing,
    ) -> None:
        self._http = HttpClient(
            connect_timeout_s=connect_timeout_s, timeout_s=timeout_s, on_answer=on_answer
        )
        self._api = AccountApi(
            account_sid=account_sid,
            username=username,
            password=password,
            region=region,
            edge=edge,
            api_url=api_url,
            http_client=self._http,
        )
        self._clock = clock
        self._timeout_s = timeout_s
        self._max_live_calls = max_live_calls

    async def warm(self) -> None:
        """Build the SDK's objects and open a connection; Twilio's absence is only logged."""
        try:
            await self._api.fetch("", timeout_s=_WARM_UP_S)
        except TwilioPermissionError:
            return  # A restricted key may not read the account; the connection is open.
        except TwilioAuthenticationError:
            _log.error("Twilio does not accept the credentials: hookflash doctor says what to mend")
        except TwilioError as error:
            _log.warning("Twilio did not answer at the start: %s", error)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def look_at_account(self) -> AccountSight:
        """The account's name and status.

        Raises:
            TwilioError: Twilio cannot be reached, or refuses for another reason than the right.
        """
        try:
            account = (await self._api.fetch("", timeout_s=self._timeout_s)).body
        except (TwilioPermissionError, TwilioAuthenticationError):
            # Twilio tells keys without the right the same as it tells those with a wrong secret.
            return AccountSight(friendly_name="", status="")
        return AccountSight(
            friendly_name=str(account.get("friendly_name") or ""),
            status=str(account.get("status") or ""),
        )

    async def try_right(self, right: Right) -> None:
        """Return when the credentials have the right; it is tried by looking, never by changing.

        Raises:
            TwilioError: Twilio refuses, or cannot be reached.
        """
        try:
            await self._api.fetch(right.resource, params=right.params, timeout_s=self._timeout_s)
        except TwilioNotFoundError:
            return  # The right is asked for before the resource.

    async def list_live(self) -> Listing:
        """All queued, ringing and in-progress calls, each once."""
        looked_at, began = self._clock(), perf_counter()
        async with all_or_first_fault() as group:
            looks = [
                group.create_task(self._list_calls({"Status": status}, limit=self._max_live_calls))
                for status in LIVE_STATUSES
            ]
        listed = [look.result() for look in looks]
        calls = merge_by_sid(calls for calls, _ in listed)
        return Listing(
            calls=calls[: self._max_live_calls],
            looked_at=looked_at,
            took_s=perf_counter() - began,
            is_cut_off=any(has_more for _, has_more in listed) or len(calls) > self._max_live_calls,
        )

    async def list_finished(self, query: FinishedCallsQuery) -> Listing:
        """Calls that have ended, newest first, at most `query.limit`."""
        looked_at, began = self._clock(), perf_counter()
        if query.status and query.status not in FINAL_STATUSES:
            return Listing(calls=(), looked_at=looked_at)  # and `initiated` Twilio would refuse
        found: list[Call] = []
        has_more = False
        pages_seen = 0
        pages = self._api.pages(
            "/Calls", "calls", _finished_calls_filter(query), timeout_s=self._timeout_s
        )
        async with aclosing(pages):
            async for page in pages:
                calls = self._parse_calls(page.rows)
                found += [call for call in calls if _is_wanted(call, query)]
                pages_seen += 1
                has_more = page.has_more and not _are_all_too_old(calls, query)
                is_enough = len(found) >= query.limit or pages_seen == _MOST_PAGES_OF_FINISHED
                if is_enough or not has_more:
                    break
        return Listing(
            calls=newest_first(found)[: query.limit],
            looked_at=looked_at,
            took_s=perf_counter() - began,
            is_cut_off=has_more or len(found) > query.limit,
        )

    async def fetch_call(self, call_sid: str, *, timeout_s: float = 10.0) -> Call:
        """One call as it is now."""
        return self._call_of(await self._api.fetch(_path_of(call_sid), timeout_s=timeout_s))

    async def fetch_details(self, call_sid: str) -> CallDetails:
        """One call with its parent, the legs that it dialled and the conference it is in."""
        looked_at = self._clock()
        call = await self.fetch_call(call_sid, timeout_s=self._timeout_s)
        async with all_or_first_fault() as group:
            legs = group.create_task(self._fetch_conversation(call))
            look = group.create_task(find_conference(self._api, call, timeout_s=_CONFERENCE_LOOK_S))
        return CallDetails(
            call=call,
            conversation=legs.result(),
            conference=look.result().conference,
            looked_at=looked_at,
            is_conference_known=look.result().is_known,
        )

    async def list_numbers(self) -> Sequence[OwnNumber]:
        """The account's own numbers."""
        listed = await self._api.list_rows(
            "/IncomingPhoneNumbers",
            "incoming_phone_numbers",
            {},
            limit=_MOST_NUMBERS,
            timeout_s=self._timeout_s,
        )
        return _numbers_of(listed.rows)

    async def find_number(self, phone_number: str) -> OwnNumber | None:
        """The account's own number in E.164 as it is now, None where it has no such number."""
        listed = await self._api.list_rows(
            "/IncomingPhoneNumbers",
            "incoming_phone_numbers",
            {"PhoneNumber": phone_number},
            limit=_SMALLEST_PAGE,
            timeout_s=self._timeout_s,
        )
        numbers = _numbers_of(listed.rows)
        return next((own for own in numbers if own.phone_number == phone_number), None)

    async def hang_up(self, call_sid: str, *, deadline: Deadline) -> TwilioAnswer:
        """Ask Twilio to end the call; retried only where it was never processed.

        `completed` ends a call in every state, `canceled` none that is in progress.
        """
        return await self._update(call_sid, {"Status": "completed"}, deadline)

    async def redirect(
        self, call_sid: str, destination: Destination, *, deadline: Deadline
    ) -> TwilioAnswer:
        """Ask Twilio to run other TwiML on the call; retried only where it was never processed.

        Raises:
            ValueError: the destination has no URL and no TwiML, or both.
        """
        if bool(destination.url) == bool(destination.twiml):
            raise ValueError("a destination is either a URL or TwiML")
        form = (
            {"Url": destination.url, "Method": destination.method}
            if destination.url
            else {"Twiml": destination.twiml}
        )
        return await self._update(call_sid, form, deadline)

    async def _update(
        self, call_sid: str, form: Mapping[str, str], deadline: Deadline
    ) -> TwilioAnswer:
        began = perf_counter()
        with fenced(deadline):
            answer = await self._api.update(_path_of(call_sid), form, timeout_s=deadline.left_s)
        call, took = self._call_of(answer), timedelta(seconds=perf_counter() - began)
        return TwilioAnswer(
            call=call,
            request_id=answer.request_id,
            had_ended=_had_ended(call, answer.answered_at and answer.answered_at - took),
        )

    async def _fetch_conversation(self, call: Call) -> Conversation:
        root_sid = call.parent_call_sid or call.sid
        async with all_or_first_fault() as group:
            root = group.create_task(self._fetch_root(call))
            legs = group.create_task(
                self._list_calls({"ParentCallSid": normalise_call_sid(root_sid)}, limit=_MOST_LEGS)
            )
        children, _ = legs.result()
        dialled = await self._list_dialled_by(children)
        together = merge_by_sid([[call, root.result()], children, dialled])
        return conversation_of(call.sid, together) or Conversation(call)

    async def _list_dialled_by(self, children: Sequence[Call]) -> list[Call]:
        """Live legs that those who were dialled have dialled themselves, once sent elsewhere."""
        answered = [child for child in children if child.status == "in-progress"]
        async with all_or_first_fault() as group:
            looks = [
                group.create_task(self._list_calls({"ParentCallSid": child.sid}, limit=_MOST_LEGS))
                for child in answered[:_MOST_DIALLING]
            ]
        return [leg for look in looks for leg in look.result()[0] if leg.is_active]

    async def _fetch_root(self, call: Call) -> Call:
        """The call's parent; the call itself where it has none, or one of another account."""
        if call.parent_call_sid is None:
            return call
        try:
            return await self.fetch_call(call.parent_call_sid, timeout_s=self._timeout_s)
        except TwilioNotFoundError:
            return call

    async def _list_calls(
        self, params: Mapping[str, str], *, limit: int
    ) -> tuple[list[Call], bool]:
        """Calls that fit, and whether Twilio had more."""
        listed = await self._api.list_rows(
            "/Calls", "calls", params, limit=limit, timeout_s=self._timeout_s
        )
        return self._parse_calls(listed.rows), listed.has_more

    def _parse_calls(self, rows: Sequence[Row]) -> list[Call]:
        parsed = (parse_call(row, account_sid=self._api.account_sid) for row in rows)
        return [call for call in parsed if call is not None]

    def _call_of(self, answer: Answer) -> Call:
        call = parse_call(answer.body, account_sid=self._api.account_sid)
        if call is None:
            raise TwilioUnavailableError(
                "Twilio's answer is no call", may_have_acted=True, request_id=answer.request_id
            )
        return call


def _had_ended(call: Call, asked_at: datetime | None) -> bool:
    """Whether it is certain to have been over before Twilio was asked; both times are Twilio's.

    When it was last updated says nothing: that may be when it was answered.
    """
    if asked_at is None or call.is_active or call.ended_at is None:
        return False
    return call.ended_at < asked_at - _CERTAINLY_EARLIER


def _numbers_of(rows: Sequence[Row]) -> list[OwnNumber]:
    parsed = (parse_number(row) for row in rows)
    return [number for number in parsed if number is not None]


def _path_of(call_sid: str) -> str:
    return f"/Calls/{normalise_call_sid(call_sid)}"


def _finished_calls_filter(query: FinishedCallsQuery) -> dict[str, str]:
    """The query as Twilio understands it; of times it is trusted with days only."""
    params = {
        "From": query.from_number,
        "To": query.to_number,
        "Status": query.status,
        "StartTime>": f"{query.since.astimezone(UTC):%Y-%m-%d}" if query.since else "",
        "PageSize": str(min(max(query.limit, _SMALLEST_PAGE), LARGEST_PAGE)),
    }
    return {name: value for name, value in params.items() if value}


def _is_wanted(call: Call, query: FinishedCallsQuery) -> bool:
    return not call.is_active and not _is_too_old(call, query)


def _is_too_old(call: Call, query: FinishedCallsQuery) -> bool:
    return query.since is not None and call.began_at is not None and call.began_at < query.since


def _are_all_too_old(calls: Sequence[Call], query: FinishedCallsQuery) -> bool:
    """Whether the page shows that the rest is older still: Twilio lists the newest first."""
    return bool(calls) and all(_is_too_old(call, query) for call in calls)
