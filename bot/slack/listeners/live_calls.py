"""The list of live calls: for the person alone, or posted for the channel."""

from __future__ import annotations

import asyncio

from bot.domain.audit import Action
from bot.domain.changes import Origin
from bot.domain.filters import parse_call_filters
from bot.domain.people import Actor
from bot.slack.desk import Desk
from bot.slack.features import Ack, Feature, Verb
from bot.slack.list_state import ListState
from bot.slack.payloads import Click, Command
from bot.slack.views.action_ids import ActionId
from bot.slack.views.call_list import call_list
from bot.slack.views.message import MessageView


async def list_calls(ack: Ack, asked: Command, desk: Desk) -> None:
    """Show the live calls to the person alone."""
    wanted = ListState(filters=parse_call_filters(asked.words, now=desk.clock()))
    await desk.guard.admit(asked.asking, Action.LIST)
    desk.answer(_show(desk, asked, wanted), asked.origin, asked.asking.actor)
    await ack()


async def post_calls(ack: Ack, asked: Command, desk: Desk) -> None:
    """Show the live calls to the channel."""
    filters = parse_call_filters(asked.rest.split(), now=desk.clock())
    await desk.guard.admit(asked.asking, Action.LIST)
    wanted = ListState(filters=filters)
    desk.answer(_post(desk, asked, wanted), asked.origin, asked.asking.actor)
    await ack()


async def turn_page(ack: Ack, asked: Click, desk: Desk) -> None:
    """Draw the list again, as it is now: the same page or another."""
    wanted = ListState.parse(asked.value, now=desk.clock())
    await desk.guard.admit(asked.asking, Action.LIST)
    work = redraw_list(desk, asked.origin, asked.asking.actor, wanted)
    desk.answer(work, asked.origin, asked.asking.actor)
    await ack()


async def redraw_list(
    desk: Desk, origin: Origin, actor: Actor, wanted: ListState, *, banner: str = ""
) -> None:
    """Put the list as it is now where the list was."""
    seen_in = "" if origin.is_ephemeral else origin.channel_id
    view = await _draw(desk, actor, wanted, seen_in_channel=seen_in, banner=banner)
    await desk.replies.replace(origin, actor.user_id, view)


async def _show(desk: Desk, asked: Command, wanted: ListState) -> None:
    view = await _draw(desk, asked.asking.actor, wanted)
    await desk.replies.to_asker(asked.origin, asked.asking.actor.user_id, view)


async def _post(desk: Desk, asked: Command, wanted: ListState) -> None:
    channel_id = asked.origin.channel_id
    view = await _draw(desk, asked.asking.actor, wanted, seen_in_channel=channel_id)
    await desk.replies.to_channel(asked.origin, asked.asking.actor.user_id, view)


async def _draw(
    desk: Desk,
    actor: Actor,
    wanted: ListState,
    *,
    seen_in_channel: str = "",
    banner: str = "",
) -> MessageView:
    listing, audience, is_log_up = await asyncio.gather(
        desk.live.listing(),
        desk.audience(actor, seen_in_channel=seen_in_channel),
        desk.log.is_answering(),
    )
    return call_list(
        listing,
        filters=wanted.filters,
        page=wanted.page,
        now=desk.clock(),
        audience=audience,
        place=desk.place,
        banner=banner,
        is_log_down=not is_log_up,
    )


FEATURE = Feature(
    verbs=(
        Verb(
            name="",
            usage="[FILTERS]",
            example="from:+44* longer:10m",
            description="Live calls, to you alone",
            needs=Action.LIST,
            listener=list_calls,
        ),
        Verb(
            name="post",
            usage="post [FILTERS]",
            example="post status:ringing",
            description="The same, for the whole channel",
            needs=Action.LIST,
            listener=post_calls,
        ),
    ),
    buttons={
        ActionId.REFRESH_LIST: turn_page,
        ActionId.NEXT: turn_page,
        ActionId.PREVIOUS: turn_page,
    },
)
