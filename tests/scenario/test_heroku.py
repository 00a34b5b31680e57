"""Heroku's way with the repository: its files in an empty folder, release, web, and SIGTERM.

What Heroku's Python buildpack installs is, by default, what these tests run with. `.ci/run` runs
them again with an environment that was made as the buildpack makes it, from requirements.txt alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.sandbox.slack import SlackStandIn
from bot.sandbox.twilio import TwilioStandIn
from tests.checkout import copy_repository
from tests.fixtures_database import DatabaseMaker
from tests.ports import kept_port
from tests.scenario.company import ANA, SUPPORT, SUPPORT_LINE, environ_for, outside_world
from tests.scenario.trouble import until

PYTHON = Path(os.environ.get("HOOKFLASH_TEST_HEROKU_PYTHON", sys.executable))
# Heroku kills what has not ended by then.
# Source: https://devcenter.heroku.com/articles/dyno-shutdown-behavior
ENDS_WITHIN_S = 30.0
# Heroku gives up on a web process that does not listen by then.
# Source: https://devcenter.heroku.com/articles/web-dynos
LISTENS_WITHIN_S = 60.0

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.parametrize("make_database", ["postgresql"], indirect=True),
]


@dataclass(frozen=True)
class Slug:
    """What was pushed, and what the add-on and the form of app.json put into the environment."""

    folder: Path
    config: Mapping[str, str]

    @property
    def processes(self) -> dict[str, str]:
        """The commands of the Procfile."""
        lines = (self.folder / "Procfile").read_text().splitlines()
        return dict(re.split(r":\s*", line, maxsplit=1) for line in lines if line)

    @property
    def manifest(self) -> Any:
        """What app.json says."""
        return json.loads((self.folder / "app.json").read_text())

    async def start(self, dyno: str, **more: str) -> asyncio.subprocess.Process:
        """The command of this kind of process, started by a shell in the folder of the app."""
        kind = dyno.partition(".")[0]
        return await asyncio.create_subprocess_exec(
            *("bash", "-c", self.processes[kind]),
            cwd=self.folder,
            env={
                "PATH": f"{PYTHON.parent}:{os.environ['PATH']}",
                "PYTHONUNBUFFERED": "true",
                "DYNO": dyno,
                **self.config,
                **more,
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )

    async def run(self, dyno: str, **more: str) -> tuple[int | None, str]:
        """Exit code and output of a process that ends by itself."""
        process = await self.start(dyno, **more)
        output, _ = await process.communicate()
        return process.returncode, output.decode()

    @asynccontextmanager
    async def web(self) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
        """The web process, ready, and where the router reaches it: at no address of its choice."""
        with kept_port() as port:
            process = await self.start("web.1", PORT=str(port))
            # Linux answers for all of 127/8 where a server listens on every address.
            address = f"http://127.0.0.2:{port}"
            try:
                await until(lambda: _is_ready(process, address), within_s=LISTENS_WITHIN_S)
                yield process, address
            finally:
                if process.returncode is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    await process.communicate()


async def _is_ready(process: asyncio.subprocess.Process, address: str) -> bool:
    if process.returncode is not None:
        printed, _ = await process.communicate()
        raise RuntimeError(f"web ended instead of being ready: {printed.decode()}")
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{address}/readyz") as answer:
            return answer.status == HTTPStatus.OK
    except aiohttp.ClientError:
        return False


@pytest.fixture
async def world() -> AsyncIterator[tuple[SlackStandIn, TwilioStandIn]]:
    """Slack and Twilio."""
    async with outside_world() as (slack, twilio):
        yield slack, twilio


@pytest.fixture
def slug(
    tmp_path: Path, world: tuple[SlackStandIn, TwilioStandIn], make_database: DatabaseMaker
) -> Slug:
    """The repository, pushed to an app with an empty database."""
    url = make_database(is_migrated=False).replace("postgresql://", "postgres://", 1)
    with_ssl = f"{url}{'&' if '?' in url else '?'}sslmode=prefer"
    folder = copy_repository(tmp_path / "app")
    return Slug(folder, environ_for(*world, database_url=with_ssl))


def test_the_buildpack_finds_what_it_looks_for(slug: Slug) -> None:
    names = {path.name for path in slug.folder.iterdir()}

    # Two ways to install would be one too many: the buildpack refuses them.
    assert names & {"requirements.txt", "uv.lock", "poetry.lock", "Pipfile"} == {"requirements.txt"}
    assert {".python-version", "Procfile", "app.json"} <= names
    assert slug.manifest["buildpacks"] == [{"url": "heroku/python"}]
    assert slug.manifest["formation"].keys() == slug.processes.keys() - {"release"}


def test_the_form_of_the_button_asks_for_what_is_needed_and_knows_what_was_given(
    slug: Slug,
) -> None:
    asked = slug.manifest["env"]

    required = {name for name, entry in asked.items() if entry["required"]}
    assert required == {"SLACK_BOT_TOKEN", "TWILIO_ACCOUNT_SID"}
    assert slug.config.keys() <= asked.keys()
    assert [name for name, entry in asked.items() if not entry["description"]] == []


async def test_what_is_pushed_is_released_serves_hangs_up_and_ends_in_time(
    slug: Slug, world: tuple[SlackStandIn, TwilioStandIn]
) -> None:
    slack, twilio = world
    call = twilio.network.call_in_progress(to=SUPPORT_LINE)

    released = await slug.run("release.1")
    async with slug.web() as (process, address):
        slack.request_url = f"{address}/slack/events"
        delivery = await slack.command(ANA, SUPPORT, f"/calls hangup {call.sid}")
        await until(lambda: twilio.updates(call.sid) != [])
        os.killpg(process.pid, signal.SIGTERM)
        async with asyncio.timeout(ENDS_WITHIN_S):
            printed, _ = await process.communicate()

    assert released[0] == 0, released[1]
    assert delivery.is_ok
    assert twilio.updates(call.sid) == [{"Status": "completed"}]
    assert (process.returncode, "Traceback" in printed.decode()) == (0, False), printed.decode()


async def test_a_second_release_changes_nothing_and_web_waits_for_the_first(slug: Slug) -> None:
    too_early = await slug.run("web.1")
    first = await slug.run("release.1")
    second = await slug.run("release.2")

    assert (too_early[0], "Run: hookflash db upgrade" in too_early[1]) == (1, True)
    assert (first[0], second[0]) == (0, 0), first[1] + second[1]


@pytest.mark.parametrize("dyno", ["release.1", "web.1"])
async def test_without_a_database_the_dyno_says_how_to_get_one(slug: Slug, dyno: str) -> None:
    code, printed = await slug.run(dyno, DATABASE_URL="")

    assert code == 2
    assert "heroku addons:create heroku-postgresql" in printed
