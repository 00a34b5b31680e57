"""All parts of the bot and how they are put together."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from functools import cached_property
from uuid import uuid4

from aiohttp import ClientSession, web
from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp

from bot.application.accept_change import ChangeDesk
from bot.application.checkpoints import Checkpointer
from bot.application.deadlines import Deadlines
from bot.application.find_call import CallFinder
from bot.application.find_destination import DestinationBook
from bot.application.freeze import FreezeSwitch
from bot.application.live_calls import LiveCalls
from bot.application.log_health import LogHealth
from bot.application.numbers import NumberBook
from bot.application.perform_change import ChangeWorker
from bot.application.ports import Clock
from bot.application.rights import Denials, Guard, Rights
from bot.application.send_change import ChangeSender
from bot.application.settle_changes import Settler
from bot.application.tasks import TaskSupervisor
from bot.application.tell_outcomes import OutcomeTeller
from bot.bootstrap.evidence import build_checkpointer
from bot.bootstrap.keeping import Keeping
from bot.bootstrap.looks import Looks
from bot.bootstrap.outside import Outside
from bot.database.engine import Database
from bot.domain.people import Role
from bot.domain.redirects import RedirectPolicy
from bot.settings import Settings
from bot.slack.announcer import SlackAnnouncer
from bot.slack.app import build_slack_app
from bot.slack.audiences import Audiences
from bot.slack.channels import ChannelBook
from bot.slack.desk import Desk
from bot.slack.directory import SlackMemberDirectory
from bot.slack.filter_seal import FilterSeal
from bot.slack.home_tab import HomeTab
from bot.slack.http import events_handler
from bot.slack.listeners import FEATURES, help_for
from bot.slack.live_list import LiveList
from bot.slack.replies import Replies
from bot.slack.socket_mode import SocketMode, build_socket_mode
from bot.slack.views.formatting import Place
from bot.web.metrics import Metrics
from bot.web.server import Readiness, build_web_app

_log = logging.getLogger(__name__)

DEFAULT_REGION = "us1"
# Heroku and Kubernetes kill a process 30 s after they have asked it to stop.
DRAIN_S = 20.0
LAST_WORDS_S = 3.0
# Slack and Twilio are waited for at the start, but their absence does not keep the bot down.
START_WAITS_S = 1.0


class Bot:
    """All parts, each wired when it is first asked for; nothing is opened or started by wiring."""

    def __init__(
        self,
        settings: Settings,
        *,
        database: Database,
        session: ClientSession,
        clock: Clock,
        deadlines: Deadlines,
    ) -> None:
        self._settings = settings
        self._session = session
        self._clock = clock
        self._deadlines = deadlines
        self._owner = f"{socket.gethostname()}/{os.getpid()}/{uuid4().hex[:8]}"
        self.tasks = TaskSupervisor()
        self.metrics = Metrics()
        self.outside = Outside(
            settings, database=database, session=session, metrics=self.metrics, clock=clock
        )
        self.keeping = Keeping(
            settings, self.outside, tasks=self.tasks, owner=self._owner, clock=clock
        )

    async def start(self) -> None:
        """Greet Twilio and Slack, and begin to settle what a dead process left.

        Raises:
            TokenRefusedError: Slack does not accept a token.
            UnusableKeyError: there is no key where the settings say.
        """
        self._serve_checkpoints()
        await asyncio.gather(
            self.keeping.start(),
            self.outside.gateway.warm(),
            self.outside.installation.learn(timeout_s=START_WAITS_S),
        )
        if self.socket_mode is not None:
            await self.socket_mode.start(timeout_s=START_WAITS_S)
        self.tasks.spawn(self.numbers.names(), name="learn the names of our numbers")
        self.looks.start()
        self.tasks.serve(self.settler.run, name="settle abandoned changes")
        self.tasks.serve(self.outside.installation.keep_learning, name="learn the installation")

    async def stop(self) -> None:
        """Finish what was accepted, write what is held back, close the log."""
        if self.socket_mode is not None:
            await self.socket_mode.stop()
        await self.settler.stop()
        await self.tasks.stop(timeout_s=DRAIN_S)
        await self.settler.stop()  # what came of the last work, if the log did not take it then
        await self.tasks.stop(timeout_s=LAST_WORDS_S)
        await self.denials.flush(everything=True)
        await self.keeping.stop()
        if self.checkpointer is not None:
            await self.checkpointer.write_last()
        await self.outside.ledger.close()

    def _serve_checkpoints(self) -> None:
        if self.checkpointer is None:
            _log.info("no checkpoints are written: HOOKFLASH_AUDIT_KEY is not set")
        else:
            self.tasks.serve(self.checkpointer.run, name="write checkpoints")

    @cached_property
    def web_app(self) -> web.Application:
        """What answers over HTTP."""
        return build_web_app(
            slack_events=None if self.socket_mode else events_handler(self.slack_app),
            readiness=self.readiness,
            metrics=self.metrics,
            metrics_token=_in_clear(self._settings.metrics_token),
        )

    @cached_property
    def slack_app(self) -> AsyncApp:
        """What answers Slack, whichever way it comes."""
        return build_slack_app(
            client=self.outside.slack_client,
            signing_secret=_in_clear(self._settings.slack_signing_secret),
            installation=self.outside.installation,
            features=FEATURES,
            desk=self.desk,
            on_received=self.metrics.slack_received,
        )

    @cached_property
    def socket_mode(self) -> SocketMode | None:
        """The connections through which Slack comes, where it does not come over HTTP."""
        app_token = _in_clear(self._settings.slack_app_token)
        if app_token is None:
            return None
        return build_socket_mode(
            self.slack_app,
            app_token=app_token,
            api_url=self._settings.slack_api_url,
            session=self._session,
            tasks=self.tasks,
            on_acknowledged=self.metrics.slack_acknowledged,
        )

    async def readiness(self) -> Readiness:
        """Whether requests can be served."""
        parts = {"database": await self.log_health.is_answering()}
        if self.socket_mode is not None:
            parts["slack_socket"] = self.socket_mode.is_connected
        return Readiness(parts)

    @cached_property
    def checkpointer(self) -> Checkpointer | None:
        """What signs the end of the log now and then; None where there is no key."""
        return build_checkpointer(
            self._settings,
            self.outside,
            owner=self._owner,
            clock=self._clock,
            lease_time=self.keeping.lease_time,
        )

    @cached_property
    def place(self) -> Place:
        """Where this bot stands."""
        return Place(
            account_sid=self._settings.twilio_account_sid,
            region=self._settings.twilio_region or DEFAULT_REGION,
            command=self._settings.command,
        )

    @cached_property
    def log_health(self) -> LogHealth:
        """Whether both sides work."""
        return LogHealth(self.keeping.watch, self.outside.log)

    @cached_property
    def looks(self) -> Looks:
        """The look at the live calls, shared with other replicas."""
        return Looks(
            self.outside, poll_s=self._settings.poll_s, tasks=self.tasks, owner=self._owner
        )

    @cached_property
    def live(self) -> LiveCalls:
        """The live calls."""
        return self.looks.live

    @cached_property
    def finder(self) -> CallFinder:
        """Finds the call that a person named."""
        return CallFinder(
            self.outside.gateway, self.live, account_sid=self._settings.twilio_account_sid
        )

    @cached_property
    def numbers(self) -> NumberBook:
        """The names and flows of our numbers."""
        return NumberBook(self.outside.gateway)

    @cached_property
    def rights(self) -> Rights:
        """Who may do what."""
        directory = SlackMemberDirectory(
            self.outside.slack_client, team_id=lambda: self.outside.installation.team_id
        )
        return Rights(self._settings.role_lists, directory)

    @cached_property
    def denials(self) -> Denials:
        """The record of refusals."""
        return Denials(self.keeping.ledger_for_people, clock=self._clock)

    @cached_property
    def guard(self) -> Guard:
        """Admits people to what they may see."""
        return Guard(self.rights, self.denials)

    @cached_property
    def changes(self) -> ChangeDesk:
        """Accepts changes."""
        return ChangeDesk(
            ledger=self.keeping.ledger_for_people,
            rights=self.rights,
            denials=self.denials,
            live=self.live,
            policy=RedirectPolicy(
                hosts=self._settings.redirect_hosts,
                dial_prefixes=self._settings.dial_prefixes,
                ask=self.rights.who_to_ask(Role.ADMIN),
            ),
            account_sid=self._settings.twilio_account_sid,
            owner=self._owner,
            on_given_up=self.worker.give_up,
            clock=self.keeping.lease_time,
            deadlines=self._deadlines,
        )

    @cached_property
    def sender(self) -> ChangeSender:
        """Asks Twilio for a change."""
        return ChangeSender(
            self.outside.gateway,
            self.live,
            clock=self.keeping.lease_time,
            deadlines=self._deadlines,
        )

    @cached_property
    def teller(self) -> OutcomeTeller:
        """Tells outcomes."""
        return OutcomeTeller(
            ledger=self.keeping.ledger,
            announcer=SlackAnnouncer(
                self.replies,
                self.audiences,
                self.live_list,
                self.home,
                clock=self._clock,
                place=self.place,
            ),
            live=self.live,
            tasks=self.tasks,
            clock=self.keeping.lease_time,
            deadlines=self._deadlines,
        )

    @cached_property
    def worker(self) -> ChangeWorker:
        """Performs changes."""
        return ChangeWorker(
            ledger=self.keeping.ledger,
            sender=self.sender,
            live=self.live,
            destinations=DestinationBook(self.finder, self.numbers),
            teller=self.teller,
            tasks=self.tasks,
            counter=self.metrics,
            clock=self.keeping.lease_time,
            deadlines=self._deadlines,
        )

    @cached_property
    def settler(self) -> Settler:
        """Settles what lost owners left."""
        return Settler(
            ledger=self.keeping.ledger,
            worker=self.worker,
            sender=self.sender,
            teller=self.teller,
            denials=self.denials,
            tasks=self.tasks,
            owner=self._owner,
            clock=self.keeping.lease_time,
            deadlines=self._deadlines,
        )

    @cached_property
    def replies(self) -> Replies:
        """Answers to people in Slack."""
        return Replies(self.outside.slack_client, self._session)

    @cached_property
    def audiences(self) -> Audiences:
        """For whom views are made."""
        return Audiences(self.numbers, ChannelBook(self.outside.slack_client), self.rights)

    @cached_property
    def seal(self) -> FilterSeal:
        """Seals the filters that buttons carry."""
        return FilterSeal(self._settings.slack_bot_token.get_secret_value())

    @cached_property
    def live_list(self) -> LiveList:
        """Draws the list of live calls."""
        return LiveList(
            self.live,
            self.outside.log,
            self.log_health,
            seal=self.seal,
            clock=self._clock,
            place=self.place,
        )

    @cached_property
    def home(self) -> HomeTab:
        """Draws and publishes the Home tab."""
        return HomeTab(
            self.live_list,
            self.rights,
            self.audiences,
            self.replies,
            help_for=help_for,
            clock=self._clock,
            place=self.place,
        )

    @cached_property
    def desk(self) -> Desk:
        """What the listeners work with."""
        return Desk(
            guard=self.guard,
            rights=self.rights,
            changes=self.changes,
            worker=self.worker,
            live=self.live,
            gateway=self.outside.gateway,
            finder=self.finder,
            numbers=self.numbers,
            freeze=FreezeSwitch(
                self.guard,
                ledger=self.keeping.ledger_for_people,
                log=self.outside.log,
                denials=self.denials,
                account_sid=self._settings.twilio_account_sid,
            ),
            log=self.outside.log,
            replies=self.replies,
            audiences=self.audiences,
            live_list=self.live_list,
            home=self.home,
            seal=self.seal,
            tasks=self.tasks,
            clock=self._clock,
            place=self.place,
        )


def _in_clear(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
