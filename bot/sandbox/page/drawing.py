"""Turns the parts of the page into HTML."""

from collections.abc import Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup

from bot.sandbox import company
from bot.sandbox.bot_process import Printed
from bot.sandbox.page import elements
from bot.sandbox.page.cards import NOTHING_KNOWN, DrawnCards
from bot.sandbox.page.commands import COMMANDS
from bot.sandbox.page.conversation import Visit
from bot.sandbox.page.markup import link
from bot.sandbox.page.misbehaviour import SLACK_MODES, TWILIO_MODES
from bot.sandbox.page.phones import Card, shown_number
from bot.sandbox.page.stage import Stage
from bot.sandbox.page.wire import exchanges
from bot.sandbox.traffic import DAYS, SCENES

SPEEDS = (0, 1, 10)
"""How fast the phone network can be made to live."""
PARTS = ("sidebar", "conversation", "modal", "controls", "phones", "machine", "wire")
HERE = Path(__file__).parent


class Drawing:
    """Draws the page, its parts and its side pages, from the templates beside this module."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._cards = DrawnCards()
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "chosen_in": elements.chosen_in,
            "element_name": elements.element_name,
            "field_id": elements.field_id,
            "number": shown_number,
        }
        self._templates.globals |= {
            "TYPED": elements.TYPED,
            "commands": COMMANDS,
            "company_name": company.NAME,
            "days": DAYS,
            "draw_card": self._card,
            "exchanges": lambda: exchanges(stage.slack, stage.twilio),
            "link": link,
            "people": company.PEOPLE,
            "scenes": SCENES,
            "slack_modes": SLACK_MODES,
            "speeds": SPEEDS,
            "stage": stage,
            "twilio_modes": TWILIO_MODES,
        }

    def page(self, visit: Visit) -> str:
        """The whole page."""
        parts = {part: self.part(part, visit) for part in PARTS if part != "wire"}
        return self._draw("page.html", visit, parts=parts)

    def part(self, name: str, visit: Visit, *, known: int = NOTHING_KNOWN) -> str:
        """One of the parts that change while one looks; cards up to `known` are left out."""
        return self._draw(f"{name}.html", visit, known=known)

    @property
    def latest_card(self) -> int:
        """What to pass as `known` by whoever has been given all the cards."""
        return self._cards.latest

    def printed(self, visit: Visit, answers: Sequence[Printed], *, title: str = "") -> str:
        """What the bot's own commands say: a page with this title, or without one a part."""
        template = "asked.html" if title else "printed.html"
        return self._draw(template, visit, answers=answers, title=title)

    def inspector(self, visit: Visit) -> str:
        """The page that shows what goes over the wire."""
        return self._draw("inspector.html", visit, wire=self.part("wire", visit))

    def _card(self, card: Card, visit: Visit, known: int) -> Markup:
        return self._cards.html(
            card, visit.user.tz, known, lambda: self._draw("card.html", visit, card=card)
        )

    def _draw(self, template: str, visit: Visit, **more: object) -> str:
        reader = self._stage.conversations.reader(visit.user)
        return self._templates.get_template(template).render(visit=visit, reader=reader, **more)
