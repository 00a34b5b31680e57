"""Finding the call that a person named, or asking which one of several is meant."""

from __future__ import annotations

from bot.domain.calls import Call
from bot.domain.errors import AmbiguousCallError
from bot.domain.sids import CallReference
from bot.slack.desk import Desk
from bot.slack.payloads import Command
from bot.slack.views.choices import Intention, choices


async def find_or_ask(
    desk: Desk, asked: Command, reference: CallReference, *, intended: Intention | None = None
) -> Call | None:
    """The call; None where several fit and the person has been asked which.

    `intended` is what is to be done to it; None where it is only to be seen.

    Raises:
        CallNotFoundError: none fits.
        TwilioError: Twilio did not tell.
    """
    actor = asked.asking.actor
    try:
        return await desk.finder.find(reference)
    except AmbiguousCallError as several:
        view = choices(
            several.reference,
            several.candidates,
            intended=intended,
            at=desk.clock(),
            audience=await desk.audiences.alone(actor),
        )
        await desk.replies.to_asker(asked.origin, actor.user_id, view)
        return None
