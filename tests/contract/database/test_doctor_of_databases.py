"""What the doctor says of both kinds of database, and of the machine that one lies on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.database.audit_reader import SqlAuditReader
from bot.database.ledger import SqlLedger
from bot.doctor import Level
from bot.doctor.database_checks import check_database, judge_space
from bot.doctor.machine_checks import judge_drift
from tests.contract.database.drafts import append, draft, drop_triggers
from tests.fixtures_database import administration


async def test_a_database_that_is_up_to_date_is_well(database_url: str) -> None:
    found = {one.subject: one for one in await check_database(database_url)}

    assert {found[name].level for name in ("Database", "Tables", "Log")} == {Level.OK}
    assert found["Tables"].text.startswith("They are at revision")


async def test_an_empty_database_is_a_fault_unless_serve_fills_it(empty_database_url: str) -> None:
    found = await check_database(empty_database_url)

    if empty_database_url.startswith("sqlite"):
        assert {one.level for one in found} == {Level.OK}
    else:
        [finding] = [one for one in found if one.level is Level.FAULT]
        assert (finding.subject, finding.advice) == ("Tables", "Run: hookflash db upgrade")


async def test_tables_without_a_revision_are_a_fault(database_url: str) -> None:
    with administration(database_url) as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")

    [finding] = [one for one in await check_database(database_url) if one.level is Level.FAULT]

    assert finding.text.startswith("The tables are half there: no revision is noted")


async def test_dropped_triggers_are_a_fault(database_url: str) -> None:
    with administration(database_url) as connection:
        drop_triggers(connection, "audit_heads")

    [finding] = [one for one in await check_database(database_url) if one.level is Level.FAULT]

    assert "audit_heads_" in finding.text


@pytest.mark.parametrize("make_database", ["postgresql"], indirect=True)
async def test_a_database_that_keeps_its_tables_to_itself_is_given_up(database_url: str) -> None:
    with administration(database_url) as connection:
        connection.exec_driver_sql("BEGIN; LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        found = await check_database(database_url)
        connection.exec_driver_sql("ROLLBACK")

    [finding] = found
    assert (finding.level, finding.subject) == (Level.FAULT, "Database")
    assert "statement timeout" in finding.text


async def test_the_end_of_the_log_is_checked_without_the_rest(
    database_url: str, ledger: SqlLedger, reader: SqlAuditReader
) -> None:
    await append(ledger, *(draft() for _ in range(6)))
    assert (await reader.verify_end(entries=2)).fault is None
    assert (await reader.verify_end(entries=99)).end == (await reader.verify()).end
    with administration(database_url) as connection:
        drop_triggers(connection, "audit_entries")
        connection.exec_driver_sql("UPDATE audit_entries SET call_sid = 'CA1' WHERE seq = 2")

    assert (await reader.verify_end(entries=4)).fault is None
    for entries in (5, 6, 99):
        fault = (await reader.verify_end(entries=entries)).fault
        assert fault is not None
        assert fault.seq == 2


@pytest.mark.parametrize(
    ("free_bytes", "level"), [(10**10, Level.OK), (10**8, Level.WARNING), (10**7, Level.FAULT)]
)
def test_a_full_disk_is_told_before_it_stops_every_change(free_bytes: int, level: Level) -> None:
    assert judge_space(free_bytes).level is level


@pytest.mark.parametrize(
    ("drift_s", "level"), [(4, Level.OK), (60, Level.WARNING), (200, Level.FAULT)]
)
def test_a_clock_that_is_wrong_is_told_before_slack_is_refused(drift_s: int, level: Level) -> None:
    assert judge_drift(timedelta(seconds=drift_s), name="Slack").level is level
