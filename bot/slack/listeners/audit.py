"""The log: who changed which call and what came of it; the history of one call."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.audit import Action
from bot.domain.audit_filters import describe_audit_query, parse_audit_filters
from bot.domain.audit_log import AuditQuery
from bot.domain.filter_words import split_filters
from bot.slack.desk import Desk
from bot.slack.features import Ack, Feature, Verb
from bot.slack.payloads import Click, Command
from bot.slack.private_views import show_alone
from bot.slack.views.action_ids import ActionId
from bot.slack.views.audit_page import MOST_ROWS, audit_page, call_history
from bot.slack.views.message import MessageView
from bot.slack.views.values import parse_call_value, parse_log_page_value


async def read_log(ack: Ack, asked: Command, desk: Desk) -> None:
    """Show the newest requests that fit, to the person alone."""
    words = split_filters(asked.rest)
    query = parse_audit_filters(words, now=desk.clock(), me=asked.asking.actor.user_id)
    await desk.guard.admit(asked.asking, Action.READ_AUDIT)
    desk.answer(asked, _show(desk, asked, query))
    await ack()


async def turn_page(ack: Ack, asked: Click, desk: Desk) -> None:
    """Show older requests, or the newest again, in place of the page."""
    page = parse_log_page_value(asked.value)
    words = split_filters(desk.seal.open(page.sealed_filters))
    filters = parse_audit_filters(words, now=desk.clock())
    query = replace(filters, before_seq=page.before_seq)
    await desk.guard.admit(asked.asking, Action.READ_AUDIT)
    desk.answer(asked, _redraw(desk, asked, query))
    await ack()


async def history_clicked(ack: Ack, asked: Click, desk: Desk) -> None:
    """Show what was done to one call, to the person alone."""
    call_sid = parse_call_value(asked.value).call_sid
    await desk.guard.admit(asked.asking, Action.READ_AUDIT)
    desk.answer(asked, _show_history(desk, asked, call_sid))
    await ack()


async def _show(desk: Desk, asked: Command, query: AuditQuery) -> None:
    view = await _draw(desk, asked, query)
    await desk.replies.to_asker(asked.origin, asked.asking.actor.user_id, view)


async def _redraw(desk: Desk, asked: Click, query: AuditQuery) -> None:
    view = await _draw(desk, asked, query)
    await desk.replies.replace(asked.origin, asked.asking.actor.user_id, view)


async def _draw(desk: Desk, asked: Command | Click, query: AuditQuery) -> MessageView:
    page = await desk.log.page(replace(query, limit=min(query.limit, MOST_ROWS)))
    audience = await desk.audiences.alone(asked.asking.actor)
    return audit_page(
        page, query, sealed_filters=_sealed(desk, query), audience=audience, place=desk.place
    )


async def _show_history(desk: Desk, asked: Click, call_sid: str) -> None:
    async def draw() -> MessageView:
        query = AuditQuery(call_sid=call_sid)
        page = await desk.log.page(query)
        audience = await desk.audiences.alone(asked.asking.actor)
        sealed = _sealed(desk, query)
        return call_history(call_sid, page, sealed_filters=sealed, audience=audience)

    await show_alone(desk, asked, draw)


def _sealed(desk: Desk, query: AuditQuery) -> str:
    return desk.seal.seal(describe_audit_query(query))


FEATURE = Feature(
    verbs=(
        Verb(
            name="audit",
            usage="audit [FILTERS]",
            example="audit by:@ana action:hang_up since:2h",
            description="Who changed which call, and what came of it",
            needs=Action.READ_AUDIT,
            listener=read_log,
            also=("log", "logs", "history", "who"),
        ),
    ),
    buttons={
        ActionId.OLDER_ENTRIES: turn_page,
        ActionId.NEWEST_ENTRIES: turn_page,
        ActionId.HISTORY: history_clicked,
    },
)
