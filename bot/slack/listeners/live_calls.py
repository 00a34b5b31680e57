"""The list of live calls: for the person alone, or posted for the channel."""

from __future__ import annotations

from bot.domain.audit import Action
from bot.domain.changes import OriginKind
from bot.domain.filter_words import split_filters
from bot.domain.filters import parse_call_filters
from bot.slack.desk import Desk
from bot.slack.features import Ack, Feature, Verb
from bot.slack.list_state import ListState
from bot.slack.payloads import Click, Command
from bot.slack.views.action_ids import ActionId


async def list_calls(ack: Ack, asked: Command, desk: Desk) -> None:
    """Show the live calls to the person alone."""
    wanted = ListState(filters=parse_call_filters(split_filters(asked.typed), now=desk.clock()))
    await desk.guard.admit(asked.asking, Action.LIST)
    desk.answer(asked, _show(desk, asked, wanted))
    await ack()


async def post_calls(ack: Ack, asked: Command, desk: Desk) -> None:
    """Show the live calls to the channel."""
    filters = parse_call_filters(split_filters(asked.rest), now=desk.clock())
    await desk.guard.admit(asked.asking, Action.LIST)
    wanted = ListState(filters=filters)
    desk.answer(asked, _post(desk, asked, wanted))
    await ack()


async def turn_page(ack: Ack, asked: Click, desk: Desk) -> None:
    """Draw the list again, as it is now: the same page or another."""
    wanted = desk.live_list.parse(asked.value)
    await desk.guard.admit(asked.asking, Action.LIST)
    desk.answer(asked, _redraw(desk, asked, wanted))
    await ack()


async def _show(desk: Desk, asked: Command, wanted: ListState) -> None:
    actor = asked.asking.actor
    view = await desk.live_list.draw(wanted, await desk.audiences.alone(actor))
    await desk.replies.to_asker(asked.origin, actor.user_id, view)


async def _post(desk: Desk, asked: Command, wanted: ListState) -> None:
    audience = await desk.audiences.in_channel(asked.origin.channel_id)
    view = await desk.live_list.draw(wanted, audience)
    await desk.replies.to_channel(asked.origin, asked.asking.actor.user_id, view)


async def _redraw(desk: Desk, asked: Click, wanted: ListState) -> None:
    actor, origin = asked.asking.actor, asked.origin
    if origin.kind is OriginKind.HOME:
        await desk.home.show(actor, wanted)
        return
    audience = await desk.audiences.who_sees(
        actor, channel_id=origin.channel_id, is_ephemeral=origin.is_ephemeral
    )
    view = await desk.live_list.draw(wanted, audience)
    await desk.replies.replace(origin, actor.user_id, view)


FEATURE = Feature(
    verbs=(
        Verb(
            name="",
            usage="[FILTERS]",
            example="from:+44* longer:10m",
            description="Live calls, to you alone",
            needs=Action.LIST,
            listener=list_calls,
            also=("list", "live", "ls", "calls", "active"),
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
