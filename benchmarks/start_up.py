"""How long a command line and a server take to start, and what the server keeps in memory.

- `hookflash --help`, the whole process; the floor is `python -c pass`
- from the start of `hookflash serve` to 200 from `/readyz`, on a new SQLite file that it brings up
  to date first and on one that is; the floor is a bare Bolt app on aiohttp
- resident memory of `serve` after 1,000 requests of all kinds with 100 live calls; the floor is the
  bare Bolt app after 1,000 commands

Bounds: 150 ms, 1.5 s, 120 MB (10^6 bytes). Times are medians.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.company import Company, company
from benchmarks.databases import sqlite
from benchmarks.figures import Figure, arguments, at_most, report
from benchmarks.outside import SERVED_PATH
from benchmarks.processes import HOST, free_port, running
from benchmarks.settings import environment
from benchmarks.slack_load import Load, hang_up
from bot.database.migrate import upgrade

HELP_WITHIN_MS = 150.0
READY_WITHIN_MS = 1500.0
MOST_MB = 120.0
LIVE_CALLS = 100
REQUESTS = 1000
WAYS_TO_ASK = ("/calls", "/calls show {}", "/calls help", "/calls audit", "/calls hangup {}")
REST_S = 2.0

HOOKFLASH = str(Path(sys.executable).parent / "hookflash")


def process_ms(command: Sequence[str], runs: int) -> float:
    """The median of what the whole process takes, after a first one that warms up."""
    times = []
    for _ in range(runs + 1):
        began = perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
        times.append((perf_counter() - began) * 1000)
    return median(times[1:])


async def bolt_ready_ms() -> float:
    """From the start of a bare Bolt app to its first answer."""
    port = free_port()
    async with running(("benchmarks.bare_bolt", str(port)), {}, port=port) as server:
        return server.ready_after_s * 1000


async def serve_ready_ms(*, is_new: bool) -> float:
    """From the start of `serve` to its being ready, with Slack and Twilio at hand."""
    outside, port = free_port(), free_port()
    url = f"http://{HOST}:{outside}"
    stand_ins = running(
        ("benchmarks.outside", str(outside)), {}, port=outside, ready_path=SERVED_PATH
    )
    with sqlite() as database_url:
        if not is_new:
            await asyncio.to_thread(upgrade, database_url)
        settings = environment(
            port=port, database_url=database_url, slack_api_url=f"{url}/api/", twilio_url=url
        )
        async with stand_ins, running(("bot", "serve"), settings, port=port) as server:
            return server.ready_after_s * 1000


async def serve_mb() -> float:
    """What `serve` keeps after a thousand requests."""
    with sqlite() as database_url:
        async with company(database_url) as at:
            await _ask_a_thousand_times(at)
            await asyncio.sleep(REST_S)
            return at.bot.resident_mb()


async def _ask_a_thousand_times(at: Company) -> None:
    for number in range(REQUESTS):
        live = [call for call in at.twilio.network.calls.values() if call.is_live]
        missing = LIVE_CALLS - len(live)
        live += [at.twilio.network.call_in_progress() for _ in range(missing)]
        way = WAYS_TO_ASK[number % len(WAYS_TO_ASK)]
        await at.type(way.format(live[0].sid))


async def bolt_mb() -> float:
    """What a bare Bolt app keeps after a thousand commands."""
    port = free_port()
    async with running(("benchmarks.bare_bolt", str(port)), {}, port=port) as server:
        load = Load(port, lambda: hang_up("http://127.0.0.1/response"))
        await load.open()
        await load.one_at_a_time(REQUESTS, pause_s=0)
        load.close()
        return server.resident_mb()


async def measure_servers(runs: int) -> list[Figure]:
    """How fast they are ready, in turns, and how large they grow."""
    bolt, new, known = [], [], []
    for _ in range(runs):
        bolt.append(await bolt_ready_ms())
        new.append(await serve_ready_ms(is_new=True))
        known.append(await serve_ready_ms(is_new=False))
    ready = "serve is ready, "
    floor = median(bolt)
    return [
        at_most(READY_WITHIN_MS, f"{ready}new database", median(new), "ms", floor=floor),
        at_most(READY_WITHIN_MS, f"{ready}known database", median(known), "ms", floor=floor),
        at_most(
            MOST_MB,
            f"memory after {REQUESTS:,} requests",
            await serve_mb(),
            "MB",
            floor=await bolt_mb(),
        ),
    ]


def main() -> int:
    """Measure and print; 1 where a bound does not hold."""
    given = arguments(__doc__)
    runs = 5 if given.quick else 21
    helped = at_most(
        HELP_WITHIN_MS,
        "hookflash --help",
        process_ms([HOOKFLASH, "--help"], runs),
        "ms",
        floor=process_ms([sys.executable, "-c", "pass"], runs),
    )
    return report(
        "Start and size", [helped, *asyncio.run(measure_servers(3 if given.quick else 9))]
    )


if __name__ == "__main__":
    sys.exit(main())
