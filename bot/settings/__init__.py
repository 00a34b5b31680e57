"""Everything that comes from the environment, typed, with every fault reported at once."""

from __future__ import annotations

from bot.settings.faults import Fault, SettingsError
from bot.settings.loading import (
    load_settings,
    read_audit_settings,
    read_database_url,
    read_slack_app,
    variables,
)
from bot.settings.model import AuditSettings, Settings, SlackAppSettings

__all__ = [
    "AuditSettings",
    "Fault",
    "Settings",
    "SettingsError",
    "SlackAppSettings",
    "load_settings",
    "read_audit_settings",
    "read_database_url",
    "read_slack_app",
    "variables",
]
