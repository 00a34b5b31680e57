"""A Twilio stand-in on a clock that the test moves, and the ways to talk to it."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox.twilio import ManualClock, TwilioStandIn
from tests.contract.test_twilio_stand_in.talk import (
    ACCOUNT_SID,
    API_KEY,
    API_SECRET,
    AUTH_TOKEN,
    Api,
    Sdk,
    Specification,
)

SPECIFICATION = Path(
    os.environ.get("HOOKFLASH_TEST_TWILIO_SPEC")
    or Path(__file__).parents[4] / "shared" / "reference" / "twilio_calls.openapi.json"
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def twilio(clock: ManualClock) -> AsyncIterator[TwilioStandIn]:
    keys = {API_KEY: API_SECRET}
    async with TwilioStandIn(
        account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, api_keys=keys, clock=clock
    ) as stand_in:
        yield stand_in


@pytest.fixture
async def api(twilio: TwilioStandIn) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession() as session:
        yield Api(twilio.url, session)


@pytest.fixture
def sdk(twilio: TwilioStandIn) -> Iterator[Sdk]:
    client = Sdk(twilio.url)
    yield client
    client.close()


@pytest.fixture(scope="session")
def specification() -> Specification:
    if not SPECIFICATION.exists():
        pytest.skip(f"Twilio's specification is not at {SPECIFICATION}")
    return Specification(SPECIFICATION.read_text())
