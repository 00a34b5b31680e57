"""Showing a person something that is for them alone, wherever they clicked."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from bot.domain.changes import OriginKind
from bot.slack.desk import Desk
from bot.slack.payloads import Click
from bot.slack.views.message import MessageView, in_modal
from bot.slack.views.notice import notice

LOOKING = "Looking…"


async def show_alone(
    desk: Desk, asked: Click, draw: Callable[[], Coroutine[Any, Any, MessageView]]
) -> None:
    """Show it in a message that only the person sees; from the Home tab, in a modal.

    A trigger lives for 3 s, so the modal opens at once and is filled when the view is drawn.
    """
    origin, actor = asked.origin, asked.asking.actor
    if origin.kind is not OriginKind.HOME:
        await desk.replies.to_asker(origin, actor.user_id, await draw())
        return
    waiting = in_modal(notice(LOOKING))
    view_id = await desk.replies.open_modal(origin, asked.trigger_id, waiting)
    opened = replace(origin, view_id=view_id)

    async def fill() -> None:
        await desk.replies.replace(opened, actor.user_id, await draw())

    desk.answer_at(opened, actor, fill())
