"""Looks at everything that Hookflash needs, changes nothing, and says what to mend."""

from __future__ import annotations

from bot.doctor.examination import examine
from bot.doctor.findings import Finding, Level, is_well
from bot.doctor.report import as_json, show

__all__ = ["Finding", "Level", "as_json", "examine", "is_well", "show"]
