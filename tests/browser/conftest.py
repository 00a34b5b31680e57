"""A Chromium of the system and a sandbox of its own for each test that looks at the page."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.chromium import FLAGS, MISSING, find_chromium
from tests.browser.sandbox_process import SandboxProcess, sandbox

# How fast the page is, a benchmark says: a machine that stalls breaks no promise.
SHOWN_WITHIN_MS = 60_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium; tests are skipped where there is none, unless one is required.

    Playwright keeps an event loop in this thread, in which no async test can run beside it: so it
    lives no longer than the tests of one module, which are all of its kind.
    """
    path = find_chromium()
    if path is None:
        if os.environ.get("HOOKFLASH_TEST_REQUIRE_BROWSER") == "1":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    expect.set_options(timeout=SHOWN_WITHIN_MS)
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
    context.set_default_timeout(SHOWN_WITHIN_MS)
    opened = context.new_page()
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    opened.goto(running_sandbox.url)
    yield opened
    context.close()
    assert faults == []
