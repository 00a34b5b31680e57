"""The files that deploy Hookflash: what they start exists, and what they wait for is enough."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from asyncio import to_thread
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.bootstrap import DRAIN_S
from tests.ports import kept_port

TOP = Path(__file__).parents[2]
DOCKERFILE = (TOP / "Dockerfile").read_text().replace("\\\n", " ")
COMPOSE = (TOP / "compose.yaml").read_text()
UNIT = TOP / "deploy" / "hookflash.service"


def health_check(port: int) -> subprocess.CompletedProcess[bytes]:
    """What the image's health check comes to for a server on this port."""
    [written] = re.findall(r"^HEALTHCHECK .*CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    _program, *words = json.loads(written)
    return subprocess.run(  # noqa: S603 - our own interpreter and file
        [sys.executable, *words],
        check=False,
        capture_output=True,
        timeout=20,
        env={"PATH": os.environ["PATH"], "PORT": str(port)},
    )


def service() -> configparser.SectionProxy:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # its names are in CamelCase
    unit.read(UNIT)
    return unit["Service"]


async def alive(_request: web.Request) -> web.Response:
    return web.Response(text="alive")


async def test_health_check_of_the_image_passes_while_the_server_lives() -> None:
    app = web.Application()
    app.router.add_get("/healthz", alive)
    async with TestServer(app) as server:
        assert server.port is not None
        while_alive = await to_thread(health_check, server.port)
    with kept_port() as nobodys_port:
        when_gone = await to_thread(health_check, nobodys_port)

    assert while_alive.returncode == 0, while_alive.stderr
    assert when_gone.returncode != 0


def test_image_runs_the_server_without_a_shell_and_without_root() -> None:
    stage = DOCKERFILE.rpartition("FROM ")[2]

    assert '\nCMD ["hookflash", "serve"]' in stage
    assert re.findall(r"^USER (.*)$", stage, re.MULTILINE) == ["10001:10001"]
    assert "--require-hashes -r requirements.txt" in DOCKERFILE


def test_image_holds_what_the_wheel_is_built_of_and_no_settings() -> None:
    let_in = {
        line[1:] for line in (TOP / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }

    copied = set(re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE))
    assert {name for names in copied for name in names.split()} == let_in
    assert all((TOP / name).exists() for name in let_in)


@pytest.mark.parametrize(
    "given_s",
    [
        re.findall(r"stop_grace_period: (\d+)s", COMPOSE),
        re.findall(r"^TimeoutStopSec=(\d+)$", UNIT.read_text(), re.MULTILINE),
    ],
    ids=["compose", "systemd"],
)
def test_there_is_time_to_finish_what_was_accepted(given_s: list[str]) -> None:
    [seconds] = map(int, given_s)

    assert seconds > DRAIN_S


def test_service_runs_the_server_and_does_not_repeat_wrong_settings() -> None:
    started = service()

    assert started["ExecStart"] == "/opt/hookflash/bin/hookflash serve"
    assert started["EnvironmentFile"] == "/etc/hookflash/hookflash.env"
    assert started["RestartPreventExitStatus"] == "2"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace(service()["ExecStart"], "/bin/true"))

    ran = subprocess.run(  # noqa: S603 - systemd's own tool on our own file
        ["systemd-analyze", "verify", str(unit)],  # noqa: S607 - wherever it is installed
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
