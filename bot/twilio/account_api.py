"""One account's REST API through Twilio's SDK: JSON in and out, page after page."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from twilio.http.response import Response
from twilio.rest import Client
from twilio.rest.api.v2010 import V2010

from bot import __version__
from bot.domain.errors import TwilioUnavailableError
from bot.domain.sids import is_account_sid
from bot.twilio.http_client import HttpClient, request_id_of
from bot.twilio.parsing import Row, parse_time
from bot.twilio.regions import EDGE_OF_REGION

_log = logging.getLogger(__name__)

# Source: https://www.twilio.com/docs/api/errors/20007
LARGEST_PAGE = 1000
# A listing that goes on for longer is shown cut off.
_PAGING_S = 10.0
_RESOURCE = re.compile(r"(?:/[A-Za-z]+(?:/[A-Za-z0-9]+)?)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answer:
    """One resource as Twilio answered it, the id of the request, and when, by Twilio's clock."""

    body: Row
    request_id: str
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a listing; `has_more` says that Twilio had others after them."""

    rows: list[Row]
    has_more: bool


class AccountApi:
    """Requests to one account. The SDK gives URLs, credentials and headers.

    Its resource objects are left out: they take no timeout, drop the request id and, in a listing,
    cost as much as the listing. Resources are named as in the path, without the account: `/Calls`.

    Args:
        api_url: base of a Twilio-compatible server; Region and edge do not apply to it.
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
        http_client: HttpClient,
    ) -> None:
        if not is_account_sid(account_sid):
            raise ValueError("account_sid must be AC and 32 of 0-9 and a-f")
        self.account_sid = account_sid
        self._api_url = api_url
        self._client = Client(  # type: ignore[no-untyped-call]
            username,
            password,
            account_sid,
            region=region if not api_url else None,
            edge=(edge or EDGE_OF_REGION.get(region)) if not api_url else None,
            http_client=http_client,
            # The SDK would read Region and edge from the process's environment.
            environment={"TWILIO_ACCOUNT_SID": account_sid},
            user_agent_extensions=[f"hookflash/{__version__}"],
        )

    @cached_property
    def _version(self) -> V2010:
        """The SDK's version object; the first use imports and builds for tens of milliseconds."""
        api = self._client.api
        if self._api_url:
            api.base_url = self._api_url
        return api.v2010

    async def fetch(
        self, resource: str, *, params: Mapping[str, str] | None = None, timeout_s: float
    ) -> Answer:
        """The resource as it is now.

        Raises:
            TwilioError: Twilio did not give it.
        """
        response = await self._version.request_async(
            "GET", self._path(resource), params={**(params or {})}, timeout=timeout_s
        )
        return _answer_of(response)

    async def update(self, resource: str, form: Mapping[str, str], *, timeout_s: float) -> Answer:
        """The resource as it is after the change.

        Raises:
            TwilioError: Twilio did not take the change, or it is not known whether it did.
        """
        response = await self._version.request_async(
            "POST", self._path(resource), data={**form}, timeout=timeout_s
        )
        return _answer_of(response)

    async def list_rows(
        self,
        collection: str,
        key: str,
        params: Mapping[str, str],
        *,
        limit: int,
        timeout_s: float,
    ) -> Rows:
        """At most *limit* rows of the collection, in Twilio's order.

        Raises:
            TwilioError: a page was not given.
        """
        rows: list[Row] = []
        has_more = False
        sized = {**params, "PageSize": str(min(limit, LARGEST_PAGE))}
        async with aclosing(self.pages(collection, key, sized, timeout_s=timeout_s)) as pages:
            async for page in pages:
                rows += page.rows
                has_more = page.has_more
                if len(rows) >= limit:
                    break
        return Rows(rows[:limit], has_more or len(rows) > limit)

    async def pages(
        self, collection: str, key: str, params: Mapping[str, str], *, timeout_s: float
    ) -> AsyncGenerator[Rows, None]:
        """Page after page, each with its rows under *key*; `timeout_s` is for each.

        The last page still has `has_more` where the listing went on for too long, or where the
        next page is not of this collection: credentials are sent nowhere else.
        """
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + _PAGING_S
        answer = await self.fetch(collection, params=params, timeout_s=timeout_s)
        while True:
            next_uri = str(answer.body.get("next_page_uri") or "")
            yield Rows(_rows_of(answer, key), bool(next_uri))
            if not next_uri or loop.time() > ends_at or not self._leads_on(collection, next_uri):
                return
            response = await self._version.domain.request_async("GET", next_uri, timeout=timeout_s)
            answer = _answer_of(response)

    def _path(self, resource: str) -> str:
        """The path under the version. The SDK escapes nothing, so that odd names stop here."""
        if not _RESOURCE.fullmatch(resource):
            raise ValueError("a resource is named by words and SIDs alone")
        return f"/Accounts/{self.account_sid}{resource}.json"

    def _leads_on(self, collection: str, next_uri: str) -> bool:
        own_path = "/" + self._version.relative_uri(self._path(collection))
        parts = urlsplit(next_uri)
        leads_on = not parts.scheme and not parts.netloc and parts.path == own_path
        if not leads_on:
            _log.warning("%s: the next page lies elsewhere and was not asked for", own_path)
        return leads_on


def _answer_of(response: Response) -> Answer:
    headers: Mapping[str, str] = response.headers or {}
    request_id = request_id_of(headers)
    try:
        body: Any = json.loads(response.text)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise TwilioUnavailableError(
            "Twilio's answer is no JSON object",
            may_have_acted=True,
            status=response.status_code,
            request_id=request_id,
        )
    return Answer(body, request_id, parse_time(headers.get("Date", "")))


def _rows_of(answer: Answer, key: str) -> list[Row]:
    rows = answer.body.get(key)
    if not isinstance(rows, list):
        raise TwilioUnavailableError(
            f"Twilio's answer has no {key}", may_have_acted=False, request_id=answer.request_id
        )
    return [row for row in rows if isinstance(row, dict)]
