"""Asking one question after the other until each answer has the right form."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable

import click

from bot.settings import Fault, SettingsError, load_settings
from bot.wizard.questions import Question

NONE = "-"


def ask_all(questions: Iterable[Question], answers: dict[str, str]) -> None:
    """Put the answers into *answers*, whose values are offered as they are; none is shown."""
    for question in questions:
        if question.is_asked(answers):
            answers[question.variable] = _ask(question, answers.get(question.variable, ""))
        else:
            answers[question.variable] = ""


def say(text: str) -> None:
    """Talk; standard output is for the manifest.

    On a terminal lines end between words, and an address stays whole.
    """
    lines = text.split("\n")
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns
        lines = [
            textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
            for line in lines
        ]
    click.echo("\n".join(lines), err=True)


def fault_of(variable: str, value: str) -> Fault | None:
    """What is wrong with the form of this value, looked at alone."""
    try:
        load_settings({variable: value})
    except SettingsError as error:
        return next((one for one in error.faults if one.variable == variable), None)
    return None


def _ask(question: Question, before: str) -> str:
    say(f"\n{question.where}")
    while True:
        answer = _prompt(question, before).strip()
        if answer == NONE and question.is_optional:
            return ""
        problem = fault_of(question.variable, answer)
        if problem is None:
            return answer
        # Without the name before it, so that nobody types that too.
        example = f" Example: {problem.example}" if problem.example else ""
        say(f"{problem.variable} {problem.problem}.{example}")


def _prompt(question: Question, before: str) -> str:
    default = before or (NONE if question.is_optional else None)
    offered = "as before" if before and question.is_secret else before
    if question.is_optional:
        offered = f"{offered}; {NONE} for none" if before else "none"
    hint = f" [{offered}]" if offered else ""
    answer: str = click.prompt(
        f"{question.variable}{hint}",
        default=default,
        show_default=False,
        hide_input=question.is_secret,
        err=True,
    )
    return answer
