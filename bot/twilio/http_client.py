"""The HTTP client under Twilio's SDK: one session, deadlines, and retries only where safe."""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol
from urllib.parse import urlencode, urlsplit

import aiohttp
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from bot.domain.errors import TwilioError, TwilioRateLimitedError, TwilioUnavailableError
from bot.twilio.errors import error_of_answer
from bot.twilio.fenced_socket import current_fence, open_fenced_socket

_log = logging.getLogger(__name__)

TOO_LATE = "no time was left to ask Twilio"
_REQUEST_ID_HEADER = "Twilio-Request-Id"
_REQUEST_ID = re.compile(r"[A-Za-z0-9]{1,64}", re.ASCII)
_CONNECTION_LIMIT = 50
_KEPT_ALIVE_S = 30.0
_FIRST_BACKOFF_S = 0.25
_MOST_BACKOFF_S = 4.0
_MOST_TRIES_OF_A_READ = 3
# aiohttp rounds long timeouts up to whole seconds; a deadline is a deadline.
_NO_ROUNDING_S = 86_400
_OK, _FIRST_REDIRECTION = 200, 300
_NEVER_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


@dataclass(frozen=True, slots=True)
class _Request:
    """One request as the SDK builds it."""

    method: str
    url: str
    params: Mapping[str, str]
    form: Mapping[str, str]
    headers: Mapping[str, str]

    @property
    def is_read(self) -> bool:
        return self.method == "GET"

    def __str__(self) -> str:
        """What may be logged: no query, in which people's numbers stand, and no form."""
        return f"{self.method} {urlsplit(self.url).path}"


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why one try failed, and how long Twilio asks us to wait before the next."""

    error: TwilioError
    retry_after_s: float = 0.0

    def allows_another_try(self, request: _Request, tries: int) -> bool:
        """Whether sending again can do no harm: never processed, or a read that failed."""
        if isinstance(self.error, TwilioRateLimitedError):
            return True
        is_fault = isinstance(self.error, TwilioUnavailableError)
        return is_fault and request.is_read and tries < _MOST_TRIES_OF_A_READ


class OnAnswer(Protocol):
    """Told of each request with all its tries: `ok` or the kind of failure, and the seconds."""

    def __call__(self, *, result: str, took_s: float) -> None:
        """Count it."""


def count_nothing(*, result: str, took_s: float) -> None:
    """Stands where nobody counts."""


class HttpClient(AsyncHttpClient):
    """Sends what the SDK builds, within a deadline, and raises errors of the domain alone.

    Sent again inside the deadline: what was rate-limited, and reads that failed. A change that may
    have reached Twilio is never sent twice. Bodies, queries and numbers are not logged.
    """

    def __init__(
        self,
        *,
        connect_timeout_s: float = 3.0,
        timeout_s: float = 10.0,
        jitter: Callable[[], float] = random.random,
        on_answer: OnAnswer = count_nothing,
    ) -> None:
        super().__init__(_log, True, timeout_s)
        self._on_answer = on_answer
        self._connect_timeout_s = connect_timeout_s
        self._timeout_s = timeout_s
        self._jitter = jitter
        self._session: aiohttp.ClientSession | None = None

    async def request(  # type: ignore[override]  # noqa: PLR0917 - as the SDK's own async client
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the SDK's signature
        allow_redirects: bool = False,  # noqa: ARG002, FBT001, FBT002 - the SDK's signature
    ) -> Response:
        """Twilio's answer, when it is a success. `timeout` is in seconds, all tries included.

        Raises:
            TwilioError: Twilio refused, failed or did not answer in time.
        """
        signed = {"Authorization": aiohttp.encode_basic_auth(*auth)} if auth else {}
        request = _Request(
            method, uri, _as_texts(params), _as_texts(data), {**(headers or {}), **signed}
        )
        now = asyncio.get_running_loop().time
        began_at = now()
        ends_at = began_at + (self._timeout_s if timeout is None else timeout)
        result = "cancelled"
        try:
            answer = await self._send(request, ends_at=ends_at)
            result = "ok"
        except TwilioError as error:
            result = type(error).__name__
            ids = f"error {error.code or '-'}, request {error.request_id or '-'}"
            _log.warning("%s: %s (%s)", request, error, ids)
            raise
        finally:
            self._on_answer(result=result, took_s=now() - began_at)
        return answer

    async def _send(self, request: _Request, *, ends_at: float) -> Response:
        """The answer to the first try that succeeds; `ends_at` is in the event loop's time."""
        now = asyncio.get_running_loop().time
        tries = 0
        while True:
            answer = await self._try(request, timeout_s=ends_at - now())
            if isinstance(answer, Response):
                return answer
            tries += 1
            pause_s = max(answer.retry_after_s, self._backoff_s(tries))
            if not answer.allows_another_try(request, tries) or now() + pause_s >= ends_at:
                raise answer.error
            _log.warning("%s: %s; trying again in %.2f s", request, answer.error, pause_s)
            await asyncio.sleep(pause_s)

    async def close(self) -> None:
        """Close every connection; the client opens new ones if it is used again."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _try(self, request: _Request, *, timeout_s: float) -> Response | _Failure:
        if timeout_s <= 0:  # To aiohttp that would mean to wait for ever.
            return _Failure(_unreachable(TOO_LATE))
        began = perf_counter()
        fence = current_fence()
        if fence is not None:
            fence.begin_try()
        try:
            async with self._opened_session().request(
                request.method,
                request.url,
                params=request.params,
                data=urlencode(request.form).encode() or None,
                headers=request.headers,
                allow_redirects=False,
                timeout=self._timeout(timeout_s),
            ) as answer:
                status, headers = answer.status, answer.headers
                # JSON is UTF-8; a proxy's header may name a codec that reads no text.
                text = (await answer.read()).decode(errors="replace")
        except (aiohttp.ClientError, TimeoutError) as fault:
            if fence is not None and fence.has_kept_all:
                return _Failure(_unreachable(TOO_LATE))
            return _Failure(_error_of_fault(fault))
        took_ms = (perf_counter() - began) * 1000
        _log.debug("%s: %s in %.0f ms, %s", request, status, took_ms, request_id_of(headers))
        if _OK <= status < _FIRST_REDIRECTION:
            return Response(status, text, headers)
        error = error_of_answer(status, text, request_id_of(headers))
        retry_after_s = _retry_after_s(headers)
        if isinstance(error, TwilioRateLimitedError):
            error.retry_after_s = retry_after_s
        return _Failure(error, retry_after_s)

    def _opened_session(self) -> aiohttp.ClientSession:
        """The one session, opened inside the running loop at the first use."""
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=_CONNECTION_LIMIT,
                keepalive_timeout=_KEPT_ALIVE_S,
                socket_factory=open_fenced_socket,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=[_noticing_connections()],
            )
        return self._session

    def _timeout(self, timeout_s: float) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=timeout_s,
            connect=min(self._connect_timeout_s, timeout_s),
            ceil_threshold=_NO_ROUNDING_S,
        )

    def _backoff_s(self, tries: int) -> float:
        """Longer with every try; half of it is chance, so that those who wait do not meet again."""
        longest_s = min(_MOST_BACKOFF_S, _FIRST_BACKOFF_S * 2.0 ** (tries - 1))
        return longest_s * (1 + self._jitter()) / 2


def _noticing_connections() -> aiohttp.TraceConfig:
    """What tells the fence that the connection is there, also one that was kept."""
    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(_begin_request)
    trace.on_connection_reuseconn.append(_begin_request)
    return trace


async def _begin_request(*_details: object) -> None:
    fence = current_fence()
    if fence is not None:
        fence.begin_request()


def request_id_of(headers: Mapping[str, str]) -> str:
    """Twilio's id of the request (`RQ…`), empty where it gave none."""
    request_id = headers.get(_REQUEST_ID_HEADER, "")
    return request_id if _REQUEST_ID.fullmatch(request_id) else ""


def _as_texts(values: Mapping[str, object] | None) -> dict[str, str]:
    return {name: str(value) for name, value in (values or {}).items()}


def _unreachable(what: str) -> TwilioUnavailableError:
    return TwilioUnavailableError(what, may_have_acted=False)


def _error_of_fault(fault: aiohttp.ClientError | TimeoutError) -> TwilioUnavailableError:
    """Our error for no answer; the fault's own words are left out, since they hold the query."""
    if isinstance(fault, _NEVER_CONNECTED):
        return _unreachable("Twilio could not be reached")
    what = "did not answer in time" if isinstance(fault, TimeoutError) else "broke off"
    return TwilioUnavailableError(f"Twilio {what} ({type(fault).__name__})", may_have_acted=True)


def _retry_after_s(headers: Mapping[str, str]) -> float:
    """Seconds that Twilio asks us to wait; nothing where it names a date or nonsense."""
    value = headers.get("Retry-After", "")
    return float(value) if re.fullmatch(r"[0-9]{1,6}", value) else 0.0
