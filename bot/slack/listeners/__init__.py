"""One module per feature: its command, its buttons and its modals together.

A new feature is one module here and one word in FEATURES.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.people import Role
from bot.slack.listeners import (
    audit,
    freeze,
    hang_up,
    help,  # noqa: A004 - the verb's own name
    home,
    live_calls,
    recent_calls,
    redirect,
    show_call,
)
from bot.slack.views.help import HelpRow

FEATURES = tuple(
    module.FEATURE
    for module in (live_calls, recent_calls, show_call, hang_up, redirect, freeze, audit, home)
)
FEATURES += (help.build_feature(FEATURES),)


def help_for(role: Role) -> Sequence[HelpRow]:
    """What this role may run, of all features."""
    verbs = [verb for feature in FEATURES for verb in feature.verbs]
    return help.help_rows(verbs, role)
