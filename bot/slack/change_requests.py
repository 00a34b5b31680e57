"""What a person asked for, as the request to change a call."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.audit import Action
from bot.domain.changes import ChangeRequest, Origin, OriginKind
from bot.domain.reasons import parse_reason
from bot.domain.redirects import Target, serialise_target
from bot.domain.requests import Asking
from bot.slack.views.values import CallValue


def origin_of(origin: Origin, button: CallValue) -> Origin:
    """Where the button stands: on a list that can be drawn again, or on a card."""
    if not button.list_state:
        return origin
    kind = OriginKind.HOME if origin.kind is OriginKind.HOME else OriginKind.LIST
    return replace(origin, kind=kind, list_state=button.list_state)


def hang_up_request(
    asking: Asking, origin: Origin, call_sid: str, *, reason: str = ""
) -> ChangeRequest:
    """The wish to hang up.

    Raises:
        InvalidInputError: the reason is too long.
    """
    return _request(asking, origin, Action.HANG_UP, call_sid, reason)


def redirect_request(
    asking: Asking,
    origin: Origin,
    call_sid: str,
    *,
    target: Target,
    reason: str = "",
    card_version: str = "",
) -> ChangeRequest:
    """The wish to redirect.

    Raises:
        InvalidInputError: the reason is too long.
    """
    request = _request(asking, origin, Action.REDIRECT, call_sid, reason)
    return replace(request, target=serialise_target(target), card_version=card_version)


def _request(
    asking: Asking, origin: Origin, action: Action, call_sid: str, reason: str
) -> ChangeRequest:
    return ChangeRequest(
        request_id=asking.request_id,
        action=action,
        call_sid=call_sid,
        actor=asking.actor,
        surface=asking.surface,
        origin=origin,
        reason=parse_reason(reason),
        is_repeated=asking.is_repeated,
    )
