"""Twilio's stand-in with many live calls, as a process of its own. Arguments: port, live calls."""

from __future__ import annotations

import asyncio
import signal
import sys

from benchmarks.settings import ACCOUNT_SID, AUTH_TOKEN
from bot.sandbox.twilio import PhoneNetwork, TwilioStandIn


def fill(network: PhoneNetwork, live_calls: int) -> None:
    """Put so many calls up, a third of them in each of the three states that can be listed."""
    makers = (network.call_queued, network.call_ringing, network.call_in_progress)
    for number in range(live_calls):
        makers[number % len(makers)]()


async def serve(port: int, live_calls: int) -> None:
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    stand_in = TwilioStandIn(account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, port=port)
    fill(stand_in.network, live_calls)
    async with stand_in:
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
