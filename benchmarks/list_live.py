"""Listing 5,000 live calls with the gateway, against the bare SDK making the three listings.

Both ask the same stand-in of Twilio, a process of its own, for its queued, ringing and in-progress
calls, in parallel and 1,000 a page; the gateway also merges them. They take turns.

Bounds: the gateway takes at most 1.3 times what the SDK takes (median). And a second asker within
the same look costs Twilio nothing, whether he comes while it is under way or after it; that is
counted at the stand-in.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from statistics import median
from time import perf_counter

from twilio.rest import Client

from benchmarks.busy_twilio import fill
from benchmarks.click_to_twilio import bare_sdk
from benchmarks.figures import Figure, arguments, at_most, at_most_times, context, report
from benchmarks.processes import HOST, free_port, running
from benchmarks.settings import ACCOUNT_SID, AUTH_TOKEN
from bot.application.live_calls import LiveCalls
from bot.sandbox.twilio import TwilioStandIn
from bot.twilio.gateway import LIVE_STATUSES, TwilioGateway

LIVE_CALLS = 5000
PAGE_SIZE = 1000
TIMES = 1.3
POLL_S = 5.0


def gateway_to(twilio_url: str) -> TwilioGateway:
    """The gateway as the bot uses it, pointed at a stand-in."""
    return TwilioGateway(
        account_sid=ACCOUNT_SID,
        username=ACCOUNT_SID,
        password=AUTH_TOKEN,
        api_url=twilio_url,
        clock=lambda: datetime.now(UTC),
    )


async def list_with_sdk(sdk: Client) -> int:
    """How many calls the SDK lists."""
    listed = await asyncio.gather(
        *(sdk.calls.list_async(status=status, page_size=PAGE_SIZE) for status in LIVE_STATUSES)
    )
    return sum(map(len, listed))


async def compare(rounds: int) -> Figure:
    """How long both take for the same calls.

    Raises:
        RuntimeError: one of them did not find all.
    """
    port = free_port()
    url = f"http://{HOST}:{port}"
    stand_in = running(
        ("benchmarks.busy_twilio", str(port), str(LIVE_CALLS)),
        {},
        port=port,
        ready_path=f"/2010-04-01/Accounts/{ACCOUNT_SID}.json",
        ready_status=401,
    )
    ours, floor = [], []
    async with stand_in, bare_sdk(url) as sdk:
        gateway = gateway_to(url)
        for round_ in range(rounds + 1):
            began = perf_counter()
            by_sdk = await list_with_sdk(sdk)
            then = perf_counter()
            by_gateway = len((await gateway.list_live()).calls)
            took_ms = (perf_counter() - then) * 1000
            if not by_sdk == by_gateway == LIVE_CALLS:
                raise RuntimeError(f"the SDK found {by_sdk} calls, the gateway {by_gateway}")
            if round_:  # The first one warms up.
                ours.append(took_ms)
                floor.append((then - began) * 1000)
        await gateway.close()
    return at_most_times(
        TIMES, f"listing {LIVE_CALLS:,} live calls", median(ours), median(floor), "ms"
    )


async def count_requests() -> list[Figure]:
    """What two who ask together, and one who asks after them, cost Twilio."""
    async with TwilioStandIn(account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN) as twilio:
        fill(twilio.network, LIVE_CALLS)
        gateway = gateway_to(twilio.url)
        live = LiveCalls.alone(gateway, poll_s=POLL_S)
        alone = await _requests_for(twilio, LiveCalls.alone(gateway, poll_s=POLL_S))
        together = await _requests_for(twilio, live, live)
        later = await _requests_for(twilio, live)
        await gateway.close()
    return [
        context("requests for one asker", alone, None, "requests"),
        at_most(0, "more for a second one meanwhile", together - alone, "requests"),
        at_most(0, "more for one after that", later, "requests"),
    ]


async def _requests_for(twilio: TwilioStandIn, *askers: LiveCalls) -> int:
    before = len(twilio.requests)
    await asyncio.gather(*(live.listing() for live in askers))
    return len(twilio.requests) - before


def main() -> int:
    """Measure and print; 1 where a bound does not hold."""
    given = arguments(__doc__)
    compared = asyncio.run(compare(5 if given.quick else 25))
    return report("Listing all live calls", [compared, *asyncio.run(count_requests())])


if __name__ == "__main__":
    sys.exit(main())
