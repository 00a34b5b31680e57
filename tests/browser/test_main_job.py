"""The main job in the sandbox: find a call, redirect it, hang it up, see in the log who did it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # longer than what it waits for

MARIA = re.compile("Maria Lopez → Support line")


def type_command(page: Page, text: str) -> None:
    page.get_by_label("Message, or a command").fill(text)
    page.keyboard.press("Enter")


def become(page: Page, name: str) -> None:
    """Go to this person's page; what is typed before it is there would be the other's."""
    with page.expect_navigation():
        page.get_by_role("link", name=name).click()


def newest_message(page: Page) -> Locator:
    return page.locator("#conversation > li").last


def open_details_of_maria(page: Page) -> Locator:
    """The card of Maria's call, opened from the list of live calls."""
    messages = page.locator("#conversation > li.message")
    before = messages.count()
    type_command(page, "/calls from:+14155550123")
    messages.nth(before).get_by_role("button", name="Details").click()
    card = messages.nth(before + 1)
    expect(card).to_contain_text("SID")
    return card


def test_supervisor_redirects_a_call_hangs_it_up_and_is_named_in_the_log(page: Page) -> None:
    """The whole way: /calls, Details, hold music, hang up with a confirmation, the log."""
    phone = page.get_by_role("article", name=MARIA)
    expect(phone).to_contain_text("hears talking with Support desk 1")
    card = open_details_of_maria(page)

    card.get_by_role("button", name="Redirect…").click()
    modal = page.locator("#modal")
    expect(modal.get_by_label("Where to")).to_be_focused()
    modal.get_by_label("Where to").select_option(label="Hold music")
    modal.get_by_label("Reason").fill("she waits for an expert")
    modal.get_by_role("button", name="Redirect").click()
    expect(modal).to_be_hidden()
    expect(phone).to_contain_text("Music: hold")
    # On the card that she clicked, and in the channel.
    results = page.locator("#conversation > li", has_text="Redirected to Hold music by @Ana Ruiz")
    expect(results).to_have_count(2)

    open_details_of_maria(page).get_by_role("button", name="Hang up").click()
    confirm = page.locator("#confirm")
    expect(confirm).to_contain_text("+1 415-555-0123")
    confirm.get_by_role("button", name="Hang up").click()
    expect(phone).to_have_class(re.compile("dead"))
    expect(page.locator("#conversation")).to_contain_text("Hung up by @Ana Ruiz")
    expect(phone).to_have_count(0)

    page.get_by_role("link", name="The log").click()
    listed = page.get_by_role("region", name="hookflash audit list")
    hang_up = listed.get_by_role("row").filter(has_text="hang_up")
    expect(hang_up).to_contain_text("ana")
    expect(hang_up).to_contain_text("succeeded")
    checked = page.get_by_role("region", name="hookflash audit verify")
    expect(checked).to_contain_text("Exit code 0")


def test_reason_typed_with_a_number_is_mended_on_the_card_and_stands_in_the_channel(
    page: Page,
) -> None:
    """Enter in the field hangs nobody up: that is what the button is for."""
    type_command(page, "/calls hangup +14155550123 toll fraud")
    card = page.locator("#conversation > li.private").last
    reason = card.get_by_label("Reason")
    expect(reason).to_have_value("toll fraud")
    reason.fill("toll fraud, ticket 4711")

    reason.press("Enter")
    expect(reason).to_have_value("toll fraud, ticket 4711")
    card.get_by_role("button", name="Hang up").click()

    result = page.locator("#conversation > li:not(.private)", has_text="Hung up by @Ana Ruiz")
    expect(result).to_contain_text("Reason: toll fraud, ticket 4711")
    expect(result).to_have_count(1)


def test_call_is_kept_when_the_confirmation_is_refused(page: Page) -> None:
    card = open_details_of_maria(page)

    card.get_by_role("button", name="Hang up").click()
    page.keyboard.press("Escape")

    expect(page.locator("#confirm")).to_be_hidden()
    expect(page.get_by_role("article", name=MARIA)).to_contain_text("in-progress")
    assert "Hung up" not in (page.locator("#conversation").text_content() or "")


def test_wrong_target_is_told_at_its_field_and_the_modal_keeps_what_was_typed(page: Page) -> None:
    open_details_of_maria(page).get_by_role("button", name="Redirect…").click()
    modal = page.locator("#modal")
    modal.get_by_label("Where to").select_option(label="A URL")
    modal.get_by_label("URL").fill("http://127.0.0.1/hold")
    modal.get_by_label("Reason").fill("still here")

    modal.get_by_role("button", name="Redirect").click()

    expect(modal.locator("[aria-invalid]")).to_have_value("http://127.0.0.1/hold")
    expect(modal.locator("[aria-invalid]")).to_be_focused()
    expect(modal.get_by_label("Reason")).to_have_value("still here")
    page.keyboard.press("Escape")
    expect(modal).to_be_hidden()


def test_guest_is_refused_and_the_viewer_gets_no_button_that_changes_a_call(page: Page) -> None:
    become(page, "Gus Meyer")
    type_command(page, "/calls")
    expect(newest_message(page)).to_contain_text("guest")

    become(page, "Vera Lind")
    type_command(page, "/calls")
    expect(newest_message(page).get_by_role("button", name="Details").first).to_be_visible()
    expect(newest_message(page).get_by_role("button", name="Hang up")).to_have_count(0)


def test_command_sent_before_the_script_of_the_page_runs_is_taken(
    browser: Browser, running_sandbox: SandboxProcess
) -> None:
    """A browser that is slow to load the script sends the form by itself."""
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(running_sandbox.url)

        with page.expect_response("**/slack/say") as sent:
            type_command(page, "/calls help")
        page.goto(running_sandbox.url)

        assert sent.value.status == 204
        expect(newest_message(page)).to_contain_text("Live calls")


def test_killed_bot_fails_as_it_would_in_slack_and_works_again_when_started(page: Page) -> None:
    bot = page.get_by_role("region", name="The bot")
    bot.get_by_role("button", name="kill -9").click()
    expect(bot).to_contain_text("is dead: killed")

    type_command(page, "/calls")
    expect(newest_message(page)).to_contain_text("dispatch_failed")

    bot.get_by_role("button", name="Start").click()
    expect(bot).to_contain_text("runs")
    type_command(page, "/calls help")
    expect(newest_message(page)).to_contain_text("Live calls")


def test_what_is_being_typed_and_read_stays_while_the_page_changes(page: Page) -> None:
    """Calls come and go under a person who types; neither text, focus nor open details are lost."""
    box = page.get_by_label("Message, or a command")
    card = page.get_by_role("article", name=MARIA)
    card.locator("summary").first.click()
    box.fill("/calls show ")

    page.get_by_role("button", name="Place a call").dispatch_event("click")
    card.get_by_role("button", name="Hang up as Support desk 1").dispatch_event("click")

    expect(card).not_to_contain_text("in-progress")
    expect(card.locator("details").first).to_have_attribute("open", "")
    expect(box).to_have_value("/calls show ")
    expect(box).to_be_focused()


def test_earlier_commands_come_back_with_the_arrow_key(page: Page) -> None:
    type_command(page, "/calls help")
    type_command(page, "/calls recent")

    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")

    expect(page.get_by_label("Message, or a command")).to_have_value("/calls help")


def test_hint_puts_its_command_into_the_field(page: Page) -> None:
    page.get_by_role("button", name="/calls show").click()

    expect(page.get_by_label("Message, or a command")).to_have_value("/calls show ")
    expect(page.get_by_label("Message, or a command")).to_be_focused()
