"""This machine: its clock against Slack's and Twilio's, and the proxies that it is told of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from aiohttp import ClientError, ClientSession, ClientTimeout

from bot.doctor.findings import Finding, fault, ok, warning

TIMEOUT_S = 8.0
# A Date header has whole seconds, and the answer takes a moment.
SMALL_DRIFT = timedelta(seconds=5)
# Slack's signatures are good for five minutes: https://docs.slack.dev/authentication/verifying-requests-from-slack
LARGE_DRIFT = timedelta(seconds=120)
_CLOCK, _PROXIES = "Clock", "Proxies"
_SET_THE_CLOCK = "Let this machine's clock be set over the network (timedatectl set-ntp true)."
# Those that Slack's client reads from the environment.
PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")


async def check_clock(session: ClientSession, *, name: str, url: str) -> Finding:
    """How far the clock is from that of the server, which need not know the address."""
    try:
        async with session.get(
            url, timeout=ClientTimeout(total=TIMEOUT_S), allow_redirects=False
        ) as answer:
            said, here_at = answer.headers.get("Date", ""), datetime.now(UTC)
        drift = abs(here_at - parsedate_to_datetime(said).astimezone(UTC))
    except (ClientError, TimeoutError, ValueError):
        advice = "See what stands about the network above, and run doctor again."
        return warning(_CLOCK, f"{name} did not tell the time.", advice)
    return judge_drift(drift, name=name)


def judge_drift(drift: timedelta, *, name: str) -> Finding:
    """What a difference of the clocks means."""
    seconds = f"{drift.total_seconds():.0f} s"
    if drift >= LARGE_DRIFT:
        text = f"It is {seconds} from {name}'s; requests older than 5 minutes are refused."
        return fault(_CLOCK, text, _SET_THE_CLOCK)
    if drift > SMALL_DRIFT:
        return warning(_CLOCK, f"It is {seconds} from {name}'s.", _SET_THE_CLOCK)
    return ok(_CLOCK, f"It agrees with {name}'s.")


def check_proxies(environ: Mapping[str, str]) -> Finding:
    """Which of the proxies in the environment are used, and by whom."""
    given = [name for name in PROXY_VARIABLES if environ.get(name, "").strip()]
    if not given:
        return ok(_PROXIES, "None is set.")
    return warning(
        _PROXIES,
        f"{', '.join(given)}: Slack's Web API is asked through it; Twilio, and Slack's addresses "
        "for answers and connections, are asked directly.",
        "See that this machine may reach api.twilio.com and hooks.slack.com without a proxy.",
    )
