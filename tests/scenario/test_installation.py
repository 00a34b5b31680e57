"""The pages that install Hookflash, followed to the end on a machine that does not have it yet.

That and new pins take the network and a minute, so only `.ci/run` asks for them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.checkout import TOP
from tests.documents import shell_lines
from tests.scenario.newcomer import PLACEHOLDERS, Newcomer, answers_for

PIP_WITHIN_S = 300.0
SYSTEMD = TOP / "docs" / "systemd.md"
SOCKET_MODE = TOP / "docs" / "socket-mode.md"
CONTRIBUTING = TOP / "CONTRIBUTING.md"
# How this person came by pipx, with which the page begins.
PIPX = (
    "python3 -m venv ~/pipx && ~/pipx/bin/pip install --quiet pipx && "
    "ln -s ~/pipx/bin/pipx ~/bin/pipx"
)
# What tells pip, and uv, where packages come from and how to get there.
INDEX = re.compile(r"(PIP|UV|SSL|REQUESTS|CURL)_\w+|\w+_PROXY", re.IGNORECASE)

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("HOOKFLASH_TEST_INSTALL") != "1",
        reason="needs the network; HOOKFLASH_TEST_INSTALL=1 asks for it",
    ),
    pytest.mark.timeout(2 * PIP_WITHIN_S),
]


def without_hookflash(home: Path, page: Path, addresses: dict[str, str]) -> Newcomer:
    """Somebody who has to install it, with whatever leads to packages on this machine."""
    index = {name: value for name, value in os.environ.items() if INDEX.fullmatch(name)}
    more = {
        "XDG_CONFIG_HOME": os.environ.get("XDG_CONFIG_HOME", str(Path.home() / ".config")),
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),
        # Nothing that is installed here is run often enough to compile all of it.
        "PIP_NO_COMPILE": "1",
        "PIPX_HOME": str(home / "pipx-home"),
        "PIPX_BIN_DIR": str(home / "bin"),
    }
    return Newcomer(
        home,
        environ=addresses | index | more,
        answers=answers_for(page),
        meanings=PLACEHOLDERS,
        has_installed=False,
        within_s=PIP_WITHIN_S,
    )


async def test_the_service_is_installed_as_its_page_says(
    tmp_path: Path, addresses: dict[str, str]
) -> None:
    newcomer = without_hookflash(tmp_path, SYSTEMD, addresses)

    for line in shell_lines(SYSTEMD):
        await newcomer.follow(line)

    await newcomer.follow("/opt/hookflash/bin/hookflash --version")


async def test_pipx_puts_hookflash_on_the_path(tmp_path: Path, addresses: dict[str, str]) -> None:
    newcomer = without_hookflash(tmp_path, SOCKET_MODE, addresses)
    await newcomer.follow(PIPX)

    for line in shell_lines(SOCKET_MODE):
        await newcomer.follow(line)

    await newcomer.follow('[ "$(command -v hookflash)" = ~/bin/hookflash ] && hookflash --version')


async def test_pins_are_made_anew_as_newcomers_are_told(
    tmp_path: Path, addresses: dict[str, str]
) -> None:
    newcomer = without_hookflash(tmp_path, CONTRIBUTING, addresses)
    pins = newcomer.folder / "requirements.txt"
    pins.write_text(f"{pins.read_text()}# written by hand\n")

    for line in shell_lines(CONTRIBUTING):
        if line.startswith("scripts/pin"):
            await newcomer.follow(line)

    made = pins.read_text()
    assert ("--hash=sha256:" in made, "by hand" in made) == (True, False)
