"""Runs the sandbox: both stand-ins, the real bot as a process of its own, and the page."""

import asyncio
import contextlib
import errno
import os
import shlex
import signal
import socket
import tempfile
import threading
import webbrowser
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from bot.sandbox import company
from bot.sandbox.bot_process import BotProcess, BotState
from bot.sandbox.credentials import (
    Credentials,
    bot_environment,
    bot_settings,
    write_settings,
)
from bot.sandbox.folders import FolderTakenError, fresh_folder, kept_folder, remove_left_behind
from bot.sandbox.page.changes import Changes
from bot.sandbox.page.conversation import Conversations
from bot.sandbox.page.misbehaviour import Misbehaviour
from bot.sandbox.page.phones import Switchboard
from bot.sandbox.page.server import PageServer
from bot.sandbox.page.stage import Stage
from bot.sandbox.slack import SlackStandIn
from bot.sandbox.traffic import Traffic
from bot.sandbox.twilio import PacedClock, TwilioStandIn

HOST = "127.0.0.1"
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class SandboxError(Exception):
    """The sandbox cannot run here; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the person wants to be different.

    Args:
        port: of the page; 0 takes any free one.
        data: where the bot keeps its log; None is a fresh folder that is removed at the end.
        open_browser: whether to show the page at once.
        socket_mode: whether the bot connects to Slack, which is then not told its address.
        start_bot: whether to start the bot, or to leave that to the person.
    """

    port: int
    data: Path | None
    open_browser: bool
    socket_mode: bool
    start_bot: bool


def run_sandbox(wishes: Wishes) -> int:
    """The exit code, once the sandbox was told to stop (SIGINT, SIGTERM) or could not start."""
    try:
        with _data_folder(wishes.data) as folder:
            asyncio.run(_run(wishes, folder))
    except SandboxError as error:
        _say(f"Error: {error}", aside=True)
        return 1
    return 0


async def _run(wishes: Wishes, folder: Path) -> None:
    told_to_stop = asyncio.Event()
    for number in _STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, told_to_stop.set)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup: it outlives its terminal
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, told_to_stop.set)
    async with _stage(wishes, folder) as stage, _page(stage, wishes.port) as page:
        starting = asyncio.create_task(_start(stage, page, open_browser=wishes.open_browser))
        try:
            await told_to_stop.wait()
            _say("Stopping.")
        finally:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            stage.traffic.stop()
            await stage.bot.stop()


async def _start(stage: Stage, page: PageServer, *, open_browser: bool) -> None:
    stage.traffic.start()
    if stage.bot.left_to is None and not await stage.bot.start():
        _say("The bot did not start; what it printed stands above.", aside=True)
    _say(
        f"Hookflash sandbox: {page.url}\n"
        "Nothing real is called: no Slack, no Twilio. Stop it with Ctrl-C."
    )
    if stage.bot.left_to is not None:
        _say(f"The bot is yours to start: {stage.bot.left_to}")
    if open_browser:
        # Some browsers run in the terminal until they are closed; nobody waits for this thread.
        threading.Thread(target=_open_browser, args=(page.url,), daemon=True).start()


def _say(words: str, *, aside: bool = False) -> None:
    """Prints; a terminal that is gone must not keep the sandbox from ending in order."""
    with contextlib.suppress(OSError):
        click.echo(words, err=aside)


def _open_browser(url: str) -> None:
    is_open = False
    with contextlib.suppress(webbrowser.Error, OSError):
        is_open = webbrowser.open(url)
    if not is_open:
        _say("No browser could be opened here: go to the address above.", aside=True)


@contextlib.contextmanager
def _data_folder(data: Path | None) -> Iterator[Path]:
    """A folder that can be written to; a temporary one is removed afterwards."""
    with contextlib.ExitStack() as leaving:
        try:
            remove_left_behind()
            folder = leaving.enter_context(kept_folder(data) if data else fresh_folder())
            tempfile.TemporaryFile(dir=folder).close()
        except FolderTakenError as error:
            raise SandboxError(
                f"another sandbox is using {data}. Stop it, or choose another folder with --data."
            ) from error
        except OSError as error:
            place = "a temporary folder" if data is None else str(data)
            raise SandboxError(f"cannot write to {place}: {error.strerror}.") from error
        yield folder


@contextlib.asynccontextmanager
async def _stage(wishes: Wishes, folder: Path) -> AsyncIterator[Stage]:
    """Both stand-ins, listening and seeded, and the bot between them, not yet started."""
    try:
        credentials = Credentials.kept_in(folder)
    except OSError as error:
        raise SandboxError(f"cannot keep credentials in {folder}: {error.strerror}.") from error
    clock = PacedClock()
    bot_url = f"http://{HOST}:{_free_port()}"
    slack = SlackStandIn(
        bot_token=credentials.bot_token,
        app_token=credentials.app_token,
        signing_secret=credentials.signing_secret,
        request_url=None if wishes.socket_mode else f"{bot_url}/slack/events",
    )
    twilio = TwilioStandIn(
        account_sid=credentials.account_sid, auth_token=credentials.auth_token, clock=clock
    )
    company.seed_workspace(slack)
    company.seed_network(twilio.network)
    async with slack, twilio:
        settings = bot_settings(
            credentials,
            slack_api_url=slack.api_url,
            twilio_api_url=twilio.url,
            data=folder,
            bot_url=bot_url,
            socket_mode=wishes.socket_mode,
        )
        stage = set_stage(slack, twilio, clock, bot_environment(settings), bot_url)
        if not wishes.start_bot:
            file = write_settings(settings, folder)
            stage.bot.left_to = f"hookflash --env-file {shlex.quote(str(file))} serve"
        yield stage


def set_stage(
    slack: SlackStandIn,
    twilio: TwilioStandIn,
    clock: PacedClock,
    environment: Mapping[str, str],
    bot_url: str,
) -> Stage:
    """The stand-ins and the bot between them, with what the page needs to show them.

    `clock` is the one that the phone network lives on.
    """
    changes = Changes()

    def bot_changed() -> None:
        changes.tell(("machine",))
        if bot.state is BotState.DIED:
            _say(f"The bot is dead (exit code {bot.exit_code}).", aside=True)

    bot = BotProcess(
        environment,
        url=bot_url,
        show=lambda line: _say(f"bot | {line}", aside=True),
        changed=bot_changed,
    )
    return Stage(
        slack=slack,
        twilio=twilio,
        clock=clock,
        bot=bot,
        traffic=Traffic(twilio.network),
        conversations=Conversations(slack.workspace),
        switchboard=Switchboard(twilio.network, company.CONTACTS),
        misbehaviour=Misbehaviour(
            twilio.faults, slack.faults, changed=lambda: changes.tell(("machine",))
        ),
        changes=changes,
    )


@contextlib.asynccontextmanager
async def _page(stage: Stage, port: int) -> AsyncIterator[PageServer]:
    page = PageServer(stage, host=HOST, port=port)
    try:
        await page.start()
    except OSError as error:
        await page.stop()
        is_taken = error.errno == errno.EADDRINUSE
        # The event loop puts words of its own around those of the system.
        why = "in use" if is_taken else f"not to be had: {os.strerror(error.errno or 0)}"
        raise SandboxError(f"port {port} is {why}. Choose another one with --port.") from error
    try:
        yield page
    finally:
        await page.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
