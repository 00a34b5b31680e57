"""The Home tab: what this person may do, whether all is frozen, and the live calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import slackblocks as kit

from bot.domain.changes import Freeze
from bot.domain.people import Role
from bot.slack.views import blocks
from bot.slack.views.action_ids import ActionId
from bot.slack.views.formatting import Audience, Place
from bot.slack.views.help import HelpRow, command_sections, intro_words
from bot.slack.views.message import MessageView, drawn, home, message
from bot.slack.views.notice import freeze_words
from bot.slack.views.values import PageValue

COMMANDS_TITLE = "*What you can type in any channel*"


def home_tab(
    *,
    role: Role,
    commands: Sequence[HelpRow],
    calls: MessageView | None,
    freeze: Freeze | None,
    ask: Sequence[str],
    audience: Audience,
    place: Place,
    banners: Sequence[str] = (),
) -> dict[str, Any]:
    """The tab as Slack takes it; `commands` and `calls` are chosen for this role by the caller.

    `banners` are marked-up texts on top: what came of clicks, or why there is nothing to see.
    """
    top: list[kit.Block | None] = [
        *(blocks.banner(each, f"banner-{number}") for number, each in enumerate(banners)),
        blocks.section("intro", [intro_words(role, ask)]),
    ]
    if freeze:
        words = freeze_words(freeze, audience=audience, place=place)
        top.append(blocks.section("freeze", words))
    bottom: list[kit.Block | None] = []
    if commands:
        bottom = [
            kit.DividerBlock(block_id="divider"),
            blocks.section("commands", [COMMANDS_TITLE]),
            *command_sections(commands, place=place),
        ]
    return home([*drawn(top), *(calls.blocks if calls else ()), *drawn(bottom)])


def calls_not_listed(words: str, page: PageValue) -> MessageView:
    """In place of the list: why it is missing, in marked-up text, and a way to try again."""
    refresh = blocks.button("Refresh", ActionId.REFRESH_LIST, page.encode())
    return message(
        words, [blocks.section("not-listed", [words]), blocks.actions("paging", [refresh])]
    )
