"""Draws the picture of the README: the sandbox after Ana sent a call to the hold music."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.chromium import FLAGS, MISSING, find_chromium
from tests.browser.sandbox_process import sandbox

IMAGE = Path(__file__).parents[2] / "docs" / "images" / "sandbox.png"
LARGEST_BYTES = 400_000


def main() -> int:
    """The exit code: 1 without a Chromium, or when the picture is too large for the repository."""
    path = find_chromium()
    if path is None:
        click.echo(MISSING, err=True)
        return 1
    IMAGE.parent.mkdir(parents=True, exist_ok=True)
    with sandbox() as running, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = chromium.new_page(viewport={"width": 1440, "height": 900})
        page.goto(running.url)
        redirect_a_call(page)
        page.screenshot(path=IMAGE)
        chromium.close()
    size_bytes = IMAGE.stat().st_size
    click.echo(f"{IMAGE}: {size_bytes:,} bytes")
    return int(size_bytes > LARGEST_BYTES)


def redirect_a_call(page: Page) -> None:
    """Lists the long calls, and sends Maria's to the hold music."""
    page.get_by_label("Message, or a command").fill("/calls direction:inbound longer:3m")
    page.keyboard.press("Enter")
    rows = page.locator("#conversation .section").filter(has_text="+1 415-555-0123")
    expect(rows).to_be_visible()
    rows.locator("xpath=following-sibling::*[1]").get_by_role("button", name="Redirect…").click()
    modal = page.locator("#modal")
    modal.get_by_label("Where to").select_option(label="Hold music")
    modal.get_by_label("Reason").fill("waits for an expert")
    modal.get_by_role("button", name="Redirect").click()
    expect(page.locator("#conversation")).to_contain_text("Redirected to Hold music")
    phone = page.get_by_role("article", name=re.compile("Maria Lopez"))
    expect(phone).to_contain_text("Music: hold")
    phone.scroll_into_view_if_needed()
    page.wait_for_timeout(1_000)


if __name__ == "__main__":
    sys.exit(main())
