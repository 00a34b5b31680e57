"""The board on PostgreSQL where replicas take turns to look at Twilio and show what they saw."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import uuid4

from sqlalchemy import Connection, Row, TextClause, text

from bot.application.ports import Clock
from bot.database.engine import ThreadedEngine
from bot.database.faults import as_log_unavailable
from bot.database.look_rows import pack_calls, pack_fault, unpack_calls, unpack_fault
from bot.database.notifications import Notifications
from bot.domain.calls import Listing
from bot.domain.looks import Learnt, Look, News

P = ParamSpec("P")
T = TypeVar("T")

CHANNEL = "hookflash_looks"

# Every age and lease is reckoned by the database's clock.
_READ = text("""
    SELECT look_id, took_s, listing_took_s, pause_s, is_cut_off, fault,
        CASE WHEN look_id <> :seen THEN calls END AS calls,
        CAST(extract(epoch FROM clock_timestamp() - ended_at) AS float) AS age_s,
        CASE WHEN outdated_at > began_at THEN
            CAST(extract(epoch FROM clock_timestamp() - outdated_at) AS float)
        END AS outdated_for_s
    FROM live_looks WHERE account_sid = :account_sid
""")
_READ_ENDINGS = text("""
    SELECT call_sid FROM live_endings
    WHERE account_sid = :account_sid AND seen_at > clock_timestamp() - interval '60 seconds'
""")
_MAKE = text("""
    INSERT INTO live_looks (account_sid, look_id) VALUES (:account_sid, '') ON CONFLICT DO NOTHING
""")
_CLAIM = text("""
    UPDATE live_looks SET holder = :holder, held_since = clock_timestamp(),
        held_until = clock_timestamp() + make_interval(secs => :lease_s)
    WHERE account_sid = :account_sid AND look_id = :seen
        AND (held_until IS NULL OR held_until < clock_timestamp())
""")
_IS_HELD = "account_sid = :account_sid AND holder = :holder AND held_until > clock_timestamp()"
_RENEW = text(f"""
    UPDATE live_looks SET held_until = clock_timestamp() + make_interval(secs => :lease_s)
    WHERE {_IS_HELD}
""")  # noqa: S608 - words of our own
_SHOW = text(f"""
    UPDATE live_looks SET look_id = :look_id, calls = :calls, fault = :fault,
        ended_at = clock_timestamp() - make_interval(secs => :age_s), began_at = held_since,
        took_s = :took_s, listing_took_s = :listing_took_s, pause_s = :pause_s,
        is_cut_off = :is_cut_off, holder = NULL, held_since = NULL, held_until = NULL
    WHERE {_IS_HELD}
""")  # noqa: S608 - words of our own
_GIVE_BACK = text(f"""
    UPDATE live_looks SET holder = NULL, held_since = NULL, held_until = NULL WHERE {_IS_HELD}
""")  # noqa: S608 - words of our own
_FORGET_ENDINGS = text("""
    DELETE FROM live_endings WHERE (account_sid, call_sid) IN (
        SELECT account_sid, call_sid FROM live_endings
        WHERE account_sid = :account_sid AND seen_at < clock_timestamp() - interval '120 seconds'
        FOR UPDATE SKIP LOCKED
    )
""")
_TELL_ENDINGS = text("""
    INSERT INTO live_endings (account_sid, call_sid, seen_at)
    SELECT :account_sid, call_sid, clock_timestamp() FROM unnest(CAST(:ended AS text[])) AS call_sid
    ON CONFLICT DO NOTHING
""")
_OUTDATE = text("""
    UPDATE live_looks SET outdated_at = clock_timestamp() WHERE account_sid = :account_sid
""")
_NOTIFY = text("SELECT pg_notify(:channel, :account_sid)")


class SqlLookBoard:
    """Fulfils `bot.application.ports.LookBoard` for the looks at one account's calls."""

    def __init__(self, engine: ThreadedEngine, *, account_sid: str, clock: Clock) -> None:
        self._engine = engine
        self._notifications = Notifications(engine.engine.url, channel=CHANNEL)
        self._account = {"account_sid": account_sid}
        self._clock = clock
        self._seen = ""

    async def listen(self) -> None:
        """Hear of what others show and tell, for ever."""
        await self._notifications.listen()

    def next_change(self) -> asyncio.Event:
        """Set when something is shown or told after this, if that is heard."""
        return self._notifications.next()

    async def read(self) -> News:
        """What is new since this process last read."""
        row, look, ended = await self._run(self._read, self._seen)
        # Only now, when nobody has given up waiting for it, the look counts as seen.
        self._seen = row.look_id if row else ""
        return News(look=look, ended=ended, outdated_for_s=row.outdated_for_s if row else None)

    async def claim(self, holder: str, *, lease_s: float) -> bool:
        """Take the turn; False where another has it, or has looked since this process last read."""
        claimed = {"holder": holder, "seen": self._seen, "lease_s": lease_s}
        return await self._run(self._update, _CLAIM, claimed)

    async def renew(self, holder: str, *, lease_s: float) -> bool:
        """Keep the turn; False where it was lost."""
        return await self._run(self._update, _RENEW, {"holder": holder, "lease_s": lease_s})

    async def show(self, holder: str, look: Look) -> bool:
        """Show a look to all and give the turn back; False where the turn was lost."""
        look_id = uuid4().hex
        is_shown = await self._run(self._show, holder, look_id, look)
        if is_shown:
            self._seen = look_id
        return is_shown

    async def give_back(self, holder: str) -> None:
        """Let another have the turn, with nothing to show."""
        await self._run(self._give_back, holder)

    async def tell(self, learnt: Learnt) -> None:
        """Let all know what was learnt of calls without a look."""
        await self._run(self._tell, learnt)

    async def _run(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        def in_transaction() -> T:
            with as_log_unavailable(), self._engine.engine.begin() as connection:
                return work(connection, *args, **kwargs)

        return await self._engine.run(in_transaction)

    def _read(
        self, connection: Connection, seen: str
    ) -> tuple[Row[Any] | None, Look | None, frozenset[str]]:
        ended = frozenset(connection.scalars(_READ_ENDINGS, self._account))
        row = connection.execute(_READ, self._account | {"seen": seen}).one_or_none()
        if row is None:
            connection.execute(_MAKE, self._account)
        if row is None or row.look_id in {"", seen}:
            return row, None, ended
        return row, self._look_of(row), ended

    def _look_of(self, row: Row[Any]) -> Look:
        if row.fault is not None:
            return Look(fault=unpack_fault(row.fault), age_s=row.age_s, pause_s=row.pause_s)
        listing = Listing(
            calls=unpack_calls(row.calls),
            # By this machine's clock, by which its age will be reckoned where it is shown.
            looked_at=self._clock() - timedelta(seconds=row.age_s + row.took_s),
            took_s=row.listing_took_s,
            is_cut_off=row.is_cut_off,
        )
        return Look(listing=listing, took_s=row.took_s, age_s=row.age_s)

    def _show(self, connection: Connection, holder: str, look_id: str, look: Look) -> bool:
        listing = look.listing
        shown = {
            "holder": holder,
            "look_id": look_id,
            "calls": pack_calls(listing.calls) if listing else None,
            "fault": pack_fault(look.fault) if look.fault else None,
            "age_s": look.age_s,
            "took_s": look.took_s,
            "listing_took_s": listing.took_s if listing else None,
            "pause_s": look.pause_s,
            "is_cut_off": listing.is_cut_off if listing else None,
        }
        is_shown = self._update(connection, _SHOW, shown)
        self._notify(connection)
        return is_shown

    def _give_back(self, connection: Connection, holder: str) -> None:
        self._update(connection, _GIVE_BACK, {"holder": holder})
        self._notify(connection)

    def _tell(self, connection: Connection, learnt: Learnt) -> None:
        if learnt.ended:
            connection.execute(_FORGET_ENDINGS, self._account)
            connection.execute(_TELL_ENDINGS, self._account | {"ended": sorted(learnt.ended)})
        if learnt.is_outdated:
            connection.execute(_OUTDATE, self._account)
        self._notify(connection)

    def _update(
        self, connection: Connection, statement: TextClause, values: dict[str, Any]
    ) -> bool:
        """Whether the one row of the account was as the statement wants it, and is updated."""
        return connection.execute(statement, self._account | values).rowcount == 1

    def _notify(self, connection: Connection) -> None:
        connection.execute(_NOTIFY, self._account | {"channel": CHANNEL})
