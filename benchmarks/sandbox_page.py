"""How fast the sandbox is: to its first page, from a click to what it does, with 300 live calls.

- from `hookflash sandbox` to the whole first page; the floor is a bare Bolt app that is ready
- in Chromium, from a click to its effect in the page: **Details** in Slack to the card of the call,
  a confirmed **Hang up** in Slack to the dead line on the switchboard (both through the bot and
  both stand-ins), **Place a call** to the new call (the page alone); the floor is the browser's own
  request for the smallest part of the page, put into it
- the processor time of the sandbox with its bot while 300 calls are live at ten times the clock,
  the page open; the floor is an ordinary day with its handful of calls

Bounds: 2 s, 150 ms, 30 % of one core. Times are medians. Needs Chromium, and Linux for the last.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from urllib.request import urlopen

from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.figures import Figure, arguments, at_most, context, report
from benchmarks.start_up import bolt_ready_ms
from tests.browser.chromium import FLAGS, MISSING, find_chromium
from tests.browser.sandbox_process import sandbox

FIRST_PAGE_WITHIN_MS = 2_000.0
EFFECT_WITHIN_MS = 150.0
MOST_OF_A_CORE = 30.0
BURST_CALLS = 300
PATIENCE_MS = 60_000
LOOK_IS_SHARED_MS = 6_000

# Milliseconds from the click until what is said of the page holds and is drawn.
_UNTIL = """([click, holds]) => new Promise((resolve, reject) => {
  const isDone = new Function(`return ${holds}`);
  const began = performance.now();
  const observer = new MutationObserver(() => {
    if (!isDone()) return;
    observer.disconnect();
    requestAnimationFrame(() => resolve(performance.now() - began));
  });
  observer.observe(document.body, { subtree: true, childList: true, attributes: true });
  setTimeout(() => reject(new Error(`nothing came of ${click}`)), 10_000);
  new Function(click)();
})"""
_FLOOR = """() => new Promise(async (resolve) => {
  const began = performance.now();
  const answer = await fetch(`/part/modal?as=${document.body.dataset.as}`);
  const box = document.createElement("p");
  box.textContent = `${answer.status}${await answer.text()}`;
  document.body.append(box);
  requestAnimationFrame(() => { resolve(performance.now() - began); box.remove(); });
})"""


def first_page_ms() -> float:
    """From the command to the last byte of the page."""
    began = perf_counter()
    with sandbox() as running:
        urlopen(running.url).read()  # noqa: S310 - our own page on loopback
        return (perf_counter() - began) * 1000


@contextmanager
def page_of(url: str) -> Iterator[Page]:
    """The page in Chromium, its clock standing still."""
    path = find_chromium()
    if path is None:
        sys.exit(MISSING)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = chromium.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url)
        yield page
        chromium.close()


def press(page: Page, name: str) -> None:
    """Presses the button of the switchboard whose name begins so."""
    page.get_by_role("button", name=re.compile(f"^{re.escape(name)}")).first.click()


def list_calls(page: Page) -> None:
    """The newest message is a list of live calls that has buttons."""
    newest = page.locator("#conversation > li").last
    before = newest.get_attribute("data-key") or ""
    page.get_by_label("Message, or a command").fill("/calls")
    page.keyboard.press("Enter")
    expect(newest).not_to_have_attribute("data-key", before)
    expect(newest.get_by_role("button", name="Details").first).to_be_visible()


def details_ms(page: Page) -> float:
    """From Details to the card."""
    list_calls(page)
    newest = "#conversation > li:last-child"
    key = page.locator(newest).get_attribute("data-key")
    return timed(
        page,
        f'document.querySelector("{newest} .actions button").click()',
        f'document.querySelector("{newest}").dataset.key !== "{key}"',
    )


def hang_up_ms(page: Page) -> float:
    """From the confirmation to the line that is dead."""
    list_calls(page)
    page.locator("#conversation > li").last.get_by_role("button", name="Hang up").first.click()
    ended = page.locator("#phones [data-ended]")
    last = ended.first.get_attribute("data-ended") if ended.count() else ""
    return timed(
        page,
        'document.querySelector("#confirm button[value=yes]").click()',
        f'(document.querySelector("#phones [data-ended]")?.dataset.ended ?? "") !== "{last}"',
    )


def place_ms(page: Page) -> float:
    """From Place a call to the new call."""
    cards = page.locator("#phones article").count()
    return timed(
        page,
        "document.querySelector(\"[formaction='/phones/place']\").click()",
        f'document.querySelectorAll("#phones article").length > {cards}',
    )


def timed(page: Page, click: str, holds: str) -> float:
    """Milliseconds from the click until what is said of the page holds and is drawn.

    Raises:
        Error: it did not come to hold in time.
    """
    took_ms: float = page.evaluate(_UNTIL, [click, holds])
    return took_ms


def measure_clicks(runs: int) -> list[Figure]:
    """The median of each kind of click, and of the floor in between."""
    times: dict[str, list[float]] = {}
    floor: list[float] = []

    def measure(name: str, click: Callable[[Page], float]) -> None:
        times[name] = []
        for _ in range(runs):
            times[name].append(click(page))
            floor.append(page.evaluate(_FLOOR))

    with sandbox() as running, page_of(running.url) as page:
        press(page, "Paused")
        measure("Place a call, the page alone", place_ms)
        page.wait_for_timeout(LOOK_IS_SHARED_MS)  # from then on the lists have the new calls
        measure("Details, in Slack", details_ms)
        measure("Hang up, in Slack to the switchboard", hang_up_ms)
    return [
        at_most(EFFECT_WITHIN_MS, name, median(taken), "ms", floor=median(floor))
        for name, taken in times.items()
    ]


def measure_load(seconds: float) -> list[Figure]:
    """Of one core: the sandbox with its bot, and the browser, with few and with many calls."""
    with sandbox() as running, page_of(running.url) as page:
        sandbox_pid = running.process.pid
        press(page, "10")
        ordinary, ordinary_browser = shares_of_a_core(sandbox_pid, seconds)
        press(page, "Toll-fraud burst")
        page.locator("#phones article").nth(BURST_CALLS - 1).wait_for(
            state="attached", timeout=PATIENCE_MS
        )
        loaded, browser = shares_of_a_core(sandbox_pid, seconds)
    return [
        at_most(MOST_OF_A_CORE, "300 live calls at 10x", loaded, "%", floor=ordinary),
        context("the same, Chromium", browser, ordinary_browser, "%"),
    ]


def shares_of_a_core(sandbox_pid: int, seconds: float) -> tuple[float, float]:
    """Percent of one core that the sandbox takes with its children, and our other children."""
    of_sandbox = family(sandbox_pid)
    others = family(os.getpid()) - of_sandbox - {os.getpid()}
    before = [processor_s(pids) for pids in (of_sandbox, others)]
    sleep(seconds)
    after = [processor_s(pids) for pids in (of_sandbox, others)]
    shares = [100 * (end - begin) / seconds for begin, end in zip(before, after, strict=True)]
    return shares[0], shares[1]


def family(pid: int) -> set[int]:
    """The process with its children and theirs."""
    children: set[int] = set()
    for threads in Path(f"/proc/{pid}/task").glob("*/children"):
        children.update(map(int, threads.read_text().split()))
    return {pid}.union(*map(family, children))


def processor_s(pids: set[int]) -> float:
    """Seconds of processor time that these have taken so far."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Measure and print; 1 where a bound does not hold."""
    given = arguments(__doc__)
    runs, starts, seconds = (5, 3, 5.0) if given.quick else (21, 9, 20.0)
    first_page = at_most(
        FIRST_PAGE_WITHIN_MS,
        "hookflash sandbox to its first page",
        median(first_page_ms() for _ in range(starts)),
        "ms",
        floor=median([asyncio.run(bolt_ready_ms()) for _ in range(starts)]),
    )
    return report("The sandbox", [first_page, *measure_clicks(runs), *measure_load(seconds)])


if __name__ == "__main__":
    sys.exit(main())
