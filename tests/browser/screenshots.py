"""Draws the pictures of the sandbox: those that the README shows, or all of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect, sync_playwright

from tests.browser.chromium import FLAGS, MISSING, find_chromium
from tests.browser.sandbox_process import sandbox

IMAGES = Path(__file__).parents[2] / "docs" / "images"
LARGEST_BYTES = 175_000
# Narrower than the first, the page has the phones below the channel.
WIDE, TALL, NARROW = (1110, 580), (1110, 660), (390, 844)
CALLER = "+1 415-555-0123"
SETTLES_MS = 1_000
ANSWERS_WITHIN_MS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture, and how the page gets to look like it."""

    name: str
    act: Callable[[Page], None]
    is_in_readme: bool = False
    of: str = ""
    """A selector of what is in the picture; where it is empty, all that is in the window."""
    size: tuple[int, int] = WIDE
    scheme: Literal["light", "dark"] = "light"


def type_command(page: Page, text: str) -> Locator:
    """Types a command; the message that answers it."""
    messages = page.locator("#conversation > li.message")
    before = messages.count()
    page.get_by_label("Message, or a command").fill(text)
    page.keyboard.press("Enter")
    answer = messages.nth(before)
    expect(answer).to_be_visible(timeout=ANSWERS_WITHIN_MS)
    return answer


def list_calls(page: Page) -> None:
    """The live calls that have lasted, each with its buttons."""
    type_command(page, "/calls direction:inbound longer:3m")


def ask_before_hanging_up(page: Page) -> None:
    """The question that stands between a click and the end of a call."""
    answer = type_command(page, "/calls from:+14155550123")
    answer.get_by_role("button", name="Hang up").click()


def redirect_to_music(page: Page) -> None:
    """Maria's call at the hold music, and what the channel is told."""
    answer = type_command(page, "/calls from:+14155550123")
    answer.get_by_role("button", name="Redirect…").click()
    modal = page.locator("#modal")
    modal.get_by_label("Where to").select_option(label="Hold music")
    modal.get_by_label("Reason").fill("waits for an expert")
    modal.get_by_role("button", name="Redirect").click()
    expect(page.locator("#conversation")).to_contain_text("Redirected to Hold music")
    phone = page.get_by_role("article", name=re.compile("Maria Lopez"))
    expect(phone).to_contain_text("Music: hold")
    phone.scroll_into_view_if_needed()


def redirect_to_a_wrong_url(page: Page) -> None:
    """The form, with what is wrong said at its field."""
    answer = type_command(page, "/calls from:+14155550123")
    answer.get_by_role("button", name="Redirect…").click()
    modal = page.locator("#modal")
    modal.get_by_label("Where to").select_option(label="A URL")
    modal.get_by_label("URL").fill("http://127.0.0.1/hold")
    modal.get_by_role("button", name="Redirect").click()
    expect(modal.locator("[aria-invalid]")).to_be_visible()


def open_home_tab(page: Page) -> None:
    """What Ana may do, and the live calls."""
    page.get_by_role("link", name="hookflash").click()
    page.get_by_role("link", name="Home").click()
    expect(page.get_by_role("region", name="Home")).to_contain_text(CALLER)


def burst(page: Page) -> None:
    """Three hundred calls to one premium-rate prefix, on the switchboard and in Slack."""
    page.get_by_role("button", name=re.compile("^10")).click()
    page.get_by_role("button", name="Toll-fraud burst").click()
    expect(page.locator("#phones article.call")).to_have_count(306, timeout=30_000)
    type_command(page, "/calls to:+44909*")


def hang_up(page: Page) -> None:
    """Hangs Maria's call up."""
    ask_before_hanging_up(page)
    page.locator("#confirm").get_by_role("button", name="Hang up").click()
    expect(page.locator("#conversation")).to_contain_text("Hung up by")


def inspect(page: Page) -> None:
    """What went over the wire for one click, and the log with its chain checked."""
    hang_up(page)
    page.get_by_role("link", name="Inspector").click()
    expect(page.get_by_role("region", name="hookflash audit verify")).to_contain_text(
        "Exit code 0", timeout=ANSWERS_WITHIN_MS
    )


def show_details(page: Page) -> None:
    """One call with both of its legs."""
    answer = type_command(page, "/calls from:+14155550123")
    answer.get_by_role("button", name="Details").click()
    expect(page.locator("#conversation")).to_contain_text("SID")


PICTURES = (
    Picture(name="sandbox", act=redirect_to_music, is_in_readme=True),
    Picture(name="list", act=list_calls),
    Picture(name="confirm", act=ask_before_hanging_up),
    Picture(name="hung-up", act=hang_up),
    Picture(name="details", act=show_details),
    Picture(name="wrong-url", act=redirect_to_a_wrong_url, is_in_readme=True, of="#modal"),
    Picture(name="home-tab", act=open_home_tab),
    Picture(name="toll-fraud", act=burst, is_in_readme=True, of="aside", size=TALL),
    Picture(name="inspector", act=inspect, is_in_readme=True, of="main"),
    Picture(name="dark", act=redirect_to_music, scheme="dark"),
    Picture(name="dark-narrow", act=show_details, size=NARROW, scheme="dark"),
)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=None, required=False)
def main(folder: Path | None) -> None:
    """Draw the README's pictures anew, or all that there are into FOLDER."""
    path = find_chromium()
    if path is None:
        raise click.ClickException(MISSING)
    place = folder or IMAGES
    place.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        sizes = [
            draw(chromium, picture, place / f"{picture.name}.png")
            for picture in PICTURES
            if folder or picture.is_in_readme
        ]
        chromium.close()
    sys.exit(int(max(sizes) > LARGEST_BYTES))


def draw(chromium: Browser, picture: Picture, path: Path) -> int:
    """Draws it in a sandbox of its own; the size in bytes."""
    with sandbox() as running:
        width, height = picture.size
        viewport = ViewportSize(width=width, height=height)
        page = chromium.new_page(viewport=viewport, color_scheme=picture.scheme)
        page.goto(running.url)
        picture.act(page)
        page.wait_for_timeout(SETTLES_MS)
        seen = page.locator(picture.of) if picture.of else page
        seen.screenshot(path=path)
        page.close()
    size_bytes = path.stat().st_size
    click.echo(f"{path}: {size_bytes:,} bytes")
    return size_bytes


if __name__ == "__main__":
    main()
