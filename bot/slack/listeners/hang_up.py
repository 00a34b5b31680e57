"""Hanging up: by button, by command for a whole SID, by a card to confirm for anything shorter."""

from __future__ import annotations

from bot.domain.audit import Action
from bot.domain.calls import Conversation
from bot.domain.card_version import CardVersion
from bot.domain.reasons import parse_reason
from bot.domain.sids import CallReference, FullSid, split_call_reference
from bot.slack.change_requests import hang_up_request, origin_of
from bot.slack.choosing import find_or_ask
from bot.slack.desk import Desk
from bot.slack.features import Ack, Feature, Verb
from bot.slack.payloads import Click, Command
from bot.slack.views.action_ids import ActionId
from bot.slack.views.choices import Intention
from bot.slack.views.confirm import hang_up_card
from bot.slack.views.typed_inputs import REASON_BLOCK
from bot.slack.views.values import parse_call_value


async def hang_up_clicked(ack: Ack, asked: Click, desk: Desk) -> None:
    """Hang up the call whose button was pressed."""
    button = parse_call_value(asked.value)
    origin = origin_of(asked.origin, button)
    reason = asked.inputs.get(REASON_BLOCK, "")
    request = hang_up_request(asked.asking, origin, button.call_sid, reason=reason)
    desk.perform(await desk.changes.accept(request))
    await ack()


async def hang_up(ack: Ack, asked: Command, desk: Desk) -> None:
    """Hang up the call with this SID; for anything shorter ask first."""
    reference, reason = split_call_reference(asked.rest)
    if isinstance(reference, FullSid):
        request = hang_up_request(asked.asking, asked.origin, reference.call_sid, reason=reason)
        desk.perform(await desk.changes.accept(request))
    else:
        await desk.guard.admit(asked.asking, Action.HANG_UP)
        desk.answer(asked, _ask(desk, asked, reference, parse_reason(reason)))
    await ack()


async def _ask(desk: Desk, asked: Command, reference: CallReference, reason: str) -> None:
    await desk.freeze.turn_away(asked.asking, Action.HANG_UP)
    call = await find_or_ask(desk, asked, reference, intended=Intention(reason=reason))
    if call is None:
        return
    actor = asked.asking.actor
    listing = await desk.live.listing()
    conversation = listing.conversation_of(call.sid) or Conversation(call)
    view = hang_up_card(
        call,
        conversation,
        version=str(CardVersion.of(call.sid, conversation, None)),
        at=desk.clock(),
        audience=await desk.audiences.alone(actor),
        reason=reason,
    )
    await desk.replies.to_asker(asked.origin, actor.user_id, view)


FEATURE = Feature(
    verbs=(
        Verb(
            name="hangup",
            usage="hangup CALL [reason]",
            example="hangup +14155550123 caller is abusive",
            description="Hang up a call: at once for a whole SID, after a question otherwise",
            needs=Action.HANG_UP,
            listener=hang_up,
            also=("hang", "hang-up", "end", "drop", "stop", "kill", "terminate", "disconnect"),
        ),
    ),
    buttons={ActionId.HANG_UP: hang_up_clicked},
)
