"""A database that does not answer: nothing is changed without a record, and that is said."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import event

from bot.application import accept_change
from bot.database.engine import migration_engine, open_database
from bot.sandbox.twilio import Call
from bot.slack.views.redirect_modal import TARGET_BLOCK
from tests.scenario.company import (
    ADA,
    ANA,
    BEN,
    SUPPORT_LINE,
    VERA,
    Company,
    company,
)
from tests.scenario.reading import shown
from tests.scenario.standing_still import MAY_STOP_SERVER, postgres_hanging
from tests.scenario.trouble import (
    HASTY,
    NOT_DONE,
    ON_POSTGRES,
    ON_SQLITE,
    drop_connections,
    has_event,
    log_taken,
    outcomes,
    postgres_gone,
    readiness,
    told,
    until,
    was_told,
)

UPDATE = "POST /"
# Longer than any test waits: what is held up is let go when its moment has come.
HELD_UP_S = 60.0


@pytest.fixture
async def here(database_url: str) -> AsyncIterator[Company]:
    """The company at work, in a hurry."""
    async with company(database_url, deadlines=HASTY) as at_work:
        yield at_work


@pytest.fixture
def call(here: Company) -> Call:
    """The one live call."""
    return here.twilio.network.call_in_progress(to=SUPPORT_LINE)


async def log_holds(here: Company) -> bool:
    """Whether nobody has tampered with the log, as its own check sees it."""
    return (await here.bot.outside.log.verify()).fault is None


@ON_POSTGRES
async def test_no_form_opens_while_the_log_is_down(
    here: Company, call: Call, database_url: str
) -> None:
    """What is asked for in it could not be recorded, so it would not be done."""
    await here.say(ANA, f"/calls show {call.sid}")
    card = here.last(ANA).as_seen()

    with postgres_gone(database_url):
        await here.click(ANA, "Redirect…", on=card)
        await until(lambda: was_told(here, ANA, NOT_DONE))

    assert not here.slack.workspace.views.get(ANA)
    assert here.changes_sent() == []


async def test_what_was_done_is_not_told_as_not_done_when_slack_brings_it_again(
    here: Company, call: Call, database_url: str
) -> None:
    """The log does not answer then, but this process knows that it has the request."""
    delivery = await here.say(ANA, f"/calls hangup {call.sid}")

    async with log_taken(database_url):
        again = await here.slack.redeliver(delivery)
    await here.at_rest()

    assert (again.is_ok, again.body) == (True, "")
    assert not was_told(here, ANA, NOT_DONE)
    assert not call.is_live


async def test_only_so_many_requests_are_remembered(
    here: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that serves for months must not grow."""
    monkeypatch.setattr(accept_change, "MOST_REMEMBERED", 2)

    for _ in range(3):
        call = here.twilio.network.call_in_progress(to=SUPPORT_LINE)
        await here.say(ANA, f"/calls hangup {call.sid}")

    assert len(here.bot.changes._accepted) == 2


@pytest.mark.parametrize(
    ("verb", "unknown"),
    [
        ("hangup {}", "whether the call will be hung up"),
        ("redirect {} hold-music", "whether the call will be redirected"),
    ],
)
async def test_what_another_process_may_have_done_is_not_told_as_not_done(
    here: Company, call: Call, database_url: str, verb: str, unknown: str
) -> None:
    """Slack brings it again, and this process does not know the first delivery."""
    delivery = await here.say(ANA, f"/calls {verb.format(call.sid)}")
    here.bot.changes._accepted.clear()

    async with log_taken(database_url):
        again = await here.slack.redeliver(delivery)

    assert f"*not known here* {unknown}" in again.body
    assert len(here.changes_sent()) == 1


async def test_a_form_that_another_process_may_have_taken_has_no_other_heading(
    here: Company, call: Call, database_url: str
) -> None:
    await here.say(ANA, "/calls")
    await here.click(ANA, "Redirect…", call=call)
    delivery = await here.submit(ANA, {TARGET_BLOCK: "hold-music"})
    here.bot.changes._accepted.clear()

    async with log_taken(database_url):
        again = await here.slack.redeliver(delivery)

    assert "*not known here* whether the call will be redirected" in again.body
    assert "Not redirected" not in again.body


async def test_a_freeze_that_another_process_may_have_begun_is_not_told_as_not_done(
    here: Company, database_url: str
) -> None:
    delivery = await here.say(ADA, "/calls freeze toll fraud")

    async with log_taken(database_url):
        again = await here.slack.redeliver(delivery)

    assert "*not known here* whether all changes are frozen" in again.body


async def test_a_change_that_cannot_be_recorded_is_not_sent(
    here: Company, call: Call, database_url: str
) -> None:
    """The person hears in time that it was not done, and nothing of it is left behind."""
    async with log_taken(database_url):
        delivery = await here.say(ANA, f"/calls hangup {call.sid}")
    changes = here.changes_sent()

    await here.say(BEN, f"/calls hangup {call.sid}")

    assert delivery.is_ok
    assert NOT_DONE in delivery.body
    assert changes == []
    assert [(who, event) for who, event in await here.events()] == [
        (BEN, "hang_up requested"),
        (BEN, "hang_up succeeded"),
    ]
    assert await log_holds(here)


@ON_SQLITE
async def test_a_click_that_cannot_be_recorded_is_answered_where_the_person_looks(
    here: Company, call: Call, database_url: str
) -> None:
    await here.say(ANA, "/calls")

    async with log_taken(database_url):
        delivery = await here.click(ANA, "Hang up", call=call)

    assert delivery.is_ok
    assert NOT_DONE in shown(here.last(ANA))
    assert call.is_live


async def test_while_the_log_is_down_lists_work_and_say_so_and_the_bot_is_not_ready(
    here: Company, call: Call, database_url: str
) -> None:
    await here.say(VERA, "/calls")
    ready_before = await readiness(here)

    async with log_taken(database_url):
        await here.say(VERA, "/calls")
        ready_meanwhile = await readiness(here)
    listed = here.last(VERA)

    assert call.sid in str(listed.blocks)
    assert "the log does not answer" in shown(listed).lower()
    assert (ready_before, ready_meanwhile, await readiness(here)) == (200, 503, 200)


@pytest.mark.parametrize("command", ["/calls", "/calls show {sid}"])
async def test_calls_are_shown_where_the_log_does_not_tell_who_changed_them(
    here: Company, call: Call, database_url: str, command: str
) -> None:
    """It may fall silent between two questions; that it answers was asked a moment before."""
    owner = migration_engine(database_url)
    with owner.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE call_changes RENAME TO elsewhere")

    await here.say(ANA, command.format(sid=call.sid))

    assert call.sid in str(here.seen_by(ANA)[-1].blocks)


async def test_a_change_whose_mark_cannot_be_recorded_is_not_sent_and_told_as_not_done(
    here: Company, call: Call, database_url: str
) -> None:
    """Between its accept and its being sent the log goes: it is settled once the log is back."""
    slow = here.twilio.faults.next("slow", match=call.sid, seconds=HELD_UP_S)
    deed = asyncio.create_task(here.say(ANA, f"/calls redirect {call.sid} own-flow"))
    await until(lambda: any(call.sid in one.path for one in here.twilio.requests))

    async with log_taken(database_url):
        slow.let_go()
        await deed
        first_words = told(here, ANA)[0].text
    await until(lambda: has_event(here, "failed"))
    await here.at_rest()

    assert "was *not* redirected" in first_words
    assert "The log did not answer" in first_words
    assert here.changes_sent() == []
    assert await outcomes(here.bot) == [
        ("requested", "", "command"),
        ("failed", "not_sent", "machine"),
    ]
    assert await log_holds(here)


async def test_an_outcome_that_cannot_be_recorded_is_told_and_recorded_later(
    here: Company, call: Call, database_url: str
) -> None:
    """A redirect's outcome is known to this process alone: nothing could be learnt by looking."""
    slow = here.twilio.faults.next("slow", match=UPDATE, seconds=HELD_UP_S)
    deed = asyncio.create_task(here.say(ANA, f"/calls redirect {call.sid} hold-music"))
    await until(lambda: len(here.changes_sent()) == 1)

    async with log_taken(database_url):
        slow.let_go()
        await deed
        first_words = told(here, ANA)[0].text
    await until(lambda: has_event(here, "succeeded"))
    await here.at_rest()

    assert "Twilio took it" in first_words
    assert "is not in the log yet" in first_words
    assert "is not in the log yet" not in told(here, ANA)[0].text
    assert await outcomes(here.bot) == [
        ("requested", "", "command"),
        ("succeeded", "accepted", "machine"),
    ]
    assert len(here.twilio.updates(call.sid)) == 1
    assert await log_holds(here)


@ON_POSTGRES
async def test_connections_that_the_server_drops_are_replaced(
    here: Company, call: Call, database_url: str
) -> None:
    drop_connections(database_url)

    await here.say(ANA, f"/calls hangup {call.sid}")

    assert [event for event, _, _ in await outcomes(here.bot)] == ["requested", "succeeded"]


@ON_POSTGRES
@MAY_STOP_SERVER
@pytest.mark.parametrize("comes_anew", [False, True])
async def test_a_server_that_hangs_is_waited_for_no_longer_than_slack_waits(
    here: Company, call: Call, database_url: str, *, comes_anew: bool
) -> None:
    """What it took in while it hung is rolled back when it goes on."""
    with postgres_hanging(database_url):
        if comes_anew:
            here.bot.outside._database.writer.engine.dispose()
        delivery = await here.say(ANA, f"/calls hangup {call.sid}")
        ready_meanwhile = await readiness(here)

    await here.say(BEN, f"/calls hangup {call.sid}")

    assert NOT_DONE in delivery.body
    assert ready_meanwhile == 503
    assert [who for who, _ in await here.events()] == [BEN, BEN]
    assert await log_holds(here)


@ON_POSTGRES
async def test_a_server_that_is_gone_is_told_at_once_and_used_again_when_it_is_back(
    here: Company, call: Call, database_url: str
) -> None:
    with postgres_gone(database_url):
        delivery = await here.say(ANA, f"/calls hangup {call.sid}")
        ready_meanwhile = await readiness(here)
        changes = here.changes_sent()

    await here.say(ANA, f"/calls hangup {call.sid}")

    assert NOT_DONE in delivery.body
    assert changes == []
    assert ready_meanwhile == 503
    assert not call.is_live
    assert await readiness(here) == 200


async def test_closing_waits_for_a_question_under_way_and_leaves_no_connection(
    database_url: str,
) -> None:
    """A process that stops must not leave a connection behind that is still at work."""
    database = open_database(database_url)
    opened, closed = [], []
    event.listen(database.reader.engine, "connect", lambda *_: opened.append(True))
    event.listen(database.reader.engine, "close", lambda *_: closed.append(True))

    def ask_slowly() -> None:
        with database.reader.engine.connect():
            time.sleep(0.3)

    question = asyncio.create_task(database.reader.run(ask_slowly))
    await until(lambda: opened != [])

    await database.close()

    assert question.done()
    assert len(closed) == len(opened) == 1
