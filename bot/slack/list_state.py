"""Which part of a list a person is looking at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.filters import CallFilter, parse_call_filters
from bot.slack.filter_seal import FilterSeal
from bot.slack.views.values import PageValue, parse_page_value


@dataclass(frozen=True, slots=True, kw_only=True)
class ListState:
    """The filters, and the page from 1."""

    filters: CallFilter
    page: int = 1

    @classmethod
    def parse(cls, value: str, seal: FilterSeal, *, now: datetime) -> ListState:
        """What a list's button carries.

        Raises:
            InvalidFilterError: its filters reach back further than filters may.
            OutdatedButtonError: no button of ours carries this.
        """
        state = parse_page_value(value)
        words = seal.open(state.sealed_filters).split()
        return cls(filters=parse_call_filters(words, now=now), page=state.page)

    def encode(self, seal: FilterSeal) -> PageValue:
        """What a button carries that leads back here."""
        return PageValue(self.page, seal.seal(self.filters.describe()))


FIRST_PAGE = ListState(filters=CallFilter())
