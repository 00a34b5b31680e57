"""What axe-core, the accessibility checker, finds on a page."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from playwright.sync_api import Page

GRAVE = frozenset({"serious", "critical"})
MISSING = "no axe-core: axe-playwright-python is not installed, and HOOKFLASH_AXE names no script"


def find_axe() -> Path | None:
    """The script of axe-core; None where there is none."""
    if named := os.environ.get("HOOKFLASH_AXE"):
        return Path(named)
    package = find_spec("axe_playwright_python")
    return Path(package.origin).with_name("axe.min.js") if package and package.origin else None


def grave_faults(page: Page, script: str) -> list[str]:
    """Each serious fault with the elements that have it."""
    page.evaluate(script)
    violations = page.evaluate("axe.run().then((found) => found.violations)")
    return [
        f"{fault['id']}: {node['html'][:200]}"
        for fault in violations
        if fault["impact"] in GRAVE
        for node in fault["nodes"]
    ]
