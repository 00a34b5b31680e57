"""One module per feature: its command, its buttons and its modals together.

A new feature is one module here and one word in FEATURES.
"""

from __future__ import annotations

from bot.slack.listeners import (
    audit,
    freeze,
    hang_up,
    help,  # noqa: A004 - the verb's own name
    live_calls,
    recent_calls,
    redirect,
    show_call,
)

FEATURES = tuple(
    module.FEATURE
    for module in (live_calls, recent_calls, show_call, hang_up, redirect, freeze, audit)
)
FEATURES += (help.build_feature(FEATURES),)
