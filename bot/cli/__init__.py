"""The command line: one module for each group of commands, and what they share."""

from bot.cli.root import main

__all__ = ["main"]
