"""A few sentences without buttons: refusals, mistakes, announcements."""

from __future__ import annotations

from typing import Any

from bot.domain.changes import Freeze
from bot.domain.people import Actor
from bot.slack.views import blocks
from bot.slack.views.formatting import Audience, Place, mention, slack_moment
from bot.slack.views.message import MessageView, message, modal

REASON_LIMIT = 200


def notice(*paragraphs: str) -> MessageView:
    """Paragraphs of marked-up text; whatever of them is not ours must be escaped."""
    return message("\n".join(paragraphs), [blocks.section("notice", paragraphs)])


def notice_modal(title: str, *paragraphs: str) -> dict[str, Any]:
    """Paragraphs of marked-up text in place of a form, with nothing left to submit."""
    return modal(title, [blocks.section("notice", paragraphs)])


def reason_words(reason: str, audience: Audience) -> str:
    """Marked-up: the reason that a person gave, in brackets; empty where there was none."""
    return f" (reason: {audience.reason(reason, REASON_LIMIT)})" if reason else ""


def freeze_words(freeze: Freeze, *, audience: Audience, place: Place) -> tuple[str, str]:
    """Marked-up: by whom, since when and why all is frozen, and what that means."""
    return (
        (
            f"*All changes are frozen* by {mention(freeze.by)} since {slack_moment(freeze.since)}"
            f"{reason_words(freeze.reason, audience)}."
        ),
        (
            "Nobody can hang up or redirect calls until an admin runs "
            f"`{place.command} unfreeze`. Lists and the log still work."
        ),
    )


def freeze_announcement(freeze: Freeze, *, audience: Audience, place: Place) -> MessageView:
    """Told to the channel when an admin has stopped all changes."""
    return notice(*freeze_words(freeze, audience=audience, place=place))


def already_frozen(freeze: Freeze, *, audience: Audience) -> MessageView:
    """Told to the admin who freezes what is frozen."""
    return notice(
        f"All changes are frozen already, by {mention(freeze.by)} since "
        f"{slack_moment(freeze.since)}{reason_words(freeze.reason, audience)}. Nothing was changed."
    )


def unfreeze_announcement(freeze: Freeze, *, by: Actor) -> MessageView:
    """Told to the channel when an admin allows changes again."""
    return notice(
        f"*Calls can be changed again*: {mention(by)} has lifted the freeze by "
        f"{mention(freeze.by)} that held since {slack_moment(freeze.since)}."
    )


def not_frozen() -> MessageView:
    """Told to the admin who lifts a freeze that is not there."""
    return notice("Nothing is frozen: calls can be changed. Nothing was done.")
