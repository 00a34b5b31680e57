"""Freeze and unfreeze: an admin stops all changes, everywhere, at once."""

from __future__ import annotations

from bot.domain.audit import Action
from bot.domain.changes import Freeze
from bot.domain.errors import InvalidInputError
from bot.domain.reasons import parse_reason
from bot.slack.desk import Desk
from bot.slack.features import Ack, Feature, Verb
from bot.slack.payloads import Command
from bot.slack.views.notice import (
    already_frozen,
    freeze_announcement,
    not_frozen,
    unfreeze_announcement,
)


async def freeze(ack: Ack, asked: Command, desk: Desk) -> None:
    """Stop all changes."""
    reason = required_reason(asked.rest)
    before = await desk.freeze.freeze(asked.asking, reason)
    now = Freeze(by=asked.asking.actor, since=desk.clock(), reason=reason)
    desk.answer(asked, _announce_freeze(desk, asked, before, now))
    await ack()


async def unfreeze(ack: Ack, asked: Command, desk: Desk) -> None:
    """Allow changes again."""
    before = await desk.freeze.unfreeze(asked.asking)
    desk.answer(asked, _announce_unfreeze(desk, asked, before))
    await ack()


def required_reason(text: str) -> str:
    """The reason, which everybody is told.

    Raises:
        InvalidInputError: there is none, or it is too long.
    """
    reason = parse_reason(text)
    if not reason:
        problem, example = "Say why: everybody is told.", "freeze toll fraud"
        raise InvalidInputError("freeze", problem, example, is_command=True)
    return reason


async def _announce_freeze(desk: Desk, asked: Command, before: Freeze | None, now: Freeze) -> None:
    actor = asked.asking.actor
    audience = await desk.audiences.in_channel(asked.origin.channel_id)
    if before is not None:
        view = already_frozen(before, audience=audience)
        await desk.replies.to_asker(asked.origin, actor.user_id, view)
        return
    view = freeze_announcement(now, audience=audience, place=desk.place)
    await desk.replies.to_channel(asked.origin, actor.user_id, view)


async def _announce_unfreeze(desk: Desk, asked: Command, before: Freeze | None) -> None:
    actor = asked.asking.actor
    if before is None:
        await desk.replies.to_asker(asked.origin, actor.user_id, not_frozen())
        return
    view = unfreeze_announcement(before, by=actor)
    await desk.replies.to_channel(asked.origin, actor.user_id, view)


FEATURE = Feature(
    verbs=(
        Verb(
            name="freeze",
            usage="freeze REASON",
            example="freeze toll fraud, see #fraud-watch",
            description="Stop all changes of calls, everywhere, at once",
            needs=Action.FREEZE,
            listener=freeze,
            also=("lock", "pause", "halt"),
        ),
        Verb(
            name="unfreeze",
            usage="unfreeze",
            example="unfreeze",
            description="Allow changes again",
            needs=Action.UNFREEZE,
            listener=unfreeze,
            also=("unlock", "resume", "thaw"),
        ),
    ),
)
