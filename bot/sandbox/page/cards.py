"""The cards of the phone network as HTML, drawn anew only where something on them has changed."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from bot.sandbox.page.phones import Card

MOST_KEPT = 2_000
NOTHING_KNOWN = 0


@dataclass(frozen=True, slots=True)
class _Drawn:
    shows: tuple[object, ...]
    serial: int
    html: Markup


class DrawnCards:
    """What the cards last looked like; a page that has a card already is only told its place."""

    def __init__(self) -> None:
        self._serials = itertools.count(1)
        self._drawn: dict[tuple[str, str], _Drawn] = {}
        self.latest = NOTHING_KNOWN
        """The serial of the card that was drawn last; who was given everything knows all to it."""

    def html(self, card: Card, tz: str, known: int, draw: Callable[[], str]) -> Markup:
        """The card for readers in this time zone; a mere placeholder when `known` covers it."""
        key, shows = (tz, card.key), _shows(card)
        drawn = self._drawn.get(key)
        if drawn is None or drawn.shows != shows:
            self._drawn.pop(key, None)
            drawn = _Drawn(shows, next(self._serials), Markup(draw()))  # noqa: S704 - drawn by our own template
            self._drawn[key] = drawn
            self.latest = drawn.serial
            if len(self._drawn) > MOST_KEPT:
                del self._drawn[next(iter(self._drawn))]
        if drawn.serial <= known:
            return Markup('<article data-key="{}" data-same></article>').format(card.key)
        return drawn.html


def _shows(card: Card) -> tuple[object, ...]:
    legs = (
        (leg.call.sid, leg.name, leg.call.status, leg.hears, leg.heard, leg.call.caller_name)
        for leg in card.legs
    )
    return (card.title, card.subtitle, card.since, *legs)
