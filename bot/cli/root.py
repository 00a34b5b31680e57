"""The root of all commands. Each imports only what it needs, so that help comes at once."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot import __version__
from bot.cli.environment import environment, named_env_file

if TYPE_CHECKING:
    from bot.settings import SlackAppSettings
    from bot.settings.faults import SettingsError

_GROUPS = {
    "audit": ("bot.cli.audit", "Read the log and check it."),
    "db": ("bot.cli.db", "Bring the database's tables up to date."),
}


_DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)
_LOOK_CLOSER = "hookflash doctor looks closer, and says what to do."
_ASK_FOR_THEM = "hookflash init asks for what is not set; hookflash sandbox needs none of it."


class WrongSettings(click.UsageError):
    """The environment cannot be used; ends with the exit code of a wrong command line."""

    def __init__(self, error: SettingsError) -> None:
        lines = [str(error)]
        if len(error.faults) > 1:
            lines.insert(0, f"{len(error.faults)} settings cannot be used as they are.")
        if any(fault.is_missing for fault in error.faults):
            lines.append(_ASK_FOR_THEM)
        super().__init__("\n".join(lines))


def _write_no_more() -> None:
    """Let what stands in the buffer go nowhere; Python would try once more to write it."""
    with contextlib.suppress(OSError, ValueError):  # where standard output is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_what_is_closed() -> None:
    """Let a standard stream that our caller has closed lead nowhere.

    Python has none then, and the next file that is opened would take its number.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - as long as we live


class HookflashGroup(click.Group):
    """Loads a group of commands when it is called, and turns our errors into sentences."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (_module, short_help) in _GROUPS.items():
            self.add_command(click.Command(name, short_help=short_help))

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Ends the process, once the command has run."""
        _open_what_is_closed()
        return super().main(*args, **kwargs)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, loaded where only its name and help were known so far."""
        name, command, rest = super().resolve_command(ctx, args)
        if name in _GROUPS:
            module, _short_help = _GROUPS[name]
            command = getattr(importlib.import_module(module), name)
        return name, command, rest

    def invoke(self, ctx: click.Context) -> Any:
        """What the command returns.

        Raises:
            ClickException: with the sentences of an error of ours, and its exit code.
        """
        from bot.domain.errors import HookflashError, LogUnavailableError
        from bot.settings.faults import SettingsError

        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise WrongSettings(error) from error
        except LogUnavailableError as error:
            raise click.ClickException(f"{error}. {_LOOK_CLOSER}") from error
        except HookflashError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            if error.errno not in _DISK_IS_FULL:
                raise
            _write_no_more()
            raise click.ClickException(f"Nothing more can be written: {error.strerror}.") from error


@click.group(cls=HookflashGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="hookflash")
@click.option(
    "--env-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Take settings from here too [default: hookflash.env, if it is there].",
)
def main(*, env_file: Path | None) -> None:
    """Control live phone calls from Slack, with a record of who did what.

    Settings come from the environment, and below it from a file. To write that file: hookflash
    init. To try everything without any account: hookflash sandbox
    """


@main.command()
def serve() -> None:
    """Answer Slack until told to stop.

    SIGTERM, SIGINT and SIGHUP stop it, once it has finished what it accepted.
    """
    import asyncio
    import gc

    from bot.settings import load_settings

    # Nothing of what a start makes is garbage, and looking for it takes a fifth of the start. The
    # server begins to collect when it listens.
    gc.disable()

    settings = load_settings(environment())

    # Only now the large imports, so that a wrong setting is told at once.
    from bot import bootstrap
    from bot.logs import configure_logging

    configure_logging(
        level=settings.log_level, log_format=settings.log_format, secrets=settings.secrets
    )
    # Not on uvloop: it sends past Python's sockets, and with them past `bot.twilio.fenced_socket`.
    asyncio.run(bootstrap.serve(settings))


@main.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8321,
    show_default=True,
    help="Port of the page; 0 takes any free one.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep the log here; the default is a fresh folder that is removed at the end.",
)
@click.option("--no-browser", is_flag=True, help="Do not open the page in a browser.")
@click.option("--socket-mode", is_flag=True, help="Let the bot connect to Slack by Socket Mode.")
@click.option("--no-bot", is_flag=True, help="Start no bot, and say how to start your own.")
def sandbox(
    *, port: int, data: Path | None, no_browser: bool, socket_mode: bool, no_bot: bool
) -> None:
    """Try everything here; nothing real is called.

    On this machine stand-ins take the places of Slack and Twilio, and a page in the browser those
    of the people.
    """
    from bot.sandbox.run import Wishes, run_sandbox

    wishes = Wishes(
        port=port,
        data=data,
        open_browser=not no_browser,
        socket_mode=socket_mode,
        start_bot=not no_bot,
    )
    sys.exit(run_sandbox(wishes))


@main.command()
@click.option("--url", metavar="URL", help="Address of this server [default: HOOKFLASH_PUBLIC_URL]")
@click.option("--socket-mode", is_flag=True, help="For Socket Mode, which needs no address.")
def manifest(*, url: str | None, socket_mode: bool) -> None:
    """Print the manifest of the Slack app.

    It is pasted at https://api.slack.com/apps, for a new app or on the page App Manifest of one
    that is there. It follows the settings: with SLACK_APP_TOKEN it is for Socket Mode.
    """
    import json

    from bot.slack.manifest import EXAMPLE_URL, build_manifest

    if url and socket_mode:
        raise click.UsageError("In Socket Mode Slack needs no address: leave --url away.")
    environ = environment()
    is_for_socket = socket_mode or (not url and bool(environ.get("SLACK_APP_TOKEN", "").strip()))
    app = _read_slack_app(environ, url)
    if app.public_url is None and not is_for_socket:
        click.echo(
            f"No address is known, so {EXAMPLE_URL} stands in its place: give yours with --url, "
            "or --socket-mode, which needs none.",
            err=True,
        )
    made = build_manifest(command=app.command, url=app.public_url, socket_mode=is_for_socket)
    click.echo(json.dumps(made, indent=2))


def _read_slack_app(environ: Mapping[str, str], url: str | None) -> SlackAppSettings:
    """What the manifest needs, where *url* goes before the address of the settings.

    Raises:
        SettingsError: what is wrong with the address is said of the place that it came from.
    """
    from dataclasses import replace

    from bot.settings import read_slack_app
    from bot.settings.faults import SettingsError

    if not url:
        return read_slack_app(environ)
    variable = "HOOKFLASH_PUBLIC_URL"
    try:
        return read_slack_app({**environ, variable: url})
    except SettingsError as error:
        faults = [
            replace(fault, variable="--url") if fault.variable == variable else fault
            for fault in error.faults
        ]
        raise SettingsError(faults) from error


@main.command()
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object instead of lines.")
def doctor(*, is_json: bool) -> None:
    """Look at everything and say what to mend.

    Settings, tokens, scopes, people, what came from Slack, rights, database, disk, clock, proxies.
    Nothing is changed.
    The exit code is 1 where there is a fault, and 0 where there are warnings only.
    """
    import asyncio

    from bot.doctor import as_json, examine, is_well, show

    _log_nothing()
    findings = asyncio.run(examine(environment))
    if is_json:
        click.echo(as_json(findings))
    else:
        show(findings)
    sys.exit(0 if is_well(findings) else 1)


@main.command()
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the settings here [default: that of --env-file, or else hookflash.env].",
)
@click.option(
    "--non-interactive",
    is_flag=True,
    help="Ask nothing: take, try and write what the environment and the file hold.",
)
def init(*, file: Path | None, non_interactive: bool) -> None:
    """Ask for the settings and write their file.

    Each answer is tried with Slack and Twilio. Run it again to change what it wrote.
    """
    from bot.settings.env_file import DEFAULT_ENV_FILE
    from bot.wizard import run_wizard

    _log_nothing()
    chosen = file or named_env_file() or DEFAULT_ENV_FILE
    run_wizard(os.environ, chosen, is_interactive=not non_interactive)


def _log_nothing() -> None:
    """Keep the clients' log from the terminal: what it says is told by the findings."""
    from bot.logs import configure_logging

    configure_logging(level="CRITICAL", log_format="console")
