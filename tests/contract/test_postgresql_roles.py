"""The rights that docs/postgresql.md gives the bot: enough to work, too few to change the log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from bot.application.ports import LedgerTransaction, Turn
from bot.application.retention import Redacted, Retention
from bot.database.audit_reader import SqlAuditReader
from bot.database.checkpoint_showings import SqlCheckpointShowings
from bot.database.checkpoints import SqlCheckpointStore
from bot.database.engine import open_database
from bot.database.ledger import SqlLedger
from bot.database.look_board import SqlLookBoard
from bot.database.migrate import check
from bot.domain.audit import EMPTY_HEAD, MAIN_CHAIN, Surface
from bot.domain.audit_log import AuditQuery
from bot.domain.calls import Listing
from bot.domain.looks import Learnt, Look
from bot.domain.people import MACHINE
from tests.contract.database.drafts import append, change, draft, outcome
from tests.evidence.making import Notary
from tests.fixtures_database import DatabaseMaker, administration, now, role_with

GUIDE = Path(__file__).parents[2] / "docs" / "postgresql.md"

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.parametrize("make_database", ["postgresql"], indirect=True),
]


@pytest.fixture
def bot_url(make_database: DatabaseMaker) -> Iterator[str]:
    """A migrated database, as the lesser role of the guide reaches it."""
    rights = re.findall(r"^GRANT (.*) TO hookflash_bot;$", GUIDE.read_text(), re.MULTILINE)
    with role_with(make_database(is_migrated=True), *rights) as url:
        yield url


async def test_the_lesser_role_deletes_personal_values_only_with_an_entry_that_says_so(
    bot_url: str,
) -> None:
    database = open_database(bot_url)
    ledger = SqlLedger(database.writer, chain_id=MAIN_CHAIN, clock=now)
    await append(ledger, draft(personal={"reason": "noise"}))
    with (
        administration(bot_url) as connection,
        pytest.raises(DBAPIError, match="only what the newest entry redacts is deleted"),
    ):
        connection.execute(text("DELETE FROM audit_personal"))

    done = await Retention(ledger).redact(older_than=now(), by=MACHINE, surface=Surface.MACHINE)

    assert done == Redacted(entries=1, values=1)
    await ledger.close()
    await database.close()


async def test_the_lesser_role_is_enough_for_a_change(bot_url: str) -> None:
    database = open_database(bot_url)
    ledger = SqlLedger(database.writer, chain_id=MAIN_CHAIN, clock=now)
    log = SqlAuditReader(database.reader, chain_id=MAIN_CHAIN)

    async def whole_change(tx: LedgerTransaction) -> bool:
        claimed = change()
        await tx.insert_change(claimed)
        await tx.append(draft(personal={"reason": "noise"}))
        soon = now() + timedelta(seconds=10)
        sent = await tx.mark_sent(claimed, deadline_at=soon, lease_until=soon, now=now())
        return sent is not None and await tx.close_change(sent, outcome())

    is_closed = await ledger.write(whole_change)
    page = await log.page(AuditQuery())
    await ledger.close()
    await database.close()

    assert is_closed
    assert [row.personal["reason"] for row in page.rows] == ["noise"]
    assert check(bot_url).is_up_to_date


async def test_the_lesser_role_is_enough_to_share_looks(bot_url: str) -> None:
    database = open_database(bot_url)
    assert database.board is not None
    board = SqlLookBoard(database.board, account_sid="AC1", clock=now)

    await board.read()
    assert await board.claim("this replica", lease_s=1.0)
    await board.tell(Learnt(ended=frozenset({"CA1"}), is_outdated=True))
    assert await board.show("this replica", Look(listing=Listing(calls=(), looked_at=now())))
    await database.close()


async def test_the_lesser_role_is_enough_for_checkpoints(bot_url: str) -> None:
    database = open_database(bot_url)
    store = SqlCheckpointStore(database, chain_id=MAIN_CHAIN)
    showings = SqlCheckpointShowings(database, chain_id=MAIN_CHAIN, holder="bot", clock=now)
    checkpoint = Notary().sign(EMPTY_HEAD)

    assert await store.add(checkpoint, after=None)
    assert await showings.take("channel", checkpoint) is Turn.OURS
    await showings.give_back("channel", checkpoint)
    await showings.note("channel", checkpoint)

    assert await showings.take("channel", checkpoint) is Turn.OVER
    await database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor_user_id = 'U0EVE'",
        "TRUNCATE audit_entries",
        "DROP TRIGGER audit_entries_insert_only ON audit_entries",
        "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
        "UPDATE alembic_version SET version_num = '0000'",
    ],
)
def test_the_lesser_role_cannot_change_the_log_or_its_protection(
    bot_url: str, statement: str
) -> None:
    with (
        administration(bot_url) as connection,
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
    ):
        connection.execute(text(statement))
