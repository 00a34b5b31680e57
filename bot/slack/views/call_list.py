"""Lists of calls, ten conversations a page: those that are live, and those that have ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil
from typing import ClassVar

import slackblocks as kit

from bot.domain.calls import FINAL_STATUSES, Call, Conversation, Listing, group_legs
from bot.domain.card_version import CardVersion
from bot.domain.changes import Freeze, LastChanges
from bot.domain.filters import CallFilter
from bot.slack.views import blocks
from bot.slack.views.action_ids import ActionId
from bot.slack.views.confirm import hang_up_button
from bot.slack.views.escaping import escape
from bot.slack.views.formatting import (
    Audience,
    Place,
    counted,
    direction_words,
    duration,
    listed,
    short_sid,
    slack_moment,
    slack_time,
    status_words,
)
from bot.slack.views.message import MessageView, message
from bot.slack.views.notice import freeze_words
from bot.slack.views.values import CallValue, PageValue

CONVERSATIONS_A_PAGE = 10
LINE_LIMIT = 160
WORD_LIMIT = 40
PRICE_LIMIT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """What the two lists do not have in common."""

    noun: str
    verb: str
    refresh: ActionId
    next: ActionId
    previous: ActionId
    facts: Callable[[Conversation, datetime, Audience], list[str]]


class _Sheet:
    """One page of a list, being drawn; `state` is what leads back to it.

    The other buttons carry the state's sealed filters too.
    """

    _kind: ClassVar[_Kind]

    def __init__(
        self,
        listing: Listing,
        *,
        filters: CallFilter,
        state: PageValue,
        audience: Audience,
        place: Place,
    ) -> None:
        self._found = filters.pick(listing.calls, listing.looked_at)
        self._listing = listing
        self._filters = filters
        self._pages = max(1, ceil(len(self._found) / CONVERSATIONS_A_PAGE))
        self._page = min(state.page, self._pages)
        self._sealed_filters = state.sealed_filters
        self._audience = audience
        self._place = place
        self._command = f"{place.command}{self._kind.verb}"

    def _draw(
        self,
        headline: str,
        small_print: Sequence[str],
        *,
        banner: str = "",
        frozen: str = "",
        last_changes: LastChanges | None = None,
    ) -> MessageView:
        """The message; headline in plain text, the others marked up."""
        subtitle = self._subtitle()
        small_print = [*small_print, *self._warnings()]
        drawn: list[kit.Block | None] = [
            blocks.banner(banner),
            blocks.banner(frozen, "freeze"),
            blocks.header("headline", headline),
            blocks.context("subtitle", subtitle) if subtitle else None,
        ]
        lines = [line for line in (banner, frozen, headline, *subtitle) if line]
        for position, conversation in enumerate(self._shown()):
            facts = self._kind.facts(conversation, self._listing.looked_at, self._audience)
            lines.append(", ".join(facts))
            drawn += [
                blocks.section(f"call-{position}", [f"*{facts[0]}*", *facts[1:]]),
                blocks.actions(
                    f"call-{position}-actions", self._buttons(conversation, last_changes)
                ),
            ]
        drawn.append(blocks.actions("paging", self._paging()))
        drawn.append(blocks.context("small-print", small_print))
        return message("\n".join([*lines, *small_print]), drawn)

    def _shown(self) -> Sequence[Conversation]:
        start = (self._page - 1) * CONVERSATIONS_A_PAGE
        return self._found[start : start + CONVERSATIONS_A_PAGE]

    def _state(self, page: int) -> PageValue:
        return PageValue(page, self._sealed_filters)

    def _subtitle(self) -> list[str]:
        """Marked-up lines: the filter, and the page where there are several."""
        lines = []
        if self._audience.hide_numbers and self._filters.names_a_number:
            lines.append("Filtered by a number, which is not shown in this channel.")
        elif self._filters != CallFilter():
            lines.append(f"Filter: `{self._filters.describe()}`. Without it: `{self._command}`")
            lines += self._other_list()
        if self._pages > 1:
            lines.append(f"Page {self._page:,} of {self._pages:,}")
        return lines

    def _other_list(self) -> list[str]:
        """Where calls of the wanted status stand, if they never do on this list."""
        status = self._filters.status
        fitting = _FINISHED if status in FINAL_STATUSES else _LIVE
        if not status or fitting is self._kind:
            return []
        typed = f"{self._place.command}{fitting.verb} status:{status}"
        return [f"Calls with that status are {fitting.noun}s: `{typed}`"]

    def _buttons(
        self, conversation: Conversation, last_changes: LastChanges | None
    ) -> list[kit.Button]:
        call = conversation.root
        version = str(CardVersion.of(call.sid, conversation, last_changes))
        details = CallValue(call.sid, version).encode()
        audience, about = self._audience, self._audience.parties(call)
        buttons = [blocks.button("Details", ActionId.DETAILS, details, about=about)]
        if call.is_active and audience.can_act:
            value = CallValue(call.sid, version, self._state(self._page).encode())
            at = self._listing.looked_at
            buttons += [
                blocks.button("Redirect…", ActionId.REDIRECT, value.encode(), about=about),
                hang_up_button(call, conversation, value, at=at, audience=audience, about=about),
            ]
        return buttons

    def _paging(self) -> list[kit.Button]:
        turns = [
            ("Refresh", self._kind.refresh, self._page, True),
            ("Previous", self._kind.previous, self._page - 1, self._page > 1),
            ("Next", self._kind.next, self._page + 1, self._page < self._pages),
        ]
        return [
            blocks.button(label, action_id, self._state(page).encode())
            for label, action_id, page, is_there in turns
            if is_there
        ]

    def _warnings(self) -> list[str]:
        warnings = []
        if self._listing.is_cut_off:
            warnings.append("*Cut off*: Twilio has more calls than were listed.")
        if self._found and self._audience.hide_numbers:
            warnings.append(self._audience.readers)
        return warnings


def _live_headline(listing: Listing, found: Sequence[Conversation], filters: CallFilter) -> str:
    everything = group_legs(listing.calls)
    if len(found) < len(everything) and found:
        return f"{len(found):,} of {counted(len(everything), _LIVE.noun)}"
    ringing = sum(_is_ringing(conversation) for conversation in found)
    headline = _count_or_none(len(found), _LIVE.noun, filters)
    return f"{headline}, {ringing:,} ringing" if ringing else headline


def _finished_headline(count: int, filters: CallFilter) -> str:
    """Where the limit may have left some out, how many there are in all is not known."""
    if not count or count != filters.limit:
        return _count_or_none(count, _FINISHED.noun, filters)
    return f"The last {counted(count, _FINISHED.noun)}" if count > 1 else "The last finished call"


def _count_or_none(count: int, noun: str, filters: CallFilter) -> str:
    if count:
        return counted(count, noun)
    is_filtered = replace(filters, limit=None) != CallFilter()
    return f"No {noun} matches the filter." if is_filtered else f"No {noun}s."


def _is_ringing(conversation: Conversation) -> bool:
    return any(leg.status == "ringing" for leg in conversation.active_legs)


def _live_facts(conversation: Conversation, at: datetime, audience: Audience) -> list[str]:
    """Marked-up lines: who calls whom, who else is on the line, how it stands."""
    call = conversation.root
    others = [
        f"{audience.other_end(leg)} ({status_words(leg.status)})"
        for leg in conversation.others_than(call.sid)
    ]
    direction = escape(direction_words(call), WORD_LIMIT)
    since = f", since {slack_time(call.began_at)}" if call.began_at else ""
    return [
        escape(audience.parties(call), LINE_LIMIT),
        *([f"on the line with {escape(listed(others), LINE_LIMIT)}"] if others else []),
        f"{_standing(call, at)}{since} · {direction} · `{short_sid(call.sid)}`",
    ]


def _finished_facts(conversation: Conversation, at: datetime, audience: Audience) -> list[str]:
    """Marked-up lines: who called whom, how it ended and when, what it cost."""
    call = conversation.root
    facts = [_standing(call, at)]
    if call.ended_at:
        facts.append(f"ended {slack_moment(call.ended_at)}")
    elif call.began_at:
        facts.append(f"began {slack_moment(call.began_at)}")
    facts.append(escape(direction_words(call), WORD_LIMIT))
    if call.price:
        facts.append(escape(f"{call.price.lstrip('-')} {call.price_unit}", PRICE_LIMIT))
    facts.append(f"`{short_sid(call.sid)}`")
    return [escape(audience.parties(call), LINE_LIMIT), " · ".join(facts)]


def _standing(call: Call, at: datetime) -> str:
    return f"{escape(status_words(call.status), WORD_LIMIT)} · {duration(call.age_s(at))}"


def _age(moment: datetime, now: datetime) -> str:
    """A list may stand in a channel for days: how old it is now nobody can write there."""
    seconds = int((now - moment).total_seconds())
    return f", {duration(seconds)} before this was drawn" if seconds > 0 else ""


_LIVE = _Kind(
    noun="live call",
    verb="",
    refresh=ActionId.REFRESH_LIST,
    next=ActionId.NEXT,
    previous=ActionId.PREVIOUS,
    facts=_live_facts,
)
_FINISHED = _Kind(
    noun="finished call",
    verb=" recent",
    refresh=ActionId.REFRESH_RECENT,
    next=ActionId.NEXT_RECENT,
    previous=ActionId.PREVIOUS_RECENT,
    facts=_finished_facts,
)


class LiveSheet(_Sheet):
    """A page of the live calls that pass the filters."""

    _kind = _LIVE

    @property
    def call_sids(self) -> Sequence[str]:
        """The calls that the buttons of the page change."""
        return [conversation.root.sid for conversation in self._shown()]

    def draw(
        self,
        *,
        now: datetime,
        last_changes: LastChanges | None,
        banner: str = "",
        freeze: Freeze | None = None,
        is_log_down: bool = False,
    ) -> MessageView:
        """The message; `banner` is marked-up text on top: what came of a click on the list.

        `last_changes` has the newest change of each call that has any; it is None where that is not
        known.
        """
        looked_at = self._listing.looked_at
        small_print = [
            f"As of {slack_time(looked_at)}{_age(looked_at, now)}.",
            f"{self._place.words} Calls of Elastic SIP trunks show only after they end.",
        ]
        if is_log_down:
            small_print.append("*The log does not answer*: calls can be seen but not changed.")
        frozen = ""
        if freeze:
            frozen = freeze_words(freeze, audience=self._audience, place=self._place)[0]
        return self._draw(
            _live_headline(self._listing, self._found, self._filters),
            small_print,
            banner=banner,
            frozen=frozen,
            last_changes=last_changes,
        )


class FinishedSheet(_Sheet):
    """A page of the calls that have ended, newest first."""

    _kind = _FINISHED

    def draw(self) -> MessageView:
        """The message."""
        headline = _finished_headline(len(self._found), self._filters)
        looked_at = slack_time(self._listing.looked_at)
        return self._draw(headline, [f"As of {looked_at}. {self._place.words}"])
