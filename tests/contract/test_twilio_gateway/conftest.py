"""The gateway, once before the stand-in and once before a Twilio that answers as a test says."""

from collections.abc import AsyncIterator

import pytest

from bot.sandbox.twilio import ManualClock, TwilioStandIn
from bot.twilio.gateway import TwilioGateway
from tests.contract.test_twilio_gateway.world import (
    ACCOUNT_SID,
    API_KEY,
    API_SECRET,
    AUTH_TOKEN,
    OddTwilio,
    gateway_to,
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def twilio(clock: ManualClock) -> AsyncIterator[TwilioStandIn]:
    async with TwilioStandIn(
        account_sid=ACCOUNT_SID,
        auth_token=AUTH_TOKEN,
        api_keys={API_KEY: API_SECRET},
        clock=clock,
    ) as stand_in:
        yield stand_in


@pytest.fixture
async def gateway(twilio: TwilioStandIn, clock: ManualClock) -> AsyncIterator[TwilioGateway]:
    gateway = gateway_to(twilio.url, clock=clock)
    yield gateway
    await gateway.close()


@pytest.fixture
async def odd_twilio() -> AsyncIterator[OddTwilio]:
    async with OddTwilio() as server:
        yield server


@pytest.fixture
async def odd_gateway(odd_twilio: OddTwilio) -> AsyncIterator[TwilioGateway]:
    gateway = gateway_to(odd_twilio.url)
    yield gateway
    await gateway.close()
