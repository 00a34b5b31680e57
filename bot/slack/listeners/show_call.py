"""The details card of one call: posted to the channel, or opened for the person alone."""

from __future__ import annotations

import asyncio

from bot.domain.audit import Action
from bot.domain.errors import (
    CallNotFoundError,
    TwilioNotFoundError,
)
from bot.domain.sids import CallReference, parse_call_reference
from bot.slack.choosing import find_or_ask
from bot.slack.desk import Desk
from bot.slack.features import Ack, Feature, Verb
from bot.slack.payloads import Click, Command
from bot.slack.private_views import show_alone
from bot.slack.views.action_ids import ActionId
from bot.slack.views.call_card import call_card
from bot.slack.views.formatting import Audience
from bot.slack.views.message import MessageView
from bot.slack.views.values import parse_call_value


async def show(ack: Ack, asked: Command, desk: Desk) -> None:
    """Post the card of the call that the person named."""
    reference = parse_call_reference(asked.rest)
    await desk.guard.admit(asked.asking, Action.LIST)
    desk.answer(asked, _post_named(desk, asked, reference))
    await ack()


async def details_clicked(ack: Ack, asked: Click, desk: Desk) -> None:
    """Open the card to the person alone."""
    call_sid = parse_call_value(asked.value).call_sid
    await desk.guard.admit(asked.asking, Action.LIST)
    # Inside a modal the card takes its place, since Slack stacks three modals at the most.
    work = _refresh if asked.origin.view_id else _open
    desk.answer(asked, work(desk, asked, call_sid))
    await ack()


async def post_clicked(ack: Ack, asked: Click, desk: Desk) -> None:
    """Post the card of a call, which the person has before them, to the channel."""
    call_sid = parse_call_value(asked.value).call_sid
    await desk.guard.admit(asked.asking, Action.LIST)
    desk.answer(asked, _post(desk, asked, call_sid))
    await ack()


async def refresh_clicked(ack: Ack, asked: Click, desk: Desk) -> None:
    """Draw the card again, as the call is now."""
    call_sid = parse_call_value(asked.value).call_sid
    await desk.guard.admit(asked.asking, Action.LIST)
    desk.answer(asked, _refresh(desk, asked, call_sid))
    await ack()


async def _post_named(desk: Desk, asked: Command, reference: CallReference) -> None:
    call = await find_or_ask(desk, asked, reference)
    if call is not None:
        await _post(desk, asked, call.sid)


async def _open(desk: Desk, asked: Click, call_sid: str) -> None:
    async def draw() -> MessageView:
        audience = await desk.audiences.alone(asked.asking.actor)
        can_be_posted = bool(asked.origin.channel_id)
        return await _draw(desk, call_sid, audience, can_be_posted=can_be_posted)

    await show_alone(desk, asked, draw)


async def _post(desk: Desk, asked: Click | Command, call_sid: str) -> None:
    audience = await desk.audiences.in_channel(asked.origin.channel_id)
    view = await _draw(desk, call_sid, audience, can_be_posted=False)
    await desk.replies.to_channel(asked.origin, asked.asking.actor.user_id, view)


async def _refresh(desk: Desk, asked: Click, call_sid: str) -> None:
    actor, origin = asked.asking.actor, asked.origin
    audience = await desk.audiences.who_sees(
        actor, channel_id=origin.channel_id, is_ephemeral=origin.is_ephemeral
    )
    can_be_posted = origin.is_ephemeral and bool(origin.channel_id)
    view = await _draw(desk, call_sid, audience, can_be_posted=can_be_posted)
    await desk.replies.replace(origin, actor.user_id, view)


async def _draw(
    desk: Desk, call_sid: str, audience: Audience, *, can_be_posted: bool
) -> MessageView:
    """The card of the call as it is now.

    Raises:
        CallNotFoundError: there is no such call in this account and Region.
        TwilioError: Twilio did not tell.
    """
    try:
        details, last_changes = await asyncio.gather(
            desk.gateway.fetch_details(call_sid), desk.live_list.last_changes([call_sid])
        )
    except TwilioNotFoundError as fault:
        raise CallNotFoundError(call_sid, account_sid=desk.place.account_sid) from fault
    desk.live.learn(*details.conversation.legs)
    return call_card(
        details, last_changes=last_changes, audience=audience, can_be_posted=can_be_posted
    )


FEATURE = Feature(
    verbs=(
        Verb(
            name="show",
            usage="show CALL",
            example="show +14155550123",
            description="Post a call's card; CALL is a SID, the end of one, or a live number",
            needs=Action.LIST,
            listener=show,
            also=("details", "open", "info", "get", "view"),
        ),
    ),
    buttons={
        ActionId.DETAILS: details_clicked,
        ActionId.POST: post_clicked,
        ActionId.REFRESH_CARD: refresh_clicked,
    },
)
