"""Where requests go: the SDK's own URLs, with our Region and edge and nobody else's."""

import pytest
from twilio.http.response import Response

from bot.twilio.account_api import AccountApi
from bot.twilio.http_client import HttpClient
from tests.contract.test_twilio_gateway.world import ACCOUNT_SID, AUTH_TOKEN


class NotingHttpClient(HttpClient):
    """Sends nothing; notes where it would have."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, str, object]] = []

    async def request(self, method: str, uri: str, *args: object, **options: object) -> Response:  # type: ignore[override]  # noqa: ARG002 - only what is noted has a name
        """An empty answer."""
        self.sent.append((method, uri, options["auth"]))
        return Response(200, "{}", {})


@pytest.mark.parametrize(
    ("region", "edge", "api_url", "host"),
    [
        ("", "", "", "https://api.twilio.com"),
        ("ie1", "", "", "https://api.dublin.ie1.twilio.com"),
        ("au1", "", "", "https://api.sydney.au1.twilio.com"),
        ("us1", "", "", "https://api.ashburn.us1.twilio.com"),
        ("ie1", "frankfurt", "", "https://api.frankfurt.ie1.twilio.com"),
        ("ie1", "dublin", "", "https://api.dublin.ie1.twilio.com"),
        ("", "ashburn", "", "https://api.ashburn.us1.twilio.com"),
        ("ie1", "dublin", "http://127.0.0.1:4002/", "http://127.0.0.1:4002"),
    ],
)
async def test_host_follows_the_settings_and_not_the_environment(
    monkeypatch: pytest.MonkeyPatch, region: str, edge: str, api_url: str, host: str
) -> None:
    monkeypatch.setenv("TWILIO_REGION", "au1")
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    http_client = NotingHttpClient()
    api = AccountApi(
        account_sid=ACCOUNT_SID,
        username=ACCOUNT_SID,
        password=AUTH_TOKEN,
        region=region,
        edge=edge,
        api_url=api_url,
        http_client=http_client,
    )

    await api.fetch("/Calls", timeout_s=1)

    url = f"{host}/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json"
    assert http_client.sent == [("GET", url, (ACCOUNT_SID, AUTH_TOKEN))]


@pytest.mark.parametrize("resource", ["/Calls/../x", "/Calls?x", "Calls", "/Calls/", "/Calls/%2e"])
async def test_resource_that_is_no_plain_path_is_not_asked_for(resource: str) -> None:
    http_client = NotingHttpClient()
    api = AccountApi(
        account_sid=ACCOUNT_SID,
        username=ACCOUNT_SID,
        password=AUTH_TOKEN,
        http_client=http_client,
    )

    with pytest.raises(ValueError, match="words and SIDs"):
        await api.fetch(resource, timeout_s=1)

    assert http_client.sent == []
