"""What the REST API answers: bodies in JSON, errors with Twilio's codes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

OK = 200
NO_CONTENT = 204
BAD_REQUEST = 400
UNAUTHORIZED = 401
NOT_FOUND = 404
METHOD_NOT_ALLOWED = 405
NOT_ACCEPTABLE = 406
TOO_MANY_REQUESTS = 429


@dataclass(frozen=True)
class Answer:
    """Status, body and further headers of a response."""

    status: int
    body: str = ""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """A request that Twilio refuses."""

    def __init__(self, status: int, code: int, message: str, detail: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail

    def answer(self) -> Answer:
        """The error as Twilio words it."""
        body: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }
        if self.detail is not None:
            body["detail"] = self.detail
        return Answer(self.status, json.dumps(body))


def not_found(path: str) -> ApiError:
    """The refusal for something that is not in this account."""
    return ApiError(NOT_FOUND, 20404, f"The requested resource {path} was not found")


def invalid(message: str) -> ApiError:
    """The refusal of a parameter with a wrong value."""
    return ApiError(BAD_REQUEST, 20422, message)


def one(row: Mapping[str, Any]) -> Answer:
    """The answer with one resource."""
    return Answer(OK, json.dumps(row))


def listing(envelope: Mapping[str, Any], name: str, rows: Sequence[str]) -> Answer:
    """The answer with a page of resources that are JSON already.

    Thousands of calls are listed every few seconds; each row is written once, when it changes.
    """
    head = json.dumps(envelope)[:-1]
    return Answer(OK, f'{head}, "{name}": [{", ".join(rows)}]}}')
