"""What the doctor says of whether commands, buttons and forms come in here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.database.ledger import SqlLedger
from bot.doctor import Finding, Level, arrivals, examine
from bot.doctor.arrival_checks import judge_arrivals, ways_in
from bot.doctor.arrivals import Witness, own_address
from bot.domain.audit import Surface
from bot.web.metrics import LAST_RECEIVED
from tests.contract.database.drafts import append, draft
from tests.scenario.company import (
    ANA,
    APP_TOKEN,
    GUS,
    Company,
    bot_at_work,
    environ_for,
    outside_world,
)
from tests.scenario.sockets import is_up
from tests.scenario.trouble import until

COMMAND, BUTTONS = "Slash command", "Buttons and forms"
TOKEN = "a-long-random-text-for-metrics"
UNUSED_PORT = 9
TYPED = f"# TYPE {LAST_RECEIVED} gauge\n"
PUBLIC_URL = "https://hookflash.example.com"
NOW = datetime(2026, 11, 28, 14, 5, tzinfo=UTC)
OF_COMMAND, OF_BUTTONS = ways_in("/calls", PUBLIC_URL, is_socket_mode=False)


async def examined(environ: Mapping[str, str]) -> dict[str, Finding]:
    """What the doctor says of the two ways in."""
    found = await examine(lambda: environ)
    return {one.subject: one for one in found if one.subject in (COMMAND, BUTTONS)}


def environ_of(company: Company, database_url: str, **more: str) -> dict[str, str]:
    """The settings by which the doctor finds the company's bot."""
    port = urlsplit(str(company.slack.request_url)).port
    return environ_for(company.slack, company.twilio, database_url=database_url) | {
        "PORT": str(port),
        **more,
    }


@asynccontextmanager
async def company_with(database_url: str, **settings: str) -> AsyncIterator[Company]:
    """Everybody at work, until the end."""
    async with outside_world() as (slack, twilio):
        environ = environ_for(slack, twilio, database_url=database_url, **settings)
        async with bot_at_work(slack, environ) as bot:
            yield Company(slack, twilio, bot)


@pytest.fixture
async def idle(database_url: str) -> AsyncIterator[dict[str, str]]:
    """The settings of a company whose bot does not run, and where nothing ever happened."""
    async with outside_world() as (slack, twilio):
        environ = environ_for(slack, twilio, database_url=database_url)
        yield environ | {"PORT": str(UNUSED_PORT)}


async def test_where_nothing_has_come_the_doctor_knows_nothing_and_says_what_to_do(
    idle: dict[str, str],
) -> None:
    told = await examined(idle | {"HOOKFLASH_PUBLIC_URL": PUBLIC_URL})

    assert {one.level for one in told.values()} == {Level.WARNING}
    assert told[COMMAND].text == (
        "No command is known to have come in, and Slack does not say where they lead. "
        "No Hookflash answers at http://127.0.0.1:9. The log tells of none."
    )
    assert told[COMMAND].advice == (
        "Start hookflash serve, type /calls help in Slack, then run hookflash doctor on the same "
        "machine (or anywhere, with HOOKFLASH_PUBLIC_URL and HOOKFLASH_METRICS_TOKEN set). "
        "If nothing happens there, see the app's page Slash Commands: /calls must have the Request "
        "URL https://hookflash.example.com/slack/events, and the page Basic Information: its "
        "Signing Secret must be SLACK_SIGNING_SECRET."
    )
    assert told[BUTTONS].advice.endswith(
        "see the app's page Interactivity & Shortcuts: it must have the Request URL "
        "https://hookflash.example.com/slack/events, and the page Event Subscriptions the same."
    )


async def test_in_socket_mode_no_address_is_named(idle: dict[str, str]) -> None:
    told = await examined(idle | {"SLACK_APP_TOKEN": APP_TOKEN, "HOOKFLASH_COMMAND": "/phone"})

    assert {one.level for one in told.values()} == {Level.WARNING}
    assert told[COMMAND].advice.endswith(
        "run hookflash doctor on the same machine. If nothing happens there, see the app's page "
        "Slash Commands: /phone must stand there, and Socket Mode must be on."
    )
    assert told[BUTTONS].advice.endswith(
        "Interactivity & Shortcuts: it must be on, and Socket Mode too."
    )


async def test_a_command_that_leaves_no_entry_is_known_and_the_buttons_are_not(
    database_url: str,
) -> None:
    async with company_with(database_url) as company:
        environ = environ_of(company, database_url)
        before = await examined(environ)
        await company.say(ANA, "/calls help")
        told = await examined(environ)
        entries = [logged.entry.surface for logged in await company.log()]

    assert before[COMMAND].advice.startswith("Type /calls help in Slack, then run hookflash")
    assert "command" not in entries
    assert told[COMMAND].level is Level.OK
    assert told[COMMAND].text.startswith(f"The last command came in on {datetime.now(UTC):%Y-}")
    assert told[COMMAND].text.endswith(
        f"the Hookflash at http://127.0.0.1:{environ['PORT']} tells."
    )
    assert told[BUTTONS].level is Level.WARNING
    assert "has had none since its start." in told[BUTTONS].text


async def test_only_where_others_may_serve_too_they_are_thought_of(database_url: str) -> None:
    async with company_with(database_url) as company:
        told = await examined(environ_of(company, database_url))

    has_others = "Other replicas may have." in told[COMMAND].text
    assert has_others is database_url.startswith("postgresql")


async def test_a_press_tells_of_buttons_and_a_form_too(database_url: str) -> None:
    async with company_with(database_url) as company:
        await company.say(ANA, "/calls")
        await company.click(ANA, "Refresh")
        told = await examined(environ_of(company, database_url))

    assert {one.level for one in told.values()} == {Level.OK}


async def test_in_socket_mode_the_running_bot_knows_what_came(database_url: str) -> None:
    in_socket_mode = {"SLACK_APP_TOKEN": APP_TOKEN, "SLACK_SIGNING_SECRET": ""}
    async with company_with(database_url, **in_socket_mode) as company:
        environ = environ_of(company, database_url, **in_socket_mode)
        company.slack.request_url = None
        await until(lambda: is_up(company.slack))
        await company.say(ANA, "/calls help")
        told = await examined(environ)

    assert (told[COMMAND].level, told[BUTTONS].level) == (Level.OK, Level.WARNING)


async def test_once_the_bot_has_ended_the_log_tells_of_what_left_an_entry(
    database_url: str,
) -> None:
    async with company_with(database_url) as company:
        await company.say(GUS, "/calls")
        environ = environ_of(company, database_url)
    told = await examined(environ)

    assert told[COMMAND].level is Level.OK
    assert told[COMMAND].text.endswith("(just now), as the log tells.")
    assert told[BUTTONS].level is Level.WARNING


@pytest.mark.parametrize("surface", [Surface.BUTTON, Surface.MODAL])
async def test_a_click_or_a_form_in_the_log_says_nothing_of_commands(
    idle: dict[str, str], ledger: SqlLedger, surface: Surface
) -> None:
    await append(ledger, draft(surface=surface))

    told = await examined(idle)

    assert (told[COMMAND].level, told[BUTTONS].level) == (Level.WARNING, Level.OK)


@pytest.mark.parametrize("surface", [Surface.MACHINE, Surface.TERMINAL, Surface.RUN])
async def test_what_did_not_come_from_slack_proves_nothing(
    idle: dict[str, str], ledger: SqlLedger, surface: Surface
) -> None:
    await append(ledger, draft(surface=surface))

    told = await examined(idle)

    assert {one.level for one in told.values()} == {Level.WARNING}


async def test_of_a_long_log_the_end_is_looked_at_and_that_is_said(
    idle: dict[str, str], ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "ENTRIES_LOOKED_AT", 2)
    await append(ledger, *(draft(surface=one) for one in (Surface.COMMAND, *2 * [Surface.BUTTON])))

    told = await examined(idle)

    assert told[COMMAND].text.endswith("The last 2 entries of the log tell of none.")
    assert told[BUTTONS].level is Level.OK


async def test_a_database_out_of_reach_is_one_fault_and_hides_nothing(database_url: str) -> None:
    async with company_with(database_url) as company:
        await company.say(ANA, "/calls help")
        environ = environ_of(company, "postgresql://hookflash:word@127.0.0.1:9/hookflash")
        found = await examine(lambda: environ)

    assert [one.subject for one in found if one.level is Level.FAULT] == ["Database"]
    of_ways = {one.subject: one for one in found if one.subject in (COMMAND, BUTTONS)}
    assert of_ways[COMMAND].level is Level.OK
    assert of_ways[BUTTONS].text.endswith(
        "The log was not asked, since something is wrong with it."
    )


async def test_before_the_first_start_there_is_no_log_and_none_is_made(
    idle: dict[str, str], tmp_path: Path
) -> None:
    idle["DATABASE_URL"] = f"sqlite:///{tmp_path}/not-there-yet.db"

    told = await examined(idle)

    assert told[COMMAND].text.endswith("There is no log yet.")
    assert [*await asyncio.to_thread(tmp_path.glob, "not-there-yet*")] == []


async def test_a_log_without_tables_does_not_keep_the_doctor_from_its_work(
    idle: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "bare.db").touch(mode=0o600)
    idle["DATABASE_URL"] = f"sqlite:///{tmp_path}/bare.db"

    told = await examined(idle)

    assert told[COMMAND].text.endswith("The log did not answer.")


async def test_metrics_behind_a_token_are_read_with_it_here_and_at_the_public_address(
    database_url: str,
) -> None:
    async with company_with(database_url, HOOKFLASH_METRICS_TOKEN=TOKEN) as company:
        await company.say(ANA, "/calls help")
        here = environ_of(company, database_url, HOOKFLASH_METRICS_TOKEN=TOKEN)
        url = f"http://127.0.0.1:{here['PORT']}"
        elsewhere = here | {"PORT": str(UNUSED_PORT), "HOOKFLASH_PUBLIC_URL": url}
        wrong = here | {"HOOKFLASH_METRICS_TOKEN": "of-somebody-else-and-long"}

        assert (await examined(here))[COMMAND].level is Level.OK
        assert (await examined(elsewhere))[COMMAND].text.endswith(f"the Hookflash at {url} tells.")
        refused = (await examined(wrong))[COMMAND]

    assert f"What answers at {url}/metrics does not tell (HTTP 401)." in refused.text
    assert refused.level is Level.WARNING


async def test_the_token_goes_nowhere_but_to_these_two(idle: dict[str, str]) -> None:
    seen: list[tuple[str, str]] = []

    async def note(request: web.Request) -> web.Response:
        seen.append((request.path, request.headers.get("Authorization", "")))
        raise web.HTTPFound("/elsewhere")

    app = web.Application()
    app.router.add_get("/{path:.*}", note)
    async with TestServer(app) as other:
        await examined(idle | {"PORT": str(other.port), "HOOKFLASH_METRICS_TOKEN": TOKEN})

    assert seen == [("/metrics", f"Bearer {TOKEN}")]


@pytest.mark.parametrize(
    "page",
    [
        "<!doctype html><title>another program</title>",
        '# TYPE up gauge\nup{job="other"} 1.0\n',
        f'{TYPED}{LAST_RECEIVED}{{surface="command"}} NaN\n',
        f"{TYPED}{LAST_RECEIVED} 1764338520\n",
        '{"',
    ],
)
async def test_another_program_at_the_port_is_no_witness(idle: dict[str, str], page: str) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=page)

    app = web.Application()
    app.router.add_get("/metrics", answer)
    async with TestServer(app) as other:
        told = await examined(idle | {"PORT": str(other.port)})

    assert told[COMMAND].level is Level.WARNING
    assert "/metrics does not tell (HTTP 200)." in told[COMMAND].text


def heard(at: datetime, *, name: str = "the log", surface: Surface = Surface.COMMAND) -> Witness:
    """One witness that knows of one request."""
    return Witness(name=name, last_at={surface: at}, of_none="")


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (timedelta(seconds=-3), "2026-11-28 at 14:05 UTC (just now)"),
        (timedelta(seconds=59), "2026-11-28 at 14:04 UTC (just now)"),
        (timedelta(seconds=60), "2026-11-28 at 14:04 UTC (a minute ago)"),
        (timedelta(minutes=3), "2026-11-28 at 14:02 UTC (3 minutes ago)"),
        (timedelta(minutes=119), "2026-11-28 at 12:06 UTC (119 minutes ago)"),
        (timedelta(hours=47), "2026-11-26 at 15:05 UTC (47 hours ago)"),
        (timedelta(days=40), "2026-10-19 at 14:05 UTC (40 days ago)"),
    ],
)
def test_what_is_known_is_told_with_its_time_and_age_however_old(age: timedelta, told: str) -> None:
    finding = judge_arrivals(OF_COMMAND, [heard(NOW - age)], now=NOW)

    assert finding.level is Level.OK
    assert finding.text == f"The last command came in on {told}, as the log tells."


def test_of_several_witnesses_and_kinds_the_newest_counts() -> None:
    told = [
        heard(NOW - timedelta(days=1), surface=Surface.MODAL),
        heard(NOW - timedelta(hours=5), name="the Hookflash at A", surface=Surface.BUTTON),
        heard(NOW - timedelta(hours=9), name="the Hookflash at B", surface=Surface.BUTTON),
    ]

    finding = judge_arrivals(OF_BUTTONS, told, now=NOW)

    assert finding.text.endswith("(5 hours ago), as the Hookflash at A tells.")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:3000"),
        ("0.0.0.0", "http://127.0.0.1:3000"),  # noqa: S104 - nothing listens here
        ("::", "http://[::1]:3000"),
        ("fd00::7", "http://[fd00::7]:3000"),
        ("bot.internal", "http://bot.internal:3000"),
    ],
)
def test_the_running_bot_is_asked_where_it_listens(host: str, address: str) -> None:
    assert own_address(host, 3000) == address
