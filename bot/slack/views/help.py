"""The help: what this person may run, with one example each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import slackblocks as kit

from bot.domain.people import Role
from bot.slack.views import blocks
from bot.slack.views.escaping import escape
from bot.slack.views.formatting import Place, ask_words
from bot.slack.views.limits import fit_lines
from bot.slack.views.message import MessageView, message

USAGE_LIMIT = 80
EXAMPLE_LIMIT = 120
DESCRIPTION_LIMIT = 120
COMMANDS_A_SECTION = 5
MOST_COMMANDS = 30
_FILTERS = (
    "Filters: `from:+44*` `to:*0123` `status:ringing` `direction:inbound` `longer:10m` "
    "`since:2h` `limit:50`"
)
_LOG_FILTERS = (
    "Filters of the log: `by:@ana` `in:#support` `call:CA…` `number:+44*` `from:+44*` `to:+1555*` "
    '`action:hang_up` `outcome:failed` `since:3h` `until:1h` `words:"card fraud"` `request:…` '
    "`limit:20`"
)
_ROLE_WORDS = {
    Role.NOBODY: (
        "You have no role, so you may see and change nothing: guests and people of other "
        "workspaces have none unless the settings name them."
    ),
    Role.VIEWER: "You are a viewer: you may look at calls.",
    Role.OPERATOR: "You are an operator: you may look at calls and change them.",
    Role.ADMIN: "You are an admin: you may do everything here.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpRow:
    """One command; `usage` and `example` are what follows the slash command."""

    usage: str
    example: str
    description: str
    reads_log: bool = False


def help_page(
    rows: Sequence[HelpRow], *, role: Role, ask: Sequence[str], place: Place
) -> MessageView:
    """The commands of the rows, which the caller has chosen for this role.

    `ask` are the user ids of those who can give somebody a role.
    """
    lines = _lines(rows, place)
    intro = intro_words(role, ask)
    filters = [_FILTERS, *([_LOG_FILTERS] if any(row.reads_log for row in rows) else [])]
    return message(
        fit_lines([intro, *lines, *(filters if lines else ())]),
        [
            blocks.section("intro", [intro]),
            *command_sections(rows, place=place),
            blocks.context("filters", filters) if lines else None,
        ],
    )


def intro_words(role: Role, ask: Sequence[str]) -> str:
    """Marked-up: what Hookflash is, what this person may do with it, and whom to ask for more."""
    words = f"*Hookflash* shows live phone calls and changes them. {_ROLE_WORDS[role]}"
    return f"{words} {ask_words(ask)}" if role is Role.NOBODY else words


def command_sections(rows: Sequence[HelpRow], *, place: Place) -> list[kit.Block]:
    """The commands with an example each, a few in a section."""
    lines = _lines(rows, place)
    return [
        blocks.section(f"commands-{start}", lines[start : start + COMMANDS_A_SECTION])
        for start in range(0, len(lines), COMMANDS_A_SECTION)
    ]


def _lines(rows: Sequence[HelpRow], place: Place) -> list[str]:
    return [_line(row, place.command) for row in rows[:MOST_COMMANDS]]


def _line(row: HelpRow, command: str) -> str:
    usage = escape(f"{command} {row.usage}".strip(), USAGE_LIMIT)
    example = escape(f"{command} {row.example}".strip(), EXAMPLE_LIMIT)
    return f"`{usage}` {escape(row.description, DESCRIPTION_LIMIT)}\nExample: `{example}`"
