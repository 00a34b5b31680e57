"""What reaches outside this process: Twilio, Slack's Web API and the database."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from aiohttp import ClientSession
from slack_sdk.web.async_client import AsyncWebClient

from bot.application.ports import Clock
from bot.clients import build_slack_client, build_twilio_gateway
from bot.database.audit_reader import SqlAuditReader
from bot.database.checkpoint_showings import SqlCheckpointShowings
from bot.database.checkpoints import SqlCheckpointStore
from bot.database.engine import Database
from bot.database.ledger import SqlLedger
from bot.database.shared_time import read_shared_time
from bot.domain.audit import MAIN_CHAIN
from bot.settings import Settings
from bot.slack.installation import Installation
from bot.twilio.gateway import TwilioGateway
from bot.web.metrics import Metrics

if TYPE_CHECKING:
    from bot.database.look_board import SqlLookBoard


class Outside:
    """The adapters, each wired when it is first asked for; wiring opens nothing."""

    def __init__(
        self,
        settings: Settings,
        *,
        database: Database,
        session: ClientSession,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._database = database
        self._session = session
        self._metrics = metrics
        self._clock = clock

    @cached_property
    def gateway(self) -> TwilioGateway:
        """Twilio."""
        return build_twilio_gateway(
            self._settings, clock=self._clock, on_answer=self._metrics.twilio_answered
        )

    @cached_property
    def slack_client(self) -> AsyncWebClient:
        """Slack's Web API."""
        return build_slack_client(self._settings, self._session)

    @cached_property
    def installation(self) -> Installation:
        """The workspace that the app is installed in."""
        return Installation(self.slack_client)

    @cached_property
    def ledger(self) -> SqlLedger:
        """The writing side of the database."""
        return SqlLedger(self._database.writer, chain_id=MAIN_CHAIN, clock=self._clock)

    @cached_property
    def log(self) -> SqlAuditReader:
        """The reading side of the database."""
        return SqlAuditReader(self._database.reader, chain_id=MAIN_CHAIN)

    @cached_property
    def checkpoints(self) -> SqlCheckpointStore:
        """The checkpoints that are kept beside the log."""
        return SqlCheckpointStore(self._database, chain_id=MAIN_CHAIN)

    def checkpoint_showings(self, *, holder: str, clock: Clock) -> SqlCheckpointShowings:
        """What the process named *holder* notes of where checkpoints were shown."""
        return SqlCheckpointShowings(
            self._database, chain_id=MAIN_CHAIN, holder=holder, clock=clock
        )

    @cached_property
    def look_board(self) -> SqlLookBoard | None:
        """Where replicas meet; None where the database is this process's alone."""
        if self._database.board is None:
            return None
        from bot.database.look_board import SqlLookBoard  # noqa: PLC0415 - SQLite needs no psycopg

        return SqlLookBoard(
            self._database.board,
            account_sid=self._settings.twilio_account_sid,
            clock=self._clock,
        )

    async def shared_time(self) -> datetime | None:
        """The time that all replicas go by; None where that is this machine's.

        Raises:
            LogUnavailableError: the database does not answer.
        """
        return await read_shared_time(self._database.reader)
