"""Redirecting: by command with a target, or by a button that opens a modal at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.audit import Action
from bot.domain.calls import Conversation
from bot.domain.card_version import CardVersion
from bot.domain.reasons import parse_reason
from bot.domain.redirects import parse_target
from bot.domain.sids import CallReference, FullSid, split_call_reference
from bot.slack.change_requests import origin_of, redirect_request
from bot.slack.choosing import find_or_ask
from bot.slack.desk import Desk
from bot.slack.errors import stale_words
from bot.slack.features import Ack, Feature, Verb
from bot.slack.payloads import Click, Command, Submission
from bot.slack.redirect_form import RedirectForm
from bot.slack.views.action_ids import ActionId
from bot.slack.views.choices import Intention
from bot.slack.views.notice import notice
from bot.slack.views.redirect_modal import (
    CALLBACK_ID,
    inputs_of,
    submitted_target,
)
from bot.slack.views.typed_inputs import REASON_BLOCK, typed_target
from bot.slack.views.values import parse_call_value


async def redirect(ack: Ack, asked: Command, desk: Desk) -> None:
    """Redirect the call with this SID; for anything shorter ask by the modal, filled in."""
    reference, rest = split_call_reference(asked.rest)
    target, reason = parse_target(rest)
    if isinstance(reference, FullSid):
        request = redirect_request(
            asked.asking, asked.origin, reference.call_sid, target=target, reason=reason
        )
        desk.perform(await desk.changes.accept(request))
    else:
        filled = inputs_of(target, parse_reason(reason))
        await desk.changes.turn_away(asked.asking, target)
        intended = Intention(target=target, reason=reason)
        desk.answer(asked, _ask(desk, asked, reference, intended, filled))
    await ack()


async def redirect_clicked(ack: Ack, asked: Click, desk: Desk) -> None:
    """Open the modal for the call whose button was pressed, with what was typed before."""
    button = parse_call_value(asked.value)
    target, reason = typed_target(asked.inputs), asked.inputs.get(REASON_BLOCK, "")
    filled = inputs_of(target, reason) if target else {REASON_BLOCK: reason}
    await desk.guard.admit(asked.asking, Action.REDIRECT)
    form = RedirectForm(
        call_sid=button.call_sid,
        card_version=button.card_version,
        origin=origin_of(asked.origin, button),
    )
    desk.answer(asked, _open_clicked(desk, asked, form, filled))
    await ack()


async def redirect_submitted(ack: Ack, asked: Submission, desk: Desk) -> None:
    """Redirect the call as the modal says."""
    form = RedirectForm.parse(asked.metadata)
    request = redirect_request(
        asked.asking,
        form.origin,
        form.call_sid,
        target=submitted_target(asked.inputs),
        reason=asked.inputs.get(REASON_BLOCK, ""),
        card_version=form.card_version,
    )
    desk.perform(await desk.changes.accept(request))
    await ack()


async def _ask(
    desk: Desk,
    asked: Command,
    reference: CallReference,
    intended: Intention,
    filled: Mapping[str, str],
) -> None:
    await desk.freeze.turn_away(asked.asking, Action.REDIRECT)
    call = await find_or_ask(desk, asked, reference, intended=intended)
    if call is None:
        return
    listing = await desk.live.listing()
    conversation = listing.conversation_of(call.sid) or Conversation(call)
    last_changes = await desk.log.last_changes(desk.place.account_sid, [call.sid])
    version = CardVersion.of(call.sid, conversation, last_changes)
    form = RedirectForm(call_sid=call.sid, card_version=str(version), origin=asked.origin)
    await _open(desk, asked, form, filled)


async def _open_clicked(
    desk: Desk, asked: Click, form: RedirectForm, filled: Mapping[str, str]
) -> None:
    await desk.freeze.turn_away(asked.asking, Action.REDIRECT, form.call_sid)
    last_changes = await desk.log.last_changes(desk.place.account_sid, [form.call_sid])
    conversation = desk.live.conversation_of(form.call_sid)
    current = CardVersion.of(form.call_sid, conversation, last_changes)
    shown = CardVersion.parse(form.card_version)
    changes = stale_words(shown.differences(current), last_changes.get(form.call_sid))
    await _open(desk, asked, form.with_version(str(shown.renewed(current))), filled, changes)


async def _open(
    desk: Desk,
    asked: Click | Command,
    form: RedirectForm,
    filled: Mapping[str, str],
    changes: Sequence[str] = (),
) -> None:
    """Open the modal at once, from what is known: a trigger lives for 3 s."""
    audience = desk.audiences.at_once(asked.asking.actor)
    modal = form.draw(
        desk.live.known(), at=desk.clock(), audience=audience, changes=changes, filled=filled
    )
    if not await desk.replies.open_modal(asked.origin, asked.trigger_id, modal):
        again = "Press the button" if isinstance(asked, Click) else "Type the command"
        too_late = notice(f"Slack did not open the form in time. {again} again.")
        await desk.replies.to_asker(asked.origin, asked.asking.actor.user_id, too_late)


FEATURE = Feature(
    verbs=(
        Verb(
            name="redirect",
            usage="redirect CALL TARGET [reason]",
            example="redirect +14155550123 hold-music waiting for an expert",
            description="Send a call elsewhere: to a named target, an https URL, or TwiML",
            needs=Action.REDIRECT,
            listener=redirect,
            also=("transfer", "forward", "move", "send", "hold"),
        ),
    ),
    buttons={ActionId.REDIRECT: redirect_clicked},
    modals={CALLBACK_ID: redirect_submitted},
)
