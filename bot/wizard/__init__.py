"""Asks for what Hookflash needs, tries each answer, and writes the file that `serve` reads."""

from __future__ import annotations

from bot.wizard.steps import run_wizard

__all__ = ["run_wizard"]
