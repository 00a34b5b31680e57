"""Everything but the bots: Slack with its people, Twilio with its calls, a look into the log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bot.sandbox.twilio import TwilioStandIn
from tests.certificates import shown_with
from tests.crash.log_reading import LogReader, log_reader
from tests.crash.slack_moods import At, MoodySlack
from tests.crash.stalls import stall_watch
from tests.crash.twilio_moods import TwilioMoods
from tests.scenario.company import (
    ACCOUNT_SID,
    ADA,
    AUTH_TOKEN,
    SUPPORT,
    SUPPORT_FLOW,
    SUPPORT_LINE,
    environ_for,
)

# So many that nobody's refusals are ever held back: each person may have a few a minute.
CROWD = tuple(f"U0OPERATOR{number}" for number in range(60))
SLACKS_PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the bots meet."""

    slack: MoodySlack
    twilio: TwilioStandIn
    moods: TwilioMoods
    log: LogReader
    environ: dict[str, str]

    def calm_down(self) -> None:
        """Let nothing go wrong any more."""
        self.moods.is_calm = True
        self.slack.moods.is_calm = True


@asynccontextmanager
async def world(
    database_url: str, rng: Random, at: At, *, certificate: Path
) -> AsyncIterator[World]:
    """Slack and Twilio at work; *at* is told of moments that only they see, and at which door.

    Twilio shows the certificate, since it is through TLS that nothing may be sent too late.
    """
    log = log_reader(database_url)
    async with (
        MoodySlack(rng, at) as slack,
        TwilioStandIn(
            account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, tls=shown_with(certificate)
        ) as twilio,
        stall_watch(slack.workspace.clock) as stalls,
    ):
        moods = TwilioMoods(rng, log, twilio.network.calls, slack, stalls)
        twilio.faults = moods
        twilio.network.add_number(SUPPORT_LINE, "Support line", SUPPORT_FLOW)
        everybody = (*CROWD, ADA)
        for user_id in everybody:
            slack.workspace.add_user(user_id.lower(), user_id=user_id)
        slack.workspace.add_channel("support", channel_id=SUPPORT, members=everybody)
        slack.ack_timeout_s = SLACKS_PATIENCE_S
        environ = environ_for(
            slack,
            twilio,
            database_url=database_url,
            HOST="127.0.0.1",
            HOOKFLASH_ADMINS=ADA,
            HOOKFLASH_OPERATORS=",".join(CROWD),
        )
        yield World(slack=slack, twilio=twilio, moods=moods, log=log, environ=environ)
