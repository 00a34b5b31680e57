"""Twilio's error codes and HTTP statuses, and the error of ours that each one means."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.errors import (
    TwilioAuthenticationError,
    TwilioCallNotInProgressError,
    TwilioError,
    TwilioNotFoundError,
    TwilioPermissionError,
    TwilioRateLimitedError,
    TwilioRefusedError,
    TwilioUnavailableError,
)

_FIRST_CLIENT_ERROR = 400
_FIRST_SERVER_ERROR = 500
_REQUEST_TIMEOUT = 408
_SHOWN_LENGTH = 300
_PHONE_NUMBER = re.compile(r"\+?\b[0-9]{7,}\b")

# A code says more than the status under it. Source: https://www.twilio.com/docs/api/errors
_BY_CODE: Mapping[int, type[TwilioError]] = {
    20003: TwilioAuthenticationError,
    20005: TwilioAuthenticationError,
    20006: TwilioPermissionError,
    20403: TwilioPermissionError,
    20404: TwilioNotFoundError,
    20429: TwilioRateLimitedError,
    21220: TwilioCallNotInProgressError,
    70051: TwilioPermissionError,
}
_BY_STATUS: Mapping[int, type[TwilioError]] = {
    401: TwilioAuthenticationError,
    403: TwilioPermissionError,
    404: TwilioNotFoundError,
    429: TwilioRateLimitedError,
}


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What an error's body tells; a proxy's page has neither code nor message."""

    code: int | None
    message: str


def error_of_answer(status: int, text: str, request_id: str) -> TwilioError:
    """Our error for an answer of Twilio that is not a success.

    Anything but a plain refusal (5xx, 408, a redirection) may have acted on the request.
    """
    body = _read_error_body(text)
    message = f"Twilio answered {status}: {body.message}" if body.message else f"HTTP {status}"
    is_refusal = _FIRST_CLIENT_ERROR <= status < _FIRST_SERVER_ERROR and status != _REQUEST_TIMEOUT
    if not is_refusal:
        return TwilioUnavailableError(
            message, may_have_acted=True, code=body.code, status=status, request_id=request_id
        )
    kind = _BY_CODE.get(body.code or 0) or _BY_STATUS.get(status, TwilioRefusedError)
    return kind(message, code=body.code, status=status, request_id=request_id)


def _read_error_body(text: str) -> ErrorBody:
    try:
        body: Any = json.loads(text)
    except (ValueError, RecursionError):
        return ErrorBody(None, "")
    if not isinstance(body, dict):
        return ErrorBody(None, "")
    code = body.get("code")
    # `title` is where Twilio's newer answers (RFC 9457) say it.
    message = str(body.get("message") or body.get("title") or "")
    return ErrorBody(code if isinstance(code, int) else None, _fit_to_log(message))


def _fit_to_log(message: str) -> str:
    """The message without numbers of people, on one line and not too long."""
    return _PHONE_NUMBER.sub("(number)", " ".join(message.split()))[:_SHOWN_LENGTH]
