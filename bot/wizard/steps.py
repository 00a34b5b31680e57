"""The way through the wizard: groups of questions, each tried before the next, and the file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import click

from bot.doctor import Finding, is_well, show
from bot.settings import SettingsError, load_settings, read_slack_app, variables
from bot.settings.env_file import DEFAULT_ENV_FILE, read_env_file, try_to_write, write_env_file
from bot.slack.manifest import build_manifest
from bot.wizard.dialogue import ask_all, fault_of, say
from bot.wizard.questions import ADDRESS, PEOPLE, QUESTIONS, SLACK, TWILIO, Question
from bot.wizard.trials import nothing_to_try, try_people, try_slack, try_twilio

NEW_APP = "https://api.slack.com/apps?new_app=1"


@dataclass(frozen=True, slots=True)
class Step:
    """Questions that belong together, and how their answers are tried."""

    title: str
    questions: tuple[Question, ...]
    attempt: Callable[[Mapping[str, str]], Coroutine[None, None, list[Finding]]]


ADDRESS_STEP = Step("How Slack and Hookflash meet", ADDRESS, nothing_to_try)
TRIED_STEPS = (
    Step("The Slack app", SLACK, try_slack),
    Step("The Twilio account", TWILIO, try_twilio),
    Step("The people", PEOPLE, try_people),
)


class NotWrittenError(click.ClickException):
    """An answer did not hold; the file is as it was."""


def run_wizard(environ: Mapping[str, str], file: Path, *, is_interactive: bool) -> None:
    """Write the file; with questions, or from what *environ* and the file hold already.

    Raises:
        NotWrittenError: without questions, something that was tried did not hold.
        SettingsError: without questions, settings are missing or wrong; or the file is.
    """
    in_file = read_env_file(file) if file.exists() else {}
    _check_what_is_not_asked(in_file)
    try_to_write(file)
    known = in_file | {name: value for name, value in environ.items() if value.strip()}
    asked = [one.variable for one in QUESTIONS] if is_interactive else variables()
    answers = {variable: known.get(variable, "") for variable in asked}
    if is_interactive:
        _interview(known, answers)
    else:
        _try_all(known, answers)
    settings = load_settings(known | answers)
    # An answer taken back is written too, as an empty one.
    kept = {name: value for name, value in answers.items() if value or name in in_file}
    write_env_file(file, kept)
    _say_what_next(file, command=settings.command)


def _check_what_is_not_asked(in_file: Mapping[str, str]) -> None:
    """Refuse it before the questions rather than after them."""
    asked = {question.variable for question in QUESTIONS}
    faults = (fault_of(name, value) for name, value in in_file.items() if name not in asked)
    found = [fault for fault in faults if fault is not None]
    if found:
        raise SettingsError(found)


def _interview(known: dict[str, str], answers: dict[str, str]) -> None:
    _ask_step(ADDRESS_STEP, known, answers)
    if not answers["SLACK_BOT_TOKEN"]:
        _show_manifest(known | answers)
    for step in TRIED_STEPS:
        _ask_step(step, known, answers)


def _ask_step(step: Step, known: dict[str, str], answers: dict[str, str]) -> None:
    """Ask until the answers hold, or the person keeps them nonetheless."""
    say(f"\n{step.title}")
    while True:
        ask_all(step.questions, answers)
        findings = asyncio.run(step.attempt(known | answers))
        if findings:
            show(findings, to_stderr=True)
        if is_well(findings) or not click.confirm("Answer again?", default=True, err=True):
            return


def _try_all(known: dict[str, str], answers: dict[str, str]) -> None:
    load_settings(known)
    findings = [
        finding for step in TRIED_STEPS for finding in asyncio.run(step.attempt(known | answers))
    ]
    show(findings, to_stderr=True)
    if not is_well(findings):
        raise NotWrittenError("nothing was written, since not all of it holds.")


def _show_manifest(environ: Mapping[str, str]) -> None:
    app = read_slack_app(environ)
    say(
        f"\nMake the Slack app: open {NEW_APP}, choose From a manifest and your workspace, paste "
        "what stands below, create it, and install it in the workspace.\n"
    )
    manifest = build_manifest(
        command=app.command, url=app.public_url, socket_mode=app.public_url is None
    )
    click.echo(json.dumps(manifest, indent=2))
    say(f"\nOr open this address, where it is pasted already:\n{_page_with(manifest)}")


def _page_with(manifest: Mapping[str, Any]) -> str:
    """The page for a new app, filled in.

    Source: https://docs.slack.dev/app-manifests/configuring-apps-with-app-manifests
    """
    written = json.dumps(manifest, separators=(",", ":"))
    return f"{NEW_APP}&{urlencode({'manifest_json': written}, quote_via=quote)}"


def _say_what_next(file: Path, *, command: str) -> None:
    option = "" if file == DEFAULT_ENV_FILE else f"--env-file {file} "
    say(
        f"\n{file} is written; only you can read it. hookflash {option}doctor looks at everything."
        f"\nStart the bot: hookflash {option}serve"
        f"\nThen type {command} help in Slack; the doctor tells whether it came in."
    )
