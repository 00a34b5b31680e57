"""A Chromium of the system and a sandbox of its own for each test that looks at the page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.sandbox_process import SandboxProcess, sandbox

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium; tests are skipped where there is none, unless one is required."""
    named = os.environ.get("HOOKFLASH_CHROMIUM")
    path = named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        reason = f"no Chromium: none of {', '.join(CHROMIUM_NAMES)}, and HOOKFLASH_CHROMIUM not set"
        if os.environ.get("HOOKFLASH_TEST_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def running_sandbox() -> Iterator[SandboxProcess]:
    """The sandbox, started for this test."""
    with sandbox() as running:
        yield running


@pytest.fixture
def page(browser: Browser, running_sandbox: SandboxProcess) -> Iterator[Page]:
    """The sandbox's page; at the end, no script of it has failed."""
    faults: list[str] = []
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    opened.goto(running_sandbox.url)
    yield opened
    context.close()
    assert faults == []
