"""The ways in which the tests talk to the Twilio stand-in, and the judge of its answers."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any, TypeVar

import aiohttp
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from bot.sandbox.twilio import Call

ACCOUNT_SID = "AC" + "0a" * 16
AUTH_TOKEN = "1b" * 16
API_KEY = "SK" + "2c" * 16
API_SECRET = "3d" * 16
BASE = f"/2010-04-01/Accounts/{ACCOUNT_SID}"

T = TypeVar("T")


class Reply:
    """A response as it came, its body read."""

    def __init__(self, status: int, headers: dict[str, str], text: str) -> None:
        self.status = status
        self.headers = headers
        self.text = text

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> int:
        code: int = self.json["code"]
        return code


class Api:
    """Plain HTTP against the stand-in, with credentials that a test can change."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session
        self.user = ACCOUNT_SID
        self.password = AUTH_TOKEN

    async def ask(self, method: str, path: str, **options: Any) -> Reply:
        """`path` stands under the account, unless it begins with the API's version."""
        address = self._url + (path if path.startswith("/2010") else BASE + path)
        proof = b64encode(f"{self.user}:{self.password}".encode()).decode()
        headers = {"Authorization": f"Basic {proof}"} | options.pop("headers", {})
        async with self._session.request(method, address, headers=headers, **options) as response:
            return Reply(response.status, dict(response.headers), await response.text())

    async def get(self, path: str, **query: str) -> Reply:
        return await self.ask("GET", path, params=query)

    async def update(self, call: Call, **form: str) -> Reply:
        return await self.ask("POST", f"/Calls/{call.sid}.json", data=form)


class Sdk:
    """Twilio's own client, which is synchronous, used from a thread."""

    def __init__(self, url: str) -> None:
        self._http = TwilioHttpClient(timeout=5)
        self._client: Client = Client(  # type: ignore[no-untyped-call]
            ACCOUNT_SID, AUTH_TOKEN, http_client=self._http
        )
        self._client.api.base_url = url

    async def do(self, question: Callable[[Client], T]) -> T:
        return await asyncio.to_thread(question, self._client)

    def close(self) -> None:
        if self._http.session is not None:
            self._http.session.close()


class Specification:
    """Twilio's own description of its API, as a judge of answers."""

    def __init__(self, text: str) -> None:
        document = json.loads(text)
        self._schemas = document["components"]["schemas"]
        # Its own examples answer null while the conference is live, which its enum forgets.
        reason = self._schemas["conference_enum_reason_conference_ended"]
        reason |= {"nullable": True, "enum": [*reason["enum"], None]}
        self._openapi = OpenAPI.from_dict(document)

    def faults(self, path: str, reply: Reply) -> list[str]:
        """What the specification finds wrong with the answer to a GET."""
        request = MockRequest("https://api.twilio.com", "get", BASE + path)
        response = MockResponse(
            reply.text.encode(), reply.status, content_type=reply.headers["Content-Type"]
        )
        return [str(error) for error in self._openapi.unmarshal_response(request, response).errors]

    def properties(self, schema: str) -> set[str]:
        """The names of everything that a resource tells."""
        return set(self._schemas[schema]["properties"])
