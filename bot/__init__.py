"""Hookflash: control live phone calls from Slack, with a record of who did what."""

__version__ = "0.1.0"
