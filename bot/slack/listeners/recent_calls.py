"""The list of calls that have ended."""

from __future__ import annotations

import asyncio

from bot.application.ports import FinishedCallsQuery
from bot.domain.audit import Action
from bot.domain.filter_words import split_filters
from bot.domain.filters import CallFilter, parse_call_filters
from bot.domain.people import Actor
from bot.domain.phone_numbers import is_e164
from bot.slack.desk import Desk
from bot.slack.features import Ack, Feature, Verb
from bot.slack.list_state import ListState
from bot.slack.payloads import Click, Command
from bot.slack.views.action_ids import ActionId
from bot.slack.views.call_list import FinishedSheet
from bot.slack.views.message import MessageView

ASKED_FOR = 100
ASKED_FOR_TO_FILTER = 1000


async def list_recent(ack: Ack, asked: Command, desk: Desk) -> None:
    """Show finished calls to the person alone."""
    filters = parse_call_filters(split_filters(asked.rest), now=desk.clock())
    await desk.guard.admit(asked.asking, Action.LIST)
    wanted = ListState(filters=filters)
    desk.answer(asked, _show(desk, asked, wanted))
    await ack()


async def turn_page(ack: Ack, asked: Click, desk: Desk) -> None:
    """Draw the list again, as it is now: the same page or another."""
    wanted = ListState.parse(asked.value, desk.seal, now=desk.clock())
    await desk.guard.admit(asked.asking, Action.LIST)
    desk.answer(asked, _redraw(desk, asked, wanted))
    await ack()


async def _show(desk: Desk, asked: Command, wanted: ListState) -> None:
    actor = asked.asking.actor
    await desk.replies.to_asker(asked.origin, actor.user_id, await _draw(desk, actor, wanted))


async def _redraw(desk: Desk, asked: Click, wanted: ListState) -> None:
    actor = asked.asking.actor
    await desk.replies.replace(asked.origin, actor.user_id, await _draw(desk, actor, wanted))


async def _draw(desk: Desk, actor: Actor, wanted: ListState) -> MessageView:
    listing, audience = await asyncio.gather(
        desk.gateway.list_finished(finished_calls_query(wanted.filters)),
        desk.audiences.alone(actor),
    )
    return FinishedSheet(
        listing.newest_ending_first(),
        filters=wanted.filters,
        state=wanted.encode(desk.seal),
        audience=audience,
        place=desk.place,
    ).draw()


def finished_calls_query(filters: CallFilter) -> FinishedCallsQuery:
    """What Twilio is asked for; it knows no wildcards, so finer filters need more calls.

    It lists legs, in the order in which they began: for the few conversations that ended last it
    is asked for more than these.
    """
    is_plain = filters == CallFilter(limit=filters.limit)
    asked_for = ASKED_FOR if is_plain else ASKED_FOR_TO_FILTER
    return FinishedCallsQuery(
        limit=max(filters.limit or 0, asked_for),
        from_number=filters.from_number if is_e164(filters.from_number) else "",
        to_number=filters.to_number if is_e164(filters.to_number) else "",
        status=filters.status,
        since=filters.since,
    )


FEATURE = Feature(
    verbs=(
        Verb(
            name="recent",
            usage="recent [FILTERS]",
            example="recent since:2h to:+1555*",
            description="Finished calls",
            needs=Action.LIST,
            listener=list_recent,
            also=("finished", "ended", "past", "last"),
        ),
    ),
    buttons={
        ActionId.REFRESH_RECENT: turn_page,
        ActionId.NEXT_RECENT: turn_page,
        ActionId.PREVIOUS_RECENT: turn_page,
    },
)
