"""Kills the bot thousands of times in the middle of its work, and counts what is left."""
