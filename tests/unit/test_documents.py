"""Holds the documents to the code: settings, commands, and links that lead somewhere."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import click
import pytest
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from bot.cli import main
from bot.settings import variables
from bot.slack.listeners import FEATURES
from tests.checkout import TOP
from tests.documents import DOCUMENTS, shell_lines

README = (TOP / "README.md").read_text()
APP: dict[str, Any] = json.loads((TOP / "app.json").read_text())


def shown_default(field: FieldInfo) -> str:
    """How the README writes the default of a setting."""
    if field.is_required():
        return "required"
    match field.get_default():
        case None:
            return "none"
        case frozenset() as several:
            return f"`{','.join(sorted(several))}`" if several else "none"
        case SecretStr() as secret:
            return f"`{secret.get_secret_value()}`"
        case float() as number:
            return f"`{number:g}`"
        case plain:
            return f"`{plain}`"


def test_the_readme_tells_each_setting_with_its_default() -> None:
    rows = set(re.findall(r"^\| `[A-Z_]+` \| .* \|$", README, re.MULTILINE))

    assert rows == {
        f"| `{name}` | {shown_default(field)} | {field.description} |"
        for name, field in variables().items()
    }


def test_heroku_is_told_each_setting() -> None:
    told = {name: (entry["description"], entry["required"]) for name, entry in APP["env"].items()}

    assert told == {
        name: (field.description, field.is_required()) for name, field in variables().items()
    }


def test_heroku_gets_what_the_procfile_needs() -> None:
    processes = dict(
        line.split(": ", 1) for line in (TOP / "Procfile").read_text().splitlines() if line
    )

    assert processes == {"release": "python -m bot db upgrade", "web": "python -m bot serve"}
    assert set(APP["formation"]) == {"web"}
    assert any(addon["plan"].startswith("heroku-postgresql:") for addon in APP["addons"])
    assert {"name", "description", "keywords", "stack", "buildpacks"} <= APP.keys()


def test_the_readme_tells_each_verb() -> None:
    for verb in (verb for feature in FEATURES for verb in feature.verbs):
        assert f"`/calls {verb.usage}`" in README


def test_the_readme_tells_each_command_of_the_terminal() -> None:
    context = click.Context(main)
    for name in main.list_commands(context):
        _name, command, _rest = main.resolve_command(context, [name])
        subcommands = command.commands if isinstance(command, click.Group) else {}
        assert f"`hookflash {name}" in README
        for subcommand in subcommands:
            assert re.search(rf"^\| .*`(hookflash {name} )?{subcommand}`", README, re.MULTILINE)


def words_for_hookflash(line: str) -> list[list[str]]:
    """What each call of hookflash in the line is given."""
    words = shlex.split(line)
    if "systemctl" in words:
        return []  # there it is the service
    starts = [n for n, word in enumerate(words) if re.fullmatch(r"(\S*bin/)?hookflash", word)]
    return [words[start + 1 :] for start in starts]


def led_to(words: Sequence[str]) -> tuple[click.Command, list[str]]:
    """The command, or the group of commands, that the words lead to, and those that are left."""
    command, rest = cast("click.Command", main), list(words)
    while isinstance(command, click.Group):
        # With its settings: a group remembers the help options that it is first asked for.
        context = click.Context(command, **command.context_settings)
        _options, rest, _order = command.make_parser(context).parse_args(rest)
        if not rest:
            break
        _name, found, rest = command.resolve_command(context, rest)
        command = cast("click.Command", found)
    return command, rest


def understood(words: Sequence[str]) -> bool:
    """Whether the command line is complete and has nothing unknown; nothing is run."""
    command, rest = led_to(words)
    command.make_context(command.name, rest, resilient_parsing=False)
    return True


def is_known(words: Sequence[str]) -> bool:
    """Whether there is such a command, with these options, though it may need more."""
    command, rest = led_to(words)
    command.make_parser(click.Context(command)).parse_args(rest)
    return True


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_that_are_named_exist(document: Path) -> None:
    for line in shell_lines(document):
        for words in words_for_hookflash(line):
            assert understood(words), line


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_that_stand_within_sentences_exist(document: Path) -> None:
    named = re.findall(r"`hookflash ([^`]+)`", document.read_text().replace("\n", " "))

    for words in map(shlex.split, named):
        assert is_known(words), words


def test_commands_of_the_documents_are_found_at_all() -> None:
    named = [
        " ".join(words)
        for document in DOCUMENTS
        for line in shell_lines(document)
        for words in words_for_hookflash(line)
    ]

    assert {"init", "doctor", "serve", "db upgrade", "audit verify"} <= set(named)
    for judge in (understood, is_known):
        with pytest.raises(click.UsageError):
            judge(["serve", "--no-such-option"])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_scripts_and_files_that_are_used_exist(document: Path) -> None:
    used = re.findall(r"\b((?:scripts|deploy)/[\w.-]+)", "\n".join(shell_lines(document)))

    assert [path for path in used if not (TOP / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", document.read_text())
    files = [target for target in targets if "://" not in target]

    assert [target for target in files if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_paths_that_are_named_exist(document: str) -> None:
    named = re.findall(
        r"`((?:bot|tests|migrations|scripts|docs)/[\w/.-]+)`", (TOP / document).read_text()
    )

    assert [path for path in named if not (TOP / path).exists()] == []
