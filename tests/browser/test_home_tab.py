"""The app's Home tab in the sandbox: see the live calls, open one, hang it up."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # longer than what it waits for

MARIA = re.compile("Maria Lopez → Support line")


def test_supervisor_hangs_up_from_the_home_tab_and_finds_it_in_the_messages(page: Page) -> None:
    phone = page.get_by_role("article", name=MARIA)
    page.get_by_role("link", name="hookflash").click()
    page.get_by_role("link", name="Home").click()
    tab = page.get_by_role("region", name="Home")
    expect(tab).to_contain_text("You are an operator")
    row = tab.locator(".section", has_text="+1 415-555-0123").locator("+ .actions")

    row.get_by_role("button", name="Details").click()
    modal = page.locator("#modal")
    modal.get_by_role("button", name="Hang up").click()
    page.locator("#confirm").get_by_role("button", name="Hang up").click()
    expect(modal).to_contain_text("Hung up by @Ana Ruiz")
    modal.locator("footer").get_by_role("button", name="Close").click()

    expect(phone).to_have_count(0)
    expect(tab).to_contain_text("Hung up by @Ana Ruiz")
    page.get_by_role("link", name="Messages").click()
    expect(page.get_by_role("log")).to_contain_text("Hung up by @Ana Ruiz")


def test_guest_is_told_on_the_home_tab_whom_to_ask(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("link", name=re.compile("^G Gus Meyer|^Gus Meyer")).first.click()
    page.get_by_role("link", name="hookflash").click()

    page.get_by_role("link", name="Home").click()

    tab = page.get_by_role("region", name="Home")
    expect(tab).to_contain_text("guests and people of other workspaces have none")
    expect(tab).to_contain_text("Ask @Ada Chen")
    expect(tab.get_by_role("button")).to_have_count(0)
