"""The reading side: a row for each request, its filters and pages, and the freeze in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.database.audit_reader import SqlAuditReader
from bot.database.engine import Database
from bot.database.ledger import SqlLedger
from bot.domain.audit import MAIN_CHAIN, Action, EntryDraft, Event, Surface
from bot.domain.audit_log import AuditQuery, AuditRow
from bot.domain.calls import FINAL_STATUSES
from bot.domain.people import Actor
from tests.contract.database.drafts import (
    ACCOUNT,
    ANA,
    BEN,
    CALL,
    OTHER_CALL,
    append,
    draft,
    drop_triggers,
)
from tests.fixtures_database import administration


async def rows(reader: SqlAuditReader, **filters: object) -> Sequence[AuditRow]:
    page = await reader.page(AuditQuery(**{"limit": 50, **filters}))  # type: ignore[arg-type]
    return page.rows


async def requests(reader: SqlAuditReader, **filters: object) -> list[str]:
    return [row.entry.request_id for row in await rows(reader, **filters)]


def request(request_id: str, *events: Event, **given: object) -> list[EntryDraft]:
    return [draft(request_id=request_id, event=one, **given) for one in events]


async def test_a_request_is_one_row_that_tells_what_came_of_it(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    [asked] = await append(
        ledger, draft(request_id="r1", personal={"actor_name": "ana", "reason": "fraud"})
    )
    await append(ledger, draft(request_id="r2"))
    [done] = await append(
        ledger, draft(request_id="r1", event=Event.SUCCEEDED, personal={"from": "+1"})
    )

    first, second = await rows(reader)

    assert first.entry == done
    assert first.requested_at == asked.recorded_at
    assert first.personal == {"actor_name": "ana", "reason": "fraud", "from": "+1"}
    assert (second.entry.request_id, second.entry.event) == ("r2", "requested")


async def test_a_note_stands_beside_the_outcome_and_does_not_replace_it(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    await append(ledger, *request("r1", Event.REQUESTED, Event.SUCCEEDED))
    await append(
        ledger,
        draft(request_id="r1", event=Event.NOTED, details={"note": "ended_right_after"}),
    )

    [row] = await rows(reader)

    assert (row.entry.event, row.note) == ("succeeded", "ended_right_after")


async def test_pages_go_backwards_without_loss_or_repetition(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    for number in range(7):
        await append(ledger, *request(f"r{number}", Event.REQUESTED, Event.SUCCEEDED))

    seen, before = [], None
    while True:
        page = await reader.page(AuditQuery(limit=3, before_seq=before))
        seen += [row.entry.request_id for row in page.rows]
        before = page.next_before_seq
        if before is None:
            break

    assert seen == [f"r{number}" for number in reversed(range(7))]


async def test_an_empty_log_has_an_empty_page(reader: SqlAuditReader) -> None:
    page = await reader.page(AuditQuery())

    assert (page.rows, page.next_before_seq) == ((), None)


async def test_filters_find_by_person_call_action_and_outcome(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    await append(ledger, *request("hung up", Event.REQUESTED, Event.SUCCEEDED))
    await append(ledger, *request("failed", Event.REQUESTED, Event.FAILED, actor=BEN))
    await append(ledger, *request("other", Event.DENIED, call_sid=OTHER_CALL))
    await append(ledger, *request("sent on", Event.REQUESTED, action=Action.REDIRECT))

    assert await requests(reader, by_user_id=BEN.user_id) == ["failed"]
    assert await requests(reader, by_user_id="U0NOBODY") == []
    assert await requests(reader, call_sid=OTHER_CALL) == ["other"]
    assert await requests(reader, action=Action.REDIRECT) == ["sent on"]
    assert await requests(reader, outcome=Event.DENIED) == ["other"]
    assert await requests(reader, outcome=Event.REQUESTED) == ["sent on"]
    assert await requests(reader, call_sid=CALL, outcome=Event.FAILED) == ["failed"]
    assert await requests(reader, by_user_id=ANA.user_id, action=Action.HANG_UP) == [
        "other",
        "hung up",
    ]


async def test_filters_find_numbers_whole_and_by_their_beginning(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    """The number may stand with any entry of the request."""
    await append(
        ledger,
        draft(request_id="uk", personal={"from": "+442079460000", "to": "+14155550100"}),
        draft(request_id="us", personal={"from": "+14155550100", "to": "+442079460000"}),
        draft(request_id="sip", personal={"from": "sip:" + "x" * 40 + "@example.com"}),
        draft(request_id="uk", event=Event.SUCCEEDED),
        draft(request_id="reason", personal={"reason": "+442079460000"}),
    )

    assert await requests(reader, from_number="+442079460000") == ["uk"]
    assert await requests(reader, from_number="+44*") == ["uk"]
    assert await requests(reader, to_number="+44*") == ["us"]
    assert await requests(reader, from_number="+44") == []
    assert await requests(reader, from_number="+44*", to_number="+1*") == ["uk"]
    assert await requests(reader, from_number="+44*", to_number="+2*") == []
    assert await requests(reader, from_number="sip:" + "x" * 40 + "*") == ["sip"]
    assert await requests(reader, from_number="sip:" + "x" * 40 + "y*") == []
    assert await requests(reader, from_number="sip:" + "X" * 40 + "*") == []


async def test_since_goes_by_the_clock_and_not_by_the_place_in_the_chain(
    database: Database, reader: SqlAuditReader
) -> None:
    """The clocks of two processes may be apart."""
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    minutes = iter([0, 30, 20, 40])
    ledger = SqlLedger(
        database.writer,
        chain_id=MAIN_CHAIN,
        clock=lambda: noon + timedelta(minutes=next(minutes)),
    )
    for name in ("0", "30", "20", "40"):
        await append(ledger, draft(request_id=name))

    assert await requests(reader, since=noon + timedelta(minutes=25)) == ["40", "30"]
    assert await requests(reader, since=noon + timedelta(minutes=20)) == ["40", "20", "30"]
    assert await requests(reader, since=noon + timedelta(hours=1)) == []
    assert len(await requests(reader, since=noon - timedelta(days=900))) == 4


async def test_entries_come_in_order_from_where_one_left_off(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    for _ in range(12):
        await append(ledger, *(draft(personal={"to": "+1"}) for _ in range(50)))

    seen = [(entry.seq, len(values)) async for entry, values in reader.entries(after_seq=3)]

    assert seen == [(seq, 1) for seq in range(4, 601)]


async def test_entries_of_an_export_tell_what_their_request_told(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    await append(
        ledger,
        draft(request_id="r1", personal={"reason": "fraud"}),
        draft(request_id="r1", event=Event.FAILED),
    )

    told = [one async for one in reader.told_entries(AuditQuery(outcome=Event.FAILED))]

    assert [(one.entry.seq, len(one.personal), one.told) for one in told] == [
        (1, 1, {"reason": "fraud"}),
        (2, 0, {"reason": "fraud"}),
    ]


async def test_entries_are_found_by_number_request_and_call(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    await append(ledger, *request("r1", Event.REQUESTED, Event.FAILED))
    await append(ledger, *request("r2", Event.REQUESTED, call_sid=OTHER_CALL))

    async def found(reference: str) -> list[int]:
        return [entry.seq for entry, _personal in await reader.matching(reference)]

    assert await found("2") == [2]
    assert await found("r1") == [1, 2]
    assert await found(OTHER_CALL) == [3]
    assert await found("9" * 40) == []


async def test_the_freeze_in_force_is_what_the_log_says_last(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    freeze = draft(
        action=Action.FREEZE,
        event=Event.SUCCEEDED,
        surface=Surface.COMMAND,
        personal={"reason": "incident 7", "actor_name": "ana"},
    )
    assert await reader.current_freeze() is None
    await append(ledger, replace(freeze, event=Event.DENIED, request_id="denied"))
    assert await reader.current_freeze() is None

    [frozen] = await append(ledger, freeze)

    in_force = await reader.current_freeze()
    assert in_force is not None
    assert (in_force.by, in_force.by.name) == (ANA, "ana")
    assert (in_force.since, in_force.reason) == (frozen.recorded_at, "incident 7")
    assert await ledger.write(lambda tx: tx.current_freeze()) == in_force

    await append(ledger, draft(action=Action.UNFREEZE, event=Event.SUCCEEDED))

    assert await reader.current_freeze() is None


def ended(event: Event, action: Action = Action.HANG_UP, **details: str) -> EntryDraft:
    return draft(event=event, action=action, request_id="r1", details=details)


@pytest.mark.parametrize(
    ("drafts", "by"),
    [
        ([ended(Event.SUCCEEDED, status_after="completed")], ANA),
        ([ended(Event.FAILED, status_after="completed", reason="already_ended")], None),
        ([ended(Event.NOTED, Action.REDIRECT, status_after="completed")], None),
        (
            [
                ended(Event.SUCCEEDED, status_after="completed"),
                draft(event=Event.DENIED, details={"reason": "already_ended"}),
            ],
            ANA,
        ),
    ],
)
async def test_the_log_knows_of_a_calls_end_and_who_ended_it(
    ledger: SqlLedger, drafts: list[EntryDraft], by: Actor | None
) -> None:
    await append(ledger, draft(request_id="r1", personal={"actor_name": "ana"}))
    [entry, *_] = await append(ledger, *drafts)

    ending = await ledger.write(lambda tx: tx.ending_of(ACCOUNT, CALL))

    assert ending is not None
    assert (ending.status, ending.at, ending.by) == ("completed", entry.recorded_at, by)
    assert ending.by is None or ending.by.name == "ana"
    assert await ledger.write(lambda tx: tx.ending_of(ACCOUNT, OTHER_CALL)) is None
    assert await ledger.write(lambda tx: tx.ending_of("AC" + "9" * 32, CALL)) is None


@pytest.mark.parametrize(
    "entry",
    [
        ended(Event.SUCCEEDED, Action.REDIRECT, status_after="in-progress"),
        ended(Event.FAILED, reason="not_in_progress"),
        ended(Event.UNKNOWN, status_after="completed"),
        ended(Event.REQUESTED, status_before="completed"),
    ],
)
async def test_what_does_not_tell_of_an_end_is_none(ledger: SqlLedger, entry: EntryDraft) -> None:
    await append(ledger, entry)

    assert await ledger.write(lambda tx: tx.ending_of(ACCOUNT, CALL)) is None


@pytest.mark.parametrize("status", sorted(FINAL_STATUSES))
async def test_each_final_status_is_an_end(ledger: SqlLedger, status: str) -> None:
    await append(ledger, ended(Event.SUCCEEDED, status_after=status))

    ending = await ledger.write(lambda tx: tx.ending_of(ACCOUNT, CALL))

    assert ending is not None
    assert ending.status == status


async def test_the_newest_entry_of_each_surface_is_known_of_those_after_another(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    surfaces = (Surface.MODAL, Surface.COMMAND, Surface.BUTTON, Surface.COMMAND, Surface.MACHINE)
    entries = [(await append(ledger, draft(surface=one)))[0] for one in surfaces]

    assert await reader.last_of_surfaces(after_seq=0) == {
        Surface.MODAL: entries[0].recorded_at,
        Surface.BUTTON: entries[2].recorded_at,
        Surface.COMMAND: entries[3].recorded_at,
        Surface.MACHINE: entries[4].recorded_at,
    }
    assert set(await reader.last_of_surfaces(after_seq=1)) == {*surfaces} - {Surface.MODAL}
    assert set(await reader.last_of_surfaces(after_seq=4)) == {Surface.MACHINE}


async def test_of_a_log_without_entries_no_surface_is_known(reader: SqlAuditReader) -> None:
    assert await reader.last_of_surfaces(after_seq=0) == {}


async def test_a_surface_that_somebody_made_up_is_passed_over(
    database_url: str, ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    await append(ledger, *(draft(surface=one) for one in (Surface.COMMAND, Surface.BUTTON)))
    with administration(database_url) as connection:
        drop_triggers(connection, "audit_entries")
        connection.exec_driver_sql("UPDATE audit_entries SET surface = 'dream' WHERE seq = 2")

    assert set(await reader.last_of_surfaces(after_seq=0)) == {Surface.COMMAND}


async def test_an_export_that_is_made_within_a_request_tells_nothing_of_its_end(
    ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    """No line repeats what only an entry has that came after the export was asked for."""
    asked, _export, _answered = await append(
        ledger,
        draft(request_id="r1", personal={"reason": "fraud"}),
        draft(request_id="export"),
        draft(request_id="r1", event=Event.SUCCEEDED, personal={"from": "+14155550123"}),
    )

    told = [one async for one in reader.told_entries(AuditQuery(), before_seq=asked.seq + 1)]

    assert [(one.entry.seq, one.told) for one in told] == [(asked.seq, {"reason": "fraud"})]
