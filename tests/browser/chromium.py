"""The Chromium of this machine, and how it is started here."""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = f"no Chromium: none of {', '.join(NAMES)}, and HOOKFLASH_CHROMIUM is not set"


def find_chromium() -> str | None:
    """The path of the browser; None where there is none."""
    named = os.environ.get("HOOKFLASH_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)
