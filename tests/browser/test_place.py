"""The sandbox as a place: two windows, scenes, the clock, the inspector, a keyboard alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.axe import MISSING, find_axe, grave_faults
from tests.browser.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # longer than what it waits for

MARIA = re.compile("Maria Lopez → Support line")
TEN_TIMES = re.compile("^10")
FIELD = "Message, or a command"


@pytest.fixture
def axe() -> str:
    """The script of axe-core."""
    script = find_axe()
    if script is None:
        if os.environ.get("HOOKFLASH_TEST_REQUIRE_BROWSER") == "1":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return script.read_text()


@pytest.fixture
def bens_page(page: Page, running_sandbox: SandboxProcess) -> Iterator[Page]:
    """A second window of the same browser, in which Ben works."""
    opened = page.context.new_page()
    opened.goto(f"{running_sandbox.url}?as=U0BEN&in=C0SUPPORT")
    yield opened
    opened.close()


def type_command(page: Page, text: str) -> None:
    page.get_by_label(FIELD).fill(text)
    page.keyboard.press("Enter")


def newest_message(page: Page) -> Locator:
    return page.locator("#conversation > li").last


def own_list(page: Page) -> Locator:
    """What the bot answered last to this person alone."""
    return page.locator("#conversation > li.private").last


def confirm_hang_up(page: Page) -> None:
    own_list(page).get_by_role("button", name="Hang up").first.click()
    page.locator("#confirm").get_by_role("button", name="Hang up").click()


def test_two_people_race_for_one_call_and_the_later_is_told_who_was_first(
    page: Page, bens_page: Page
) -> None:
    for window in (page, bens_page):
        type_command(window, "/calls from:+14155550123")
        expect(newest_message(window).get_by_role("button", name="Details")).to_be_visible()

    confirm_hang_up(page)
    expect(page.locator("#conversation")).to_contain_text("Hung up by @Ana Ruiz")
    confirm_hang_up(bens_page)

    expect(own_list(bens_page)).to_contain_text("already ended")
    expect(own_list(bens_page)).to_contain_text("by @Ana Ruiz")
    expect(bens_page.locator("#conversation")).not_to_contain_text("Hung up by @Ben Okafor")


def test_what_one_says_appears_in_the_other_window_without_a_reload(
    page: Page, bens_page: Page
) -> None:
    bens_page.evaluate("window.wasNotReloaded = true")

    type_command(page, "Is anybody on Maria's call?")
    expect(newest_message(bens_page)).to_contain_text("Is anybody on Maria's call?")
    page.get_by_role("article", name=MARIA).get_by_role("button", name="Hang up").first.click()

    expect(bens_page.get_by_role("article", name=MARIA)).to_have_count(0)
    assert bens_page.evaluate("window.wasNotReloaded")


def test_channel_that_somebody_wrote_to_is_marked_until_it_is_opened(
    page: Page, bens_page: Page
) -> None:
    with bens_page.expect_navigation():
        bens_page.get_by_role("link", name="fraud-watch").click()

    type_command(page, "Look at this")
    expect(bens_page.get_by_label("1 unread")).to_be_visible()
    bens_page.get_by_role("link", name="support", exact=False).first.click()

    expect(newest_message(bens_page)).to_contain_text("Look at this")
    expect(bens_page.get_by_label("1 unread")).to_have_count(0)


def test_who_reads_further_up_is_offered_the_way_to_what_came(page: Page) -> None:
    type_command(page, "/calls")
    newest_message(page).get_by_role("button", name="Details").first.click()

    page.get_by_role("button", name="New messages").click()

    expect(newest_message(page)).to_contain_text("SID")
    expect(newest_message(page).get_by_role("button", name="Post to channel")).to_be_in_viewport()
    expect(page.get_by_role("button", name="New messages")).to_be_hidden()


def test_channel_with_unread_messages_keeps_its_whole_name(page: Page, bens_page: Page) -> None:
    for channel in ("fraud-watch", "acme-borealis"):
        with bens_page.expect_navigation():
            bens_page.get_by_role("link", name=channel).click()
        type_command(bens_page, "Look at this")
    expect(page.get_by_label("1 unread")).to_have_count(2)

    names = page.locator("nav .unread .name")

    cut = names.evaluate_all("(all) => all.filter((one) => one.scrollWidth > one.clientWidth)")
    assert cut == []


@pytest.mark.parametrize("width", [1440, 1000])
def test_every_person_and_channel_has_one_line_for_the_whole_name(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})

    names = page.locator("nav .name")

    assert len(set(names.evaluate_all("(all) => all.map((one) => one.offsetHeight)"))) == 1
    cut = names.evaluate_all("(all) => all.filter((one) => one.scrollWidth > one.clientWidth)")
    assert cut == []


def test_long_lines_of_the_doctor_are_seen_whole(page: Page) -> None:
    page.get_by_role("link", name="The doctor").click()
    printed = page.locator("pre").first

    expect(printed).to_contain_text("trunks before they have ended.")

    assert printed.evaluate("(box) => box.scrollWidth <= box.clientWidth")


def test_paused_clock_stops_the_durations_and_ten_times_its_pace_runs_ahead(page: Page) -> None:
    since = page.get_by_role("article", name=MARIA).locator(".since")
    clock = page.get_by_role("group", name="The clock of the phone network")

    clock.get_by_role("button", name="Paused").click()
    expect(clock.get_by_role("button", name="Paused")).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(300)
    stood_at = since.text_content()
    page.wait_for_timeout(1500)
    assert since.text_content() == stood_at
    clock.get_by_role("button", name=TEN_TIMES).click()

    expect(since).to_have_text(re.compile("^[4-9]:"))
    type_command(page, "/calls from:+14155550123")
    expect(newest_message(page)).to_contain_text(re.compile("[4-9] min"))


def test_toll_fraud_burst_is_on_the_page_and_what_is_typed_stays(page: Page) -> None:
    page.get_by_label(FIELD).fill("/calls to:+44909*")
    page.get_by_role("button", name=TEN_TIMES).click()

    page.get_by_role("button", name="Toll-fraud burst").click()

    expect(page.locator("#phones article.call")).to_have_count(306)
    expect(page.get_by_label(FIELD)).to_have_value("/calls to:+44909*")
    page.get_by_role("button", name="Quiet afternoon").click()
    expect(page.locator("#phones article.call")).to_have_count(2)


def test_inspector_follows_a_command_and_the_log_without_a_reload(
    page: Page, bens_page: Page
) -> None:
    page.get_by_role("link", name="Inspector").click()
    wire = page.locator("#wire")

    type_command(bens_page, "/calls help")

    expect(wire).to_contain_text("command /calls help")
    expect(wire).to_contain_text("response_url")
    verified = page.get_by_role("region", name="hookflash audit verify")
    expect(verified).to_contain_text("Exit code 0")


SLOW_OFFERS = """
const ask = window.fetch;
let asked = 0;
window.fetch = async (url, ...more) => {
  if (String(url) === "/offers") {
    const late = asked++ ? 1500 : 500;
    await new Promise((go) => setTimeout(go, late));
  }
  return ask(url, ...more);
};
"""


def test_what_was_chosen_in_the_composer_stays_chosen_when_offers_come_late(page: Page) -> None:
    """However many letters were typed before the first answer."""
    page.add_init_script(SLOW_OFFERS)
    page.reload()
    field = page.get_by_label(FIELD)
    offers = page.get_by_role("listbox", name="What can be typed")

    field.press_sequentially("/calls re")
    expect(offers.get_by_role("option")).to_have_count(2)
    field.press("ArrowDown")
    page.wait_for_timeout(2000)

    expect(offers.get_by_role("option", selected=True)).to_have_count(1)


def test_a_modal_does_not_outlive_its_page(page: Page) -> None:
    """It would stand before whoever opens the sandbox next, and not go away by Escape."""
    modal = page.get_by_role("dialog", name="Redirect a call")
    type_command(page, "/calls from:+14155550123")
    own_list(page).get_by_role("button", name="Redirect…").first.click()
    expect(modal).to_be_visible()

    page.reload()
    page.wait_for_timeout(1000)

    expect(modal).not_to_be_visible()
    type_command(page, "/calls help")
    expect(newest_message(page)).to_contain_text("/calls")


def test_composer_offers_commands_and_names(page: Page) -> None:
    field = page.get_by_label(FIELD)
    offers = page.get_by_role("listbox", name="What can be typed")

    field.press_sequentially("/calls re")
    expect(offers.get_by_role("option")).to_have_count(2)
    field.press("ArrowDown")
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value(re.compile("^/calls redirect ?$"))
    field.fill("/calls audit by:")
    field.press_sequentially("@b")
    field.press("Tab")

    expect(field).to_have_value("/calls audit by:@ben ")
    expect(offers).to_be_hidden()


def test_call_is_redirected_and_hung_up_by_keyboard_alone(page: Page) -> None:
    phone = page.get_by_role("article", name=MARIA)
    keyboard = page.keyboard
    type_command(page, "/calls from:+14155550123")
    expect(newest_message(page).get_by_role("button", name="Redirect…")).to_be_visible()

    tab_to(page, "Redirect…")
    keyboard.press("Enter")
    expect(page.get_by_label("Where to")).to_be_focused()
    keyboard.type("Hold")
    keyboard.press("Tab")
    tab_to(page, "Redirect", backwards=False)
    keyboard.press("Enter")
    expect(phone).to_contain_text("Music: hold")

    type_command_by_keyboard(page, "/calls from:+14155550123")
    expect(newest_message(page).get_by_role("button", name="Hang up")).to_be_visible()
    tab_to(page, "Hang up")
    keyboard.press("Enter")
    expect(page.locator("#confirm")).to_be_visible()
    tab_to(page, "Hang up", backwards=False)
    keyboard.press("Enter")

    expect(phone).to_have_count(0)


def type_command_by_keyboard(page: Page, text: str) -> None:
    """Goes to the field with Tab, as the mouse is out of reach."""
    field = page.get_by_label(FIELD)
    for _ in range(60):
        if field.evaluate("(field) => field === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def tab_to(page: Page, name: str, *, backwards: bool = True) -> None:
    """Presses Tab until the button of that name has the focus."""
    for _ in range(60):
        focused = page.evaluate("document.activeElement.textContent.trim()")
        kind = page.evaluate("document.activeElement.tagName")
        if kind == "BUTTON" and focused.startswith(name):
            return
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
    pytest.fail(f"Tab does not lead to {name!r}")


def test_narrow_window_shows_everything_without_scrolling_sideways(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    type_command(page, "/calls from:+14155550123")
    newest_message(page).get_by_role("button", name="Redirect…").click()
    modal = page.locator("#modal")
    expect(modal.get_by_role("button", name="Redirect")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(modal).to_be_hidden()

    page.get_by_role("button", name="Place a call").scroll_into_view_if_needed()

    expect(page.get_by_role("button", name="Place a call")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    browser: Browser, running_sandbox: SandboxProcess, axe: str, scheme: Literal["light", "dark"]
) -> None:
    # What moves is half transparent for a moment, which is no fault of its colours.
    context = browser.new_context(
        color_scheme=scheme, reduced_motion="reduce", viewport={"width": 1440, "height": 900}
    )
    page = context.new_page()
    page.goto(running_sandbox.url)
    type_command(page, "/calls from:+14155550123")
    newest_message(page).get_by_role("button", name="Details").click()
    expect(newest_message(page)).to_contain_text("SID")

    faults = grave_faults(page, axe)
    newest_message(page).get_by_role("button", name="Redirect…").click()
    expect(page.get_by_label("Where to")).to_be_focused()
    faults += grave_faults(page, axe)
    for path in ("inspector", "log", "doctor"):
        page.goto(f"{running_sandbox.url}{path}")
        faults += grave_faults(page, axe)

    context.close()
    assert faults == []
