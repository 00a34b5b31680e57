"""Listings: their filters, and pages that stay together while calls come and go."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from email.utils import parsedate_to_datetime
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlencode

from bot.sandbox.twilio.answers import BAD_REQUEST, ApiError, invalid
from bot.sandbox.twilio.wire import whole_number

DEFAULT_PAGE_SIZE = 50
LARGEST_PAGE_SIZE = 1000
PAGING = frozenset({"Page", "PageSize", "PageToken"})
AFTER = "PA"
BEFORE = "PB"


class Listed(Protocol):
    """What can stand in a listing."""

    @property
    def sid(self) -> str:
        """Its name."""

    @property
    def order(self) -> tuple[datetime, int]:
        """Its place; the later come first."""


Query = Sequence[tuple[str, str]]
T = TypeVar("T", bound=Listed)
Keep = Callable[[T], bool]


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of the things listed, and the envelope that leads to the others."""

    items: Sequence[T]
    envelope: Mapping[str, Any]


def single(query: Query, name: str) -> str | None:
    """The value of a parameter that may stand once; None where it is missing or empty.

    Raises:
        ApiError: It stands more than once. Twilio does not say what it does with that.
    """
    values = [value for key, value in query if key == name]
    if len(values) > 1:
        raise invalid(f"{name} takes a single value")
    return values[0] if values and values[0] else None


def choice(query: Query, name: str, allowed: Iterable[str]) -> str | None:
    """The value of a parameter that knows only some values.

    Raises:
        ApiError: It has another value.
    """
    value = single(query, name)
    if value is not None and value not in allowed:
        raise invalid(f"{value!r} is not a valid choice for {name}")
    return value


def cut_page(things: Mapping[str, T], keep: Keep[T], query: Query, path: str) -> Page[T]:
    """The page of those to keep that the query asks for, newest first.

    A page token names the row at the edge of the page before. Rows never change places, so a row
    that came or went meanwhile neither repeats a neighbour nor hides one.

    Raises:
        ApiError: The page size is too large, or the page lacks its token.
    """
    size = _page_size(query)
    number = _whole_number(query, "Page", 0)
    token = single(query, "PageToken")
    if number > 0 and token is None:
        raise ApiError(BAD_REQUEST, 70002, "Paged requests must include a PageToken")
    kept = sorted((thing for thing in things.values() if keep(thing)), key=_order, reverse=True)
    begin = _begin(kept, things, token, size)
    items = kept[begin : begin + size]
    address = _Address(path, query, size)
    start = number * size if items else 0
    following = items and begin + size < len(kept)
    envelope = {
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + max(0, len(items) - 1),
        "uri": address.of(number, token),
        "first_page_uri": address.of(0, None),
        "next_page_uri": address.of(number + 1, AFTER + items[-1].sid) if following else None,
        "previous_page_uri": (
            address.of(max(0, number - 1), BEFORE + items[0].sid) if items and begin else None
        ),
    }
    return Page(items, envelope)


def date_filter(
    query: Query, name: str, at: Callable[[T], datetime | None], *, by_day: bool
) -> Keep[T]:
    """Which things the filters `name`, `name<` (before) and `name>` (on or after) let through.

    `by_day` drops the time of day from what is filtered by.

    Raises:
        ApiError: A value is no date.
    """
    on, before, since = (
        _parse_date(query, f"{name}{suffix}", by_day=by_day) for suffix in ("", "<", ">")
    )

    def keep(thing: T) -> bool:
        moment = at(thing)
        if moment is None:
            return on is None and before is None and since is None
        return (
            (on is None or moment.date() == on.date())
            and (before is None or moment < before)
            and (since is None or moment >= since)
        )

    return keep


@dataclass(frozen=True)
class _Address:
    """Where the pages of one listing are."""

    path: str
    query: Query
    size: int

    def of(self, number: int, token: str | None) -> str:
        filters = [(key, value) for key, value in self.query if key not in PAGING]
        paging: list[tuple[str, str]] = [("PageSize", str(self.size)), ("Page", str(number))]
        if token is not None:
            paging.append(("PageToken", token))
        return f"{self.path}?{urlencode(filters + paging)}"


def _order(thing: Listed) -> tuple[datetime, int]:
    return thing.order


def _begin(kept: Sequence[T], things: Mapping[str, T], token: str | None, size: int) -> int:
    """The index at which the page begins."""
    if token is None:
        return 0
    edge = things.get(token[len(AFTER) :])
    if edge is None or token[: len(AFTER)] not in {AFTER, BEFORE}:
        raise invalid("PageToken is not valid")
    place = edge.order
    if token.startswith(BEFORE):
        return max(0, sum(thing.order > place for thing in kept) - size)
    return sum(thing.order >= place for thing in kept)


def _page_size(query: Query) -> int:
    size = _whole_number(query, "PageSize", DEFAULT_PAGE_SIZE)
    if size > LARGEST_PAGE_SIZE:
        message = f"Page size too large: {size}, the maximum is {LARGEST_PAGE_SIZE}"
        raise ApiError(BAD_REQUEST, 20007, message)
    if size < 1:
        raise invalid("PageSize is less than 1")
    return size


def _whole_number(query: Query, name: str, otherwise: int) -> int:
    value = single(query, name)
    if value is None:
        return otherwise
    number = whole_number(value)
    if number is None:
        raise invalid(f"{name} is not a whole number: {value!r}")
    return number


def _parse_date(query: Query, name: str, *, by_day: bool) -> datetime | None:
    value = single(query, name)
    if value is None:
        return None
    moment = _moment(value)
    if moment is None:
        raise invalid(f"{name} is not a valid date: {value!r}")
    return datetime.combine(moment.date(), time.min, UTC) if by_day else moment


def _moment(value: str) -> datetime | None:
    """The time that the text tells, as aware UTC; None when it tells none."""
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(value)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            continue
    return None
