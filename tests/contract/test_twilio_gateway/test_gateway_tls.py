"""The deadline of a change where Twilio is spoken to as it really is, through TLS."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.application.deadlines import Deadline
from bot.application.ports import Destination
from bot.domain.errors import TwilioUnavailableError
from bot.twilio.fenced_socket import Fence
from bot.twilio.gateway import TwilioGateway
from tests.certificates import make_certificate, shown_with
from tests.contract.test_twilio_gateway.world import (
    CALL_SID,
    OddTwilio,
    call_row,
    gateway_to,
    json_answer,
)

ELSEWHERE = Destination(twiml="<Response><Hangup/></Response>")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return make_certificate(tmp_path)


@pytest.fixture
async def twilio(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OddTwilio]:
    """A Twilio whose certificate the bot trusts."""
    trusting = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", trusting)
    async with OddTwilio(tls=shown_with(certificate)) as server:
        yield server


@pytest.fixture
async def gateway(twilio: OddTwilio) -> AsyncIterator[TwilioGateway]:
    gateway = gateway_to(twilio.url)
    yield gateway
    await gateway.close()


@pytest.mark.parametrize("is_connected", [False, True])
async def test_a_change_that_twilio_has_and_does_not_answer_may_have_been_made(
    twilio: OddTwilio, gateway: TwilioGateway, *, is_connected: bool
) -> None:
    """That TLS cannot say goodbye after the deadline does not mean that nothing was sent."""

    async def be_silent(_request: web.Request) -> web.Response:
        await asyncio.sleep(1.5)
        return json_answer(call_row())

    if is_connected:
        twilio.answers(json_answer(call_row()))
        await gateway.fetch_call(CALL_SID)
    twilio.answers(be_silent)

    with pytest.raises(TwilioUnavailableError, match="in time") as fault:
        await gateway.redirect(CALL_SID, ELSEWHERE, deadline=Deadline.after(0.5))

    assert fault.value.may_have_acted
    assert twilio.requests[-1].method == "POST"


async def test_a_change_that_was_held_back_on_a_connection_has_not_been_made(
    twilio: OddTwilio, gateway: TwilioGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process stands still between the connection and the request."""
    begin = Fence.begin_request

    def stand_still(fence: Fence) -> None:
        begin(fence)
        time.sleep(0.6)

    monkeypatch.setattr(Fence, "begin_request", stand_still)

    with pytest.raises(TwilioUnavailableError, match="no time was left") as fault:
        await gateway.redirect(CALL_SID, ELSEWHERE, deadline=Deadline.after(0.5))

    assert not fault.value.may_have_acted
    assert twilio.requests == []


async def test_what_went_out_before_a_refusal_is_not_what_was_held_back_after_it(
    twilio: OddTwilio, gateway: TwilioGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twilio was too busy for the first try, and the second comes too late."""
    begin = Fence.begin_request

    def stand_still_at_last(fence: Fence) -> None:
        begin(fence)
        if twilio.requests:
            time.sleep(2.0)

    monkeypatch.setattr(Fence, "begin_request", stand_still_at_last)
    twilio.answers(json_answer({"code": 20429}, status=429))

    with pytest.raises(TwilioUnavailableError, match="no time was left") as fault:
        await gateway.redirect(CALL_SID, ELSEWHERE, deadline=Deadline.after(1.5))

    assert not fault.value.may_have_acted
    assert len(twilio.requests) == 1
